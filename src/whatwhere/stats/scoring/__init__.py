"""Scores of predictions, and what is said of one model."""
