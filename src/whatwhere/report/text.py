"""Text that somebody else wrote, made visible and harmless in each place that prints it."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

# Joiners belong to the spelling of Arabic, Indic scripts and emoji; they reorder nothing.
_JOINERS = frozenset("\u200c\u200d")
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_FORMULA_STARTS = ("=", "+", "-", "@")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": r"$-$",
    "–": "--",
}


def visible(text: str) -> str:
    """Write every character that cannot be seen, or that reorders others, as its code.

    Args:
        text: Any text, for instance the name of a class folder.

    Returns:
        The text with control, bidirectional and unassigned characters as `⟨U+202E⟩`.
    """
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in _HIDDEN_CATEGORIES
    return f"⟨U+{ord(character):04X}⟩" if hidden and character not in _JOINERS else character


def shortened(text: str, *, width: int) -> str:
    """Cut a text to a number of characters, the cut shown by an ellipsis.

    Args:
        text: Any text.
        width: Most characters to keep, at least 2.

    Returns:
        Visible text of at most `width` characters.
    """
    text = visible(text)
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def csv_cell(value: object) -> object:
    """Keep a spreadsheet from running a text as a formula; numbers stay numbers.

    Args:
        value: What belongs in the cell.

    Returns:
        Numbers unchanged, None as an empty text, and a text that begins like a formula with an
        apostrophe before it.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text.lstrip().startswith(_FORMULA_STARTS) else text


def markdown(text: str) -> str:
    """Escape a text for a cell of a Markdown table.

    Args:
        text: Any text.

    Returns:
        The text with everything that Markdown or HTML would interpret escaped.
    """
    escaped = re.sub(r"([\\`*_\[\]|~$])", r"\\\1", visible(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def latex(text: str) -> str:
    """Escape a text for LaTeX.

    Args:
        text: Any text.

    Returns:
        The text with the characters that LaTeX would interpret replaced by commands.
    """
    return "".join(_LATEX.get(character, character) for character in visible(text))


def facts(values: Mapping[str, Any], *, above: str = "") -> list[tuple[str, str]]:
    """Lay out nested values as lines of name and text, sorted by name.

    Args:
        values: For instance the environment or a recipe.
        above: Name of what holds the values.

    Returns:
        Names, joined by a point where values are nested, and texts.
    """
    lines: list[tuple[str, str]] = []
    for name, value in sorted(values.items()):
        whole = f"{above} · {name}" if above else name
        if isinstance(value, Mapping):
            lines += facts(value, above=whole)
        else:
            items = value if isinstance(value, list | tuple) else [value]
            lines.append((whole, ", ".join(map(_fact, items))))
    return lines


def _fact(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
