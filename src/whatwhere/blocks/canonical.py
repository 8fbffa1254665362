"""One canonical order and one canonical text for the steps of a wiring."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

GATED = ("gate", "channelgate", "choose")


@dataclass(frozen=True)
class Step:
    """One operation of a wiring.

    Args:
        operation: "x", "C", "S", "G", "+", "-", "scale" or a fusion.
        inputs: Positions of the values read; for gated fusions the last one feeds the gate.
        part: Name of the module that holds the weights, None where there are none.
        number: Reduction, kernel size, factor or starting logit; 0 where there is none.
    """

    operation: str
    inputs: tuple[int, ...] = ()
    part: str | None = None
    number: float = 0.0


def canonical(raw: tuple[Step, ...]) -> tuple[Step, ...]:
    """Order steps as the output needs them, and number the unnamed fusions in that order.

    Args:
        raw: Steps in the order of reading; the last one names the output.

    Returns:
        Equal steps for texts that mean the same.
    """
    order: list[int] = [0]
    _visit(raw, raw[-1].inputs[0], order)
    position = {old: new for new, old in enumerate(order)}
    counts: dict[str, int] = {}
    renamed: dict[str, str] = {}
    steps = []
    for old in order:
        step = raw[old]
        if step.part is not None and "@" in step.part and step.part not in renamed:
            counts[step.operation] = counts.get(step.operation, 0) + 1
            count = counts[step.operation]
            renamed[step.part] = step.operation + (str(count) if count > 1 else "")
        part = renamed.get(step.part, step.part) if step.part else None
        steps.append(replace(step, inputs=tuple(position[i] for i in step.inputs), part=part))
    return tuple(steps)


def _visit(steps: tuple[Step, ...], value: int, order: list[int]) -> None:
    if value in order:
        return
    for source in steps[value].inputs:
        _visit(steps, source, order)
    order.append(value)


def to_text(steps: tuple[Step, ...]) -> str:
    """Return the canonical text of steps that `parse` returned.

    A value that is used more than once gets a name (f, g, h, ...).

    Args:
        steps: In canonical order.

    Returns:
        The canonical text of steps that `parse` returned.

    Example:
        >>> from whatwhere.blocks.notation import parse
        >>> to_text(parse("choose( S3(C16(x)), S5(C(x)), by = C(x) )"))
        'f = C(x); choose(S3(f), S5(f), by=f)'
    """
    uses = [sum(step.inputs.count(value) for step in steps) for value in range(len(steps))]
    texts: list[str] = []
    definitions: list[str] = []
    names = _result_names()
    for value, step in enumerate(steps):
        text = _step_text(step, [texts[source] for source in step.inputs], steps)
        if uses[value] > 1 and value > 0:
            name = next(names)
            definitions.append(f"{name} = {text}")
            text = name
        texts.append(text)
    return "; ".join([*definitions, texts[-1]])


def _result_names() -> Iterator[str]:
    """Yield f, g, h, u, v, w, then f2, g2, ..."""
    for round_number in itertools.count(1):
        for letter in "fghuvw":
            yield letter + (str(round_number) if round_number > 1 else "")


def _step_text(step: Step, inputs: list[str], steps: tuple[Step, ...]) -> str:
    if step.operation == "x":
        return "x"
    if step.operation in "+-":
        right = steps[step.inputs[1]].operation in "+-" and " " in inputs[1]
        return f"{inputs[0]} {step.operation} " + (f"({inputs[1]})" if right else inputs[1])
    if step.operation == "scale":
        return _scale_text(step.number, inputs[0])
    if step.operation in ("C", "S", "G"):
        return f"{step.part}({inputs[0]})"
    arguments = list(inputs)
    if step.operation == "vote":
        arguments.pop()
    if step.operation in GATED:
        by = arguments.pop()
        arguments += [f"by={by}"] if by != "x" or step.operation != "choose" else []
    if step.operation == "mix" and step.number != 0.5:
        arguments.append(f"start={step.number:g}")
    _, mark, name = (step.part or "").partition("_")
    suffix = mark + name
    return f"{step.operation}{suffix}({', '.join(arguments)})"


def _scale_text(factor: float, text: str) -> str:
    inner = f"({text})" if (" " in text and text[0] != "(") or _has_open_sum(text) else text
    divisor = 1 / factor
    if abs(factor) < 1 and divisor == round(divisor):
        return f"{inner} / {divisor:.0f}"
    return f"{factor!r} * {inner}".replace(".0 *", " *")


def _has_open_sum(text: str) -> bool:
    """Whether an operator stands outside all parentheses, so that scaling needs its own."""
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth == 0 and character in "+-*/ ":
            return True
    return False
