"""Formulas on tensors: no names, no cards, no data."""
