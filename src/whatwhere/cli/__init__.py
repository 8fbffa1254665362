"""The command line."""

from whatwhere.cli.ending import main

__all__ = ["main"]
