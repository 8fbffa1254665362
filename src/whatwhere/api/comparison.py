"""A finished comparison, for scripts and notebooks."""

import html
from collections.abc import Sequence
from typing import Any

from torch import nn

from whatwhere.errors import UsageError, unknown_name
from whatwhere.records import Run
from whatwhere.report.summary import leaderboard, read_summary
from whatwhere.study.compare import CompareResult
from whatwhere.study.preparing.chosen import choose_designs
from whatwhere.study.trained import trained_bundle


class Comparison:
    """A finished comparison.

    Args:
        result: What the study returned.
        designs: What was compared, as it was given.
    """

    def __init__(self, result: CompareResult, *, designs: Sequence[Any] = ()) -> None:
        self.folder = result.folder
        self.report = result.report
        self.failures = result.failures
        self._designs = tuple(designs)
        self._summary = read_summary(result.folder)

    @property
    def leaderboard(self) -> list[dict[str, Any]]:
        """The rows of every leaderboard, highest mean first, as plain dictionaries."""
        return leaderboard(self._summary)

    @property
    def recommendation(self) -> str:
        """The recommendation in words."""
        return str(self._summary["sentence"])

    def model(self, name: str, *, seed: int = 0, dataset: str | None = None) -> nn.Module:
        """Return a trained network of this comparison, in evaluation mode.

        Args:
            name: Name of the design.
            seed: Which run of it.
            dataset: Which data set; may be left out when there is one.

        Returns:
            The network, trained on the largest size; of a cross-validation the first fold's.

        Raises:
            UnknownNameError: If no such trial is on record.
        """
        keys = [trial.key for trial in Run.read(self.folder).trials]
        keys = [key for key in keys if key.seed == seed and key.fold in (None, 0)]
        datasets = sorted({key.dataset for key in keys})
        if dataset is None and len(datasets) > 1:
            raise UsageError(f"model('{name}'): name one data set of {', '.join(datasets)}")
        keys = [key for key in keys if dataset in (None, key.dataset)]
        known = {key.design: key for key in sorted(keys, key=lambda key: key.size)}
        if name not in known:
            raise unknown_name("design of this comparison", name, known)
        own = {design.name: design for design in choose_designs(self._designs)}
        return trained_bundle(self.folder, known[name]).model(design=own.get(name))

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(row['dataset'])}</td><td>{html.escape(row['design'])}</td>"
            f"<td>{100 * row['mean']:.1f} %</td></tr>"
            for row in self.leaderboard
            if row["mean"] is not None
        )
        return f"<p>{html.escape(self.recommendation)}</p><table>{rows}</table>"

    def __repr__(self) -> str:
        return f"Comparison({str(self.folder)!r}): {self.recommendation}"
