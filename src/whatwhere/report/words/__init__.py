"""The sentences of a report: what may be said of a table, and never more."""
