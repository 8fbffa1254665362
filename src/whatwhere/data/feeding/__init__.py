"""Batches of one split, changed and normalised, where they are used."""
