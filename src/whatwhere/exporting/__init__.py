"""Trained models on disk."""

from whatwhere.exporting.bundle import Bundle, read_bundle, write_bundle

__all__ = ["Bundle", "read_bundle", "write_bundle"]
