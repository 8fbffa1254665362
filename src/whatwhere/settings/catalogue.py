"""The settings that come with the package, read strictly: what is not known is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from whatwhere.config import build, read_toml
from whatwhere.errors import UsageError, unknown_name
from whatwhere.settings.setting import Figure, Measured, Row, Setting
from whatwhere.settings.sweep import Sweep

FOLDER = Path(__file__).parent / "published"
_TABLES: dict[str, type] = {"rows": Row, "figures": Figure, "measured": Measured}


def setting_names() -> list[str]:
    """Return the names of all settings, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_setting(name: str) -> Setting:
    """Return a setting that comes with the package.

    Args:
        name: For instance "samc2024_cifar10".

    Returns:
        The setting.

    Raises:
        UnknownNameError: If there is no such setting.
    """
    names = setting_names()
    if name not in names:
        raise unknown_name("setting", name, names)
    return read_setting(FOLDER / f"{name}.toml")


def read_setting(path: Path) -> Setting:
    """Read a setting from its file.

    Args:
        path: A TOML file whose name is the setting's.

    Returns:
        The setting.

    Raises:
        UsageError: If a key is unknown, missing or of the wrong kind; the file is named.
    """
    values = read_toml(path)
    try:
        setting = build(Setting, {**values, **_nested(values), "id": path.stem})
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}") from None
    return setting


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {
        name: tuple(build(kind, item) for item in _tables(name, values[name]))
        for name, kind in _TABLES.items()
        if name in values
    }
    if "sweep" in values:
        nested["sweep"] = build(Sweep, *_tables("sweep", [values["sweep"]]))
    return nested


def _tables(name: str, value: Any) -> list[dict[str, Any]]:
    if not (isinstance(value, list) and all(isinstance(item, dict) for item in value)):
        raise UsageError(f"{name} must be tables, not {value!r}")
    return value
