"""From a setting to what is trained: every point of its table or sweep, and the runs they need."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from whatwhere.errors import unknown_name
from whatwhere.settings import Row, Setting, Sweep
from whatwhere.study.preparing.chosen import choose_designs

# Settings of the protocol that sweeps of noise change.
NOISE_FIELDS = {"training-noise": "noise_sigma", "label-noise": "label_noise"}


@dataclass(frozen=True)
class Arm:
    """One run of `compare`: all rows that share a recipe.

    Args:
        name: Of its folder.
        protocol: The recipe, perhaps with settings that differ, such as "r1(label_noise=0.2)".
        designs: What is trained, as texts.
        batch_size: Images per step; 0 for the recipe's.
        rate_factor: What the recipe's learning rate is multiplied by.
    """

    name: str
    protocol: str
    designs: tuple[str, ...] = ()
    batch_size: int = 0
    rate_factor: float = 1.0


@dataclass(frozen=True)
class Point:
    """One thing that is measured.

    Args:
        label: Unique within the setting.
        row: The row it belongs to.
        arm: Name of the run that trains it.
        design: Its text.
        series: Of a sweep's figure; "" where nothing is swept.
        value: Of a sweep, or None.
        test_noise: Standard deviation of noise on the test images, in units of the pixel range.
    """

    label: str
    row: Row
    arm: str
    design: str
    series: str = ""
    value: float | None = None
    test_noise: float = 0.0

    @property
    def design_name(self) -> str:
        """The name under which records know the design."""
        return choose_designs((self.design,), alone=True)[0].name


def layout(setting: Setting, *, rows: Sequence[str] = ()) -> tuple[list[Arm], list[Point]]:
    """Lay out a setting.

    Args:
        setting: The setting.
        rows: Labels of the rows to run; empty for all.

    Returns:
        The runs, the one with the recipe's own learning rate first, and the points.

    Raises:
        UnknownNameError: If there is no such row.
    """
    labels = list(dict.fromkeys(row.label for row in setting.rows))
    for name in rows:
        if name not in labels:
            raise unknown_name(f"row of {setting.id}", name, labels)
    pairs = [
        pair
        for row in setting.rows
        if not rows or row.label in rows
        for pair in (_swept(setting, row) if setting.sweep else _plain(setting, row))
    ]
    arms: dict[str, Arm] = {}
    for arm, point in pairs:
        known = arms.setdefault(arm.name, arm)
        designs = tuple(dict.fromkeys((*known.designs, point.design)))
        arms[arm.name] = replace(known, designs=designs)
    ordered = sorted(arms.values(), key=lambda arm: arm.rate_factor != 1.0)
    return ordered, [point for _, point in pairs]


def _plain(setting: Setting, row: Row) -> Iterator[tuple[Arm, Point]]:
    arm = _arm(setting, row)
    yield arm, Point(_label(setting, row), row, arm.name, row.design)


def _label(setting: Setting, row: Row) -> str:
    """Return the row's label, told apart from its alternatives by what differs."""
    twins = [other for other in setting.rows if other.label == row.label]
    parts = [row.label]
    if len({other.design for other in twins}) > 1:
        parts.append(row.design)
    if len({other.protocol or setting.protocol for other in twins}) > 1:
        parts.append(row.protocol or setting.protocol)
    return ", ".join(parts)


def _arm(setting: Setting, row: Row) -> Arm:
    protocol = row.protocol or setting.protocol
    return Arm(_legal(protocol), protocol, batch_size=setting.batch_size)


def batch_name(protocol: str, batch_size: float) -> str:
    """Return the name of the run at a batch size with the recipe's own learning rate."""
    return f"{_legal(protocol)}-batch-{batch_size:g}"


def _legal(text: str) -> str:
    """Return a text as part of a folder's name."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-")


def _swept(setting: Setting, row: Row) -> Iterator[tuple[Arm, Point]]:
    sweep = setting.sweep
    assert sweep is not None
    for series, value, arm in _arms(setting, sweep, row):
        text = f"{value:g}"
        name = f"{series} {text}" if _is_many(setting) else text
        yield (
            arm,
            Point(
                label=name,
                row=row,
                arm=arm.name,
                design=row.design.replace("{value}", text),
                series=series,
                value=value,
                test_noise=value if sweep.varies == "test-noise" else 0.0,
            ),
        )


def _is_many(setting: Setting) -> bool:
    """Whether a sweep has several series."""
    assert setting.sweep is not None
    return len(setting.rows) > 1 or len(setting.sweep.scalings) > 1


def _arms(setting: Setting, sweep: Sweep, row: Row) -> Iterator[tuple[str, float, Arm]]:
    base = _arm(setting, row)
    if sweep.varies == "batch-size":
        for scaling in sweep.scalings:
            series = f"{scaling} rate" if len(setting.rows) == 1 else f"{row.label}, {scaling}"
            for value in sweep.values:
                yield series, value, _batch_arm(base, sweep, scaling, value)
    elif sweep.varies in NOISE_FIELDS:
        for value in sweep.values:
            name = f"{base.name}-{sweep.varies}-{value:g}"
            change = f"({NOISE_FIELDS[sweep.varies]}={value:g})" if value else ""
            yield row.label, value, replace(base, name=name, protocol=base.protocol + change)
    else:
        for value in sweep.values:
            yield row.label, value, base


def _batch_arm(base: Arm, sweep: Sweep, scaling: str, value: float) -> Arm:
    factor = sweep.rate_factor(scaling, value)
    name = batch_name(base.protocol, value) + ("" if factor == 1.0 else f"-{scaling}")
    return Arm(name, base.protocol, batch_size=int(value), rate_factor=factor)
