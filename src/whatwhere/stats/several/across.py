"""Several data sets: what may be printed of how many, and the numbers themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import starmap

import numpy as np

from whatwhere.errors import UsageError
from whatwhere.stats.comparison import EQUIVALENCE_MARGIN
from whatwhere.stats.decide import ALPHA, holm, tested
from whatwhere.stats.several.data_sets import DataSets, gather
from whatwhere.stats.several.pooled import ErrorRatio, RandomEffects, error_ratio, random_effects
from whatwhere.stats.several.profiles import MethodAcross, describe
from whatwhere.stats.several.ranks import (
    CriticalDifference,
    Friedman,
    critical_difference,
    friedman,
)
from whatwhere.stats.several.signed_rank import (
    Practical,
    SignedRankTest,
    data_sets_needed,
    practical_probabilities,
    smallest_wilcoxon_p,
    wilcoxon_p,
)
from whatwhere.stats.table import ItemTable

# The fewest data sets from which a quantity says anything.
MIN_DATA_SETS = {
    "pooled": 4,
    "error_ratio": 4,
    "wilcoxon": 6,
    "practical": 6,
    "friedman": 5,
    "critical_difference": 10,
}
MIN_METHODS_TO_RANK = 3
MAX_METHODS_IN_DIAGRAM = 10


@dataclass(frozen=True)
class PairAcross:
    """Two methods over all data sets.

    A quantity that is None must not be printed; `withheld` says why, by its name.

    Args:
        first: The method that is subtracted from.
        second: The method that is subtracted; the control where there is one.
        wins: Data sets on which the first is shown to be better, by its own comparison there.
        ties: Data sets on which neither is.
        losses: Data sets on which the second is.
        differences: Mean of the first minus mean of the second, per data set.
        mean_difference: Their plain mean.
        pooled: Random-effects mean for data sets like these, not corrected for other pairs.
        error_ratio: Geometric mean of errors of the first divided by errors of the second.
        wilcoxon: Signed-rank test on the differences.
        practical: Probabilities of being worse, equal in practice and better.
        withheld: Reasons, by name of the quantity.
    """

    first: str
    second: str
    wins: int
    ties: int
    losses: int
    differences: tuple[float, ...]
    mean_difference: float
    pooled: RandomEffects | None
    error_ratio: ErrorRatio | None
    wilcoxon: SignedRankTest | None
    practical: Practical | None
    withheld: Mapping[str, str]


@dataclass(frozen=True)
class AcrossDataSets:
    """What several data sets show together.

    A quantity that is None must not be printed; `withheld` says why, by its name.

    Args:
        data_sets: Their names.
        control: The method that the others were to be compared with, or None for all pairs.
        margin: Differences up to this share of one count as none.
        summaries: One per method that every data set has, highest mean first.
        left_out: Methods that some data set lacks.
        pairs: Those that are tested, each once.
        friedman: Whether mean ranks differ at all.
        critical_difference: For a diagram of mean ranks; groups count places in `summaries`.
        notes: Sentences that belong beside the tables.
        withheld: Reasons, by name of the quantity.
    """

    data_sets: tuple[str, ...]
    control: str | None
    margin: float
    summaries: tuple[MethodAcross, ...]
    left_out: tuple[str, ...]
    pairs: tuple[PairAcross, ...]
    friedman: Friedman | None
    critical_difference: CriticalDifference | None
    notes: tuple[str, ...]
    withheld: Mapping[str, str]

    def record(self, first: str, second: str) -> tuple[int, int, int] | None:
        """Return wins, ties and losses of one method against another, a cell of the matrix.

        Args:
            first: Name of a method.
            second: Name of another.

        Returns:
            Counts of data sets; None for a pair that was not tested.
        """
        for pair in self.pairs:
            if (pair.first, pair.second) == (first, second):
                return pair.wins, pair.ties, pair.losses
            if (pair.second, pair.first) == (first, second):
                return pair.losses, pair.ties, pair.wins
        return None


def across_data_sets(
    tables: Mapping[str, ItemTable],
    *,
    control: str | None = None,
    margin: float = EQUIVALENCE_MARGIN,
) -> AcrossDataSets:
    """Compare methods over several data sets.

    What is computed depends on how many data sets there are (MIN_DATA_SETS): a test that cannot
    find anything, or a diagram that cannot be read, is left out with its reason.

    Args:
        tables: By name of the data set; higher values are better.
        control: A method that was chosen before any run, or None for all pairs.
        margin: Differences up to this share of one count as none, above 0.

    Returns:
        Counts, means, tests and reasons. Intervals and p values of several data sets take each
        data set's mean as it is; only the pooled mean weighs how well each is known.

    Raises:
        UsageError: If the margin is not positive, or fewer than two data sets or common methods.
        UnknownNameError: If a data set lacks the control.

    Source:
        Demsar (2006), Statistical comparisons of classifiers over multiple data sets.
    """
    if not margin > 0:
        raise UsageError(f"the margin of equivalence must be above 0, not {margin}")
    sets = gather(tables, control=control)
    pairs = _pairs(sets, margin=margin)
    withheld = _forbidden(len(sets.names), len(sets.methods))
    ranks = None if "friedman" in withheld else friedman(sets.mean)
    diagram = None
    if ranks is not None and "critical_difference" not in withheld:
        diagram = critical_difference(
            ranks.mean_ranks, num_sets=len(sets.names), rejected=ranks.p_value < ALPHA
        )
    return AcrossDataSets(
        data_sets=sets.names,
        control=control,
        margin=margin,
        summaries=describe(sets),
        left_out=sets.left_out,
        pairs=pairs,
        friedman=ranks,
        critical_difference=diagram,
        notes=_notes(sets, num_comparisons=len(pairs)),
        withheld=withheld,
    )


def _forbidden(num_sets: int, num_methods: int) -> dict[str, str]:
    """Return what must not be printed of all methods together, with reasons."""
    reasons = _too_few(num_sets, ("friedman", "critical_difference"))
    if num_methods < MIN_METHODS_TO_RANK:
        for name in ("friedman", "critical_difference"):
            reasons[name] = f"needs {MIN_METHODS_TO_RANK} methods, there are {num_methods}"
    elif num_methods > MAX_METHODS_IN_DIAGRAM:
        reasons["critical_difference"] = (
            f"can be read with at most {MAX_METHODS_IN_DIAGRAM} methods, there are {num_methods}"
        )
    return reasons


def _too_few(num_sets: int, names: tuple[str, ...]) -> dict[str, str]:
    return {
        name: f"needs {MIN_DATA_SETS[name]} data sets, there are {num_sets}"
        for name in names
        if num_sets < MIN_DATA_SETS[name]
    }


def _pairs(sets: DataSets, *, margin: float) -> tuple[PairAcross, ...]:
    num_methods = len(sets.methods)
    places = list(zip(*tested(num_methods, control=sets.control), strict=True))
    if sets.control is not None:
        places = [(k, sets.control) for k in range(num_methods) if k != sets.control]
    p_values = np.array([wilcoxon_p(sets.gaps(i, j)) for i, j in places])
    adjusted = holm(p_values)

    def pair(place: tuple[int, int], p_value: float, p_adjusted: float) -> PairAcross:
        return _pair(sets, *place, p_value=p_value, p_adjusted=p_adjusted, margin=margin)

    return tuple(starmap(pair, zip(places, p_values, adjusted, strict=True)))


def _pair(
    sets: DataSets, i: int, j: int, *, p_value: float, p_adjusted: float, margin: float
) -> PairAcross:
    gaps = sets.gaps(i, j)
    wins, losses = int(sets.better[:, i, j].sum()), int(sets.better[:, j, i].sum())
    withheld = _withheld(sets, i, j)
    allowed = {name: name not in withheld for name in MIN_DATA_SETS}
    return PairAcross(
        first=sets.methods[i],
        second=sets.methods[j],
        wins=wins,
        ties=len(gaps) - wins - losses,
        losses=losses,
        differences=tuple(gaps.tolist()),
        mean_difference=float(gaps.mean()),
        pooled=random_effects(gaps, sets.variance[:, i, j]) if allowed["pooled"] else None,
        error_ratio=(
            error_ratio(1 - sets.mean[:, i], 1 - sets.mean[:, j])
            if allowed["error_ratio"]
            else None
        ),
        wilcoxon=(
            SignedRankTest(float(p_value), float(p_adjusted), int((gaps != 0).sum()))
            if allowed["wilcoxon"]
            else None
        ),
        practical=practical_probabilities(gaps, margin=margin) if allowed["practical"] else None,
        withheld=withheld,
    )


def _withheld(sets: DataSets, i: int, j: int) -> dict[str, str]:
    """Return what must not be printed of a pair, with reasons."""
    names = ("pooled", "error_ratio", "wilcoxon", "practical")
    reasons = _too_few(len(sets.names), names)
    single = [name for name, known in zip(sets.names, sets.seeds_known, strict=True) if not known]
    if single:
        reasons.setdefault("pooled", f"one run of each method on {', '.join(single)}")
    scores = sets.mean[:, [i, j]]
    if scores.min() < 0 or scores.max() > 1:
        reasons["error_ratio"] = "needs scores between 0 and 1"
    elif scores.max() == 1:
        perfect = [sets.names[d] for d in np.flatnonzero(scores.max(axis=1) == 1)]
        reasons.setdefault("error_ratio", f"no errors on {', '.join(perfect)}")
    return reasons


def _notes(sets: DataSets, *, num_comparisons: int) -> tuple[str, ...]:
    num_sets, needed = len(sets.names), data_sets_needed(num_comparisons)
    notes = [f"All of this is about these {num_sets} data sets: {', '.join(sets.names)}."]
    smallest = smallest_wilcoxon_p(num_sets)
    if num_sets >= MIN_DATA_SETS["wilcoxon"] and num_comparisons * smallest >= ALPHA:
        notes.append(
            f"With {num_sets} data sets the smallest possible p of a signed-rank test is"
            f" {smallest:.2g}; {num_comparisons} comparisons need {needed} data sets before any"
            " can be below .05 after Holm's correction."
        )
    if sets.left_out:
        notes.append(f"Not run on every data set and left out: {', '.join(sets.left_out)}.")
    return tuple(notes)
