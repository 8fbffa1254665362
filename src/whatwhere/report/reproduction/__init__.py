"""Reported against measured: verdicts, sweeps, result files and the page of a reproduction."""
