"""A table of published results: its arithmetic checked, and our own figures beside it."""
