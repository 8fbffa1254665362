"""Whole networks by name: ours, and those that they are compared with."""
