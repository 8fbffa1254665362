"""What several cells say together: training sizes, labels, gradients, several data sets."""
