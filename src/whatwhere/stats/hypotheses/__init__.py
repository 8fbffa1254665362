"""Published rules as hypotheses: about sizes, labels and gradients."""
