"""The version, in the one place that building and running read."""

__version__ = "0.1.0"
