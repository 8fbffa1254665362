"""Every error a user may meet, each with the exit code that the command line ends with."""

import difflib
from collections.abc import Iterable


class WhatWhereError(Exception):
    """Base of all errors that whatwhere raises for its users."""

    exit_code = 1
    code_name = "INTERNAL"


class UsageError(WhatWhereError, ValueError):
    """Wrong arguments or configuration."""

    exit_code = 2
    code_name = "USAGE"


class UnknownNameError(UsageError, LookupError):
    """A name that is not among those known."""


class WiringError(UsageError):
    """A wiring text that does not parse; the message points at the place."""


class DataError(WhatWhereError, ValueError):
    """Images or labels that cannot be trusted as they are."""

    exit_code = 3
    code_name = "DATA"


class UnsafeError(WhatWhereError, ValueError):
    """A file or path that is refused because using it could do harm."""

    exit_code = 5
    code_name = "UNSAFE"


class StorageError(WhatWhereError, OSError):
    """The disk is full, read-only or gone."""

    exit_code = 6
    code_name = "STORAGE"


class BusyError(WhatWhereError):
    """Another process owns what this one wants to write."""

    exit_code = 7
    code_name = "BUSY"


class MismatchError(WhatWhereError, ValueError):
    """Data, recipe or bytes differ from what was recorded."""

    exit_code = 8
    code_name = "MISMATCH"


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return a hint such as `did you mean 'csa'?`, or an empty text.

    Args:
        name: What the user wrote.
        allowed: The names that would have been right.

    Returns:
        The hint with a leading semicolon and space, or "" when nothing is near.
    """
    by_lower = {item.lower(): item for item in allowed}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return f"; did you mean '{by_lower[close[0]]}'?" if close else ""


def unknown_name(kind: str, name: str, allowed: Iterable[str]) -> UnknownNameError:
    """Build the error for an unknown name: the name, the allowed set, the nearest one.

    Args:
        kind: What was being named, for instance "design".
        name: What the user wrote.
        allowed: All known names, in the order in which to show them.

    Returns:
        The error, to be raised by the caller.
    """
    names = list(allowed)
    shown = ", ".join(names[:40]) + (", ..." if len(names) > 40 else "")
    return UnknownNameError(f"unknown {kind} '{name}'{nearest(name, names)} (known: {shown})")
