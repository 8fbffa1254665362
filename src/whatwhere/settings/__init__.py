"""Published settings: what a paper reported under which conditions, one TOML file each."""

from whatwhere.settings.catalogue import load_setting, read_setting, setting_names
from whatwhere.settings.setting import Figure, Measured, Row, Setting
from whatwhere.settings.sweep import Sweep

__all__ = [
    "Figure",
    "Measured",
    "Row",
    "Setting",
    "Sweep",
    "load_setting",
    "read_setting",
    "setting_names",
]
