"""Which image is in which split, and what splits share that they should not."""
