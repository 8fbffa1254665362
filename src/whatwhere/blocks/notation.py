"""The wiring notation: from text to a list of steps.

`S(C(x)) + C(S(x))` becomes steps such as "apply C to x", each naming the values it reads. Equal
expressions become one step, so a part that is written twice is computed once. The grammar is
Python's own, read through `ast` with a short list of allowed forms; nothing is ever executed.
"""

import ast
import math
import re
from collections.abc import Iterable

from whatwhere.blocks.canonical import GATED, Step, canonical
from whatwhere.errors import WiringError, nearest

MAX_TEXT_LENGTH = 500
MAX_KERNEL_SIZE = 31
DEFAULT_NUMBER = {"C": 16, "S": 7, "G": 16}
ATTENTION = tuple(DEFAULT_NUMBER)
# How many maps each fusion takes: fewest and most.
FUSIONS = {"mix": (2, 2), "gate": (2, 2), "channelgate": (2, 2), "choose": (2, 16), "vote": (2, 2)}
_CALLED = re.compile(r"([A-Za-z]+?)(\d*)(_\w+)?")


def parse(text: str) -> tuple[Step, ...]:
    """Return the steps of a wiring text, in canonical order.

    Args:
        text: For instance "S(C(x)) + C(S(x))".

    Returns:
        The steps; the first is the input x, the last is the output.

    Raises:
        WiringError: If the text is not a wiring; the message points at the place.

    Example:
        >>> [step.operation for step in parse("S(C(x))")]
        ['x', 'C', 'S']
    """
    return canonical(_Reader(text).read())


class _Reader:
    """Reads one text; keeps it at hand for errors that point into it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.steps = [Step("x")]
        self.named: dict[str, int] = {"x": 0}
        self.used: set[str] = {"x"}
        self.parts: dict[str, tuple] = {}

    def read(self) -> tuple[Step, ...]:
        *definitions, result = self._statements()
        for statement in definitions:
            self._define(statement)
        if not isinstance(result, ast.Expr):
            raise self._error(result, "the last part must be the result, without a name")
        output = self._value(result.value)
        for name in self.named:
            if name not in self.used:
                place = next(item for item in definitions if item.targets[0].id == name)
                raise self._error(place, f"'{name}' is named but never used")
        self.steps.append(Step("output", (output,)))
        return tuple(self.steps)

    def _statements(self) -> list:
        if not self.text.isascii() or not self.text.isprintable():
            raise WiringError(f"a wiring is plain text in one line, not {self.text!r}")
        if len(self.text) > MAX_TEXT_LENGTH:
            raise WiringError(
                f"a wiring has at most {MAX_TEXT_LENGTH} characters, not {len(self.text)}"
            )
        try:
            body = ast.parse(self.text.strip()).body
        except (SyntaxError, MemoryError, RecursionError) as error:
            place = getattr(error, "offset", None) or 1
            raise self._error_at(place - 1, "this does not read as an expression") from None
        if not body:
            raise WiringError("the wiring is empty; for no attention write 'x'")
        self.text = self.text.strip()
        return body

    def _define(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case _:
                raise self._error(statement, "expected NAME = EXPRESSION before the ';'")
        if name in self.named or _CALLED.fullmatch(name) is None or name in (*ATTENTION, *FUSIONS):
            raise self._error(statement, f"'{name}' has a meaning already; choose another name")
        self.named[name] = self._value(value)

    def _value(self, node: ast.expr) -> int:
        """Return the position of the value that an expression stands for."""
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.BinOp):
            return self._arithmetic(node)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.Constant):
            raise self._error(node, "a number can only multiply or divide a map")
        raise self._error(node, "this is not part of the notation")

    def _name(self, node: ast.Name) -> int:
        if node.id not in self.named:
            hint = nearest(node.id, self.named)
            raise self._error(node, f"unknown name '{node.id}'{hint}", known=self.named)
        self.used.add(node.id)
        return self.named[node.id]

    def _arithmetic(self, node: ast.BinOp) -> int:
        if isinstance(node.op, (ast.Add, ast.Sub)):
            sign = "+" if isinstance(node.op, ast.Add) else "-"
            return self._add(Step(sign, (self._value(node.left), self._value(node.right))))
        if not isinstance(node.op, (ast.Mult, ast.Div)):
            raise self._error(node, "the notation knows +, -, * and /")
        left, right = _number(node.left), _number(node.right)
        if isinstance(node.op, ast.Div):
            if right is None or right == 0:
                raise self._error(node.right, "divide by a number other than 0")
            return self._scaled(node.left, 1 / right)
        if (left is None) == (right is None):
            raise self._error(node, "'*' takes exactly one number and one map")
        if left is None:
            return self._scaled(node.left, right or 0.0)
        return self._scaled(node.right, left)

    def _scaled(self, node: ast.expr, factor: float) -> int:
        if factor == 0:
            raise self._error(node, "times 0, this branch never reaches the output")
        if not math.isfinite(factor):
            raise self._error(node, "this number is not finite")
        return self._add(Step("scale", (self._value(node),), number=factor))

    def _call(self, node: ast.Call) -> int:
        if not isinstance(node.func, ast.Name):
            raise self._error(node, "this is not part of the notation")
        match = _CALLED.fullmatch(node.func.id)
        kind, digits, suffix = match.groups("") if match else ("", "", "")
        if kind in ATTENTION:
            return self._attention(node, kind, digits, suffix)
        if kind in FUSIONS and not digits:
            return self._fusion(node, kind, suffix)
        known = [*ATTENTION, *FUSIONS]
        hint = nearest(node.func.id, known)
        raise self._error(node, f"unknown operation '{node.func.id}'{hint}", known=known)

    def _attention(self, node: ast.Call, kind: str, digits: str, suffix: str) -> int:
        if len(node.args) != 1 or node.keywords:
            raise self._error(node, f"{kind} takes one map, for instance {kind}(x)")
        number = int(digits) if digits else DEFAULT_NUMBER[kind]
        if kind == "S" and (number % 2 == 0 or number > MAX_KERNEL_SIZE):
            raise self._error(
                node, f"a kernel size is odd and at most {MAX_KERNEL_SIZE}, not {number}"
            )
        if number < 1:
            raise self._error(node, "a reduction is at least 1")
        part = kind + ("" if number == DEFAULT_NUMBER[kind] else str(number)) + suffix
        return self._add(Step(kind, (self._value(node.args[0]),), part, float(number)))

    def _fusion(self, node: ast.Call, kind: str, suffix: str) -> int:
        fewest, most = FUSIONS[kind]
        if not fewest <= len(node.args) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise self._error(node, f"{kind} takes {wanted} maps, not {len(node.args)}")
        inputs = [self._value(argument) for argument in node.args]
        options = self._options(node, kind)
        start: float | None = 0.5 if kind == "mix" else 0.0
        if "start" in options:
            start = _number(options["start"])
        if start is None:
            raise self._error(options["start"], "start is a number")
        if kind in (*GATED, "vote"):
            inputs.append(self._value(options["by"]) if "by" in options else 0)
        # An unnamed fusion owns its weights: a place in the text marks it until it is numbered.
        part = kind + suffix if suffix else f"{kind}@{node.col_offset}"
        self._check_shared(node, part, (len(inputs), start))
        return self._add(Step(kind, tuple(inputs), part, start))

    def _options(self, node: ast.Call, kind: str) -> dict[str, ast.expr]:
        allowed = ["by"] if kind in GATED else ["start"] if kind == "mix" else []
        for keyword in node.keywords:
            if keyword.arg not in allowed:
                takes = (
                    f"{kind} takes only {allowed[0]}=" if allowed else f"{kind} takes no options"
                )
                raise self._error(keyword, f"unknown option '{keyword.arg}'; {takes}")
        return {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}

    def _check_shared(self, node: ast.Call, part: str, use: tuple) -> None:
        if self.parts.setdefault(part, use) != use:
            raise self._error(
                node,
                f"'{part}' shares its weights with an earlier use that has"
                " another number of maps or another start",
            )

    def _add(self, step: Step) -> int:
        if step not in self.steps:
            self.steps.append(step)
        return self.steps.index(step)

    def _error(self, node: ast.AST, reason: str, *, known: Iterable[str] = ()) -> WiringError:
        return self._error_at(getattr(node, "col_offset", 0), reason, known=known)

    def _error_at(self, column: int, reason: str, *, known: Iterable[str] = ()) -> WiringError:
        allowed = f" (known: {', '.join(known)})" if known else ""
        pointer = " " * min(column, len(self.text)) + "^"
        return WiringError(f"wiring: {reason}{allowed}\n    {self.text}\n    {pointer}")


def _number(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _number(node.operand)
        return None if value is None else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return None if isinstance(node.value, bool) else float(node.value)
    return None
