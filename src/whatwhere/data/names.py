"""Names from a file system or a table: made safe to show, to sort and to use as file names."""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from whatwhere.errors import DataError

_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def display(name: bytes | str | Path) -> str:
    """Return a name with everything escaped that could disturb a terminal or a page.

    Control and format characters (line breaks, escape sequences, text direction), undecodable
    bytes and the backslash itself are written as escapes, so different names stay different.

    Args:
        name: As the file system gave it.

    Returns:
        Printable text on one line.

    Example:
        >>> display(b"cat\\x1b[2J.jpg")
        'cat\\\\x1b[2J.jpg'
    """
    text = name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else str(name)
    return "".join(_escape(character) for character in text)


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Return a sorting key by which "2" comes before "10", whatever the locale.

    Args:
        name: Any text; letters compare by code point after NFC.

    Returns:
        Number and text parts in turn.
    """
    parts = re.split(r"([0-9]+)", unicodedata.normalize("NFC", name))
    return tuple((int(part), part) if index % 2 else (0, part) for index, part in enumerate(parts))


def refuse_twins(names: Iterable[str], *, what: str) -> None:
    """Refuse names that differ only in case or in the way their accents are coded.

    Args:
        names: All names, each as often as one likes.
        what: What they name, in the singular, for the message.

    Raises:
        DataError: With both spellings.
    """
    seen: dict[str, str] = {}
    for name in sorted(set(names)):
        twin = seen.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if twin != name:
            raise DataError(
                f"two {what} names look the same: {_spelled(twin)} and {_spelled(name)}; "
                f"rename or merge them"
            )


def legal_name(name: str) -> str:
    """Return a lower-case file name that is legal on every system.

    Args:
        name: For instance "My Photos (2024)".

    Returns:
        For instance "my-photos-2024"; "data" when nothing is left.
    """
    ascii_text = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", ascii_text.lower()).strip("-")[:60] or "data"


def spreadsheet_safe(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _escape(character: str) -> str:
    if character == "\\":
        return "\\\\"
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if unicodedata.category(character) not in _UNSAFE_CATEGORIES:
        return character
    return (
        f"\\x{code:02x}"
        if code < 0x100
        else f"\\u{code:04x}"
        if code < 0x10000
        else f"\\U{code:08x}"
    )


def _spelled(name: str) -> str:
    """Return the name, with its code points where accents would hide the difference."""
    points = "" if name.isascii() else f" ({' '.join(f'U+{ord(letter):04X}' for letter in name)})"
    return f"'{display(name)}'{points}"
