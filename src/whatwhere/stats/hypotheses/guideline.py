"""A rule that picks designs by the size of a data set, tested on data sets it has not seen."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from whatwhere.errors import UsageError, unknown_name
from whatwhere.stats.decide import ALPHA, TAIL
from whatwhere.stats.hypotheses.claims import Verdict

NUM_SHUFFLES = 10_000
MIN_DATA_SETS = 3
# Up to so many data sets only rules that nearly always hold can be shown to.
FEW_DATA_SETS = 11


@dataclass(frozen=True)
class Regret:
    """How much one fixed design, chosen on the other data sets, exceeds the rule's choice.

    The regrets of two data sets are not independent: each helps to choose the default of the
    other. The interval allows for that as for repeated training on overlapping data,

        mean +- t_{.975, D-1} sd sqrt( 1/D + 1/(D-1) )

    and is still a little short where all designs are equally good: up to 8 % of such intervals lie
    below 0 with 40 data sets, where Student's t without the second term reaches 18 %. For this
    reason a rule is supported only if the shuffled sizes agree.

    Args:
        mean: Over data sets; negative where the rule is worth following.
        low: Lower 95 % bound.
        high: Upper bound.
        p_value: Two-sided, of 0.
        per_data_set: One per data set.
        defaults: The fixed design of each data set, chosen on all others.

    Source:
        Nadeau and Bengio (2003), Inference for the generalization error, with one test set in D - 1
        training sets; the error rates are simulated in benchmarks/statistics/guideline_test.py.
    """

    mean: float
    low: float
    high: float
    p_value: float
    per_data_set: tuple[float, ...]
    defaults: tuple[str, ...]


@dataclass(frozen=True)
class Shuffled:
    """Whether the sizes matter to the rule: its score with sizes shuffled between data sets.

    Args:
        score: Mean score of the rule's choices.
        expected: Mean of that score over shuffles.
        p_value: One-sided, of sizes that do not matter.
        smallest_p: No arrangement of these choices could have a smaller one.
    """

    score: float
    expected: float
    p_value: float
    smallest_p: float


@dataclass(frozen=True)
class GuidelineTest:
    """What several data sets say of a rule.

    Args:
        data_sets: Their names.
        choices: What the rule chooses on each.
        regret: Against the best single design; None where `withheld` says why.
        shuffled: Against shuffled sizes; None likewise.
        notes: Sentences that belong beside the numbers.
        withheld: Reasons, by name of the quantity.
    """

    data_sets: tuple[str, ...]
    choices: tuple[tuple[str, ...], ...]
    regret: Regret | None
    shuffled: Shuffled | None
    notes: tuple[str, ...]
    withheld: Mapping[str, str]

    @property
    def verdict(self) -> Verdict:
        """Whether the rule is supported, contradicted or undecided by these data sets.

        Supported: it beats a fixed default, and by its use of sizes. Contradicted: a fixed default
        beats it.
        """
        if self.regret is None:
            return "undecided"
        if self.regret.low > 0:
            return "contradicted"
        by_size = self.shuffled is not None and self.shuffled.p_value < ALPHA
        return "supported" if by_size and self.regret.high < 0 else "undecided"


def check_guideline(
    scores: Mapping[str, Mapping[str, float]],
    sizes: Mapping[str, int],
    rule: Callable[[int], Sequence[str]],
    *,
    num_shuffles: int = NUM_SHUFFLES,
    seed: int = 0,
) -> GuidelineTest:
    """Test a rule that was written down before these data sets were looked at.

        regret_d = x_d(best on the other data sets) - x_d(rule(size_d))

    and the share of shuffled sizes under which the rule's mean score is at least as high. A rule
    that was drawn from these very scores cannot be tested on them: neither number is valid then.

    Args:
        scores: Mean score by data set and design, higher is better.
        sizes: Training images by data set.
        rule: From a number of training images to the designs that it chooses; of several, the mean
            score counts, as for one of them drawn at random.
        num_shuffles: Shuffles.
        seed: Of the shuffles.

    Returns:
        Regret with its interval, the permutation test, and a verdict that needs both.

    Raises:
        UsageError: If a size is missing or there are fewer than two data sets.
        UnknownNameError: If the rule chooses a design that some data set lacks.

    Source:
        Phipson and Smyth (2010), Permutation p-values should never be zero, for (1 + b) / (1 + m).
    """
    names = tuple(scores)
    missing = [name for name in names if name not in sizes]
    if len(names) < 2 or missing:
        raise UsageError(
            "a guideline is tested on two or more data sets of known size; "
            + (f"no size is given for {', '.join(missing)}" if missing else f"there are {names}")
        )
    designs = tuple(d for d in scores[names[0]] if all(d in scores[name] for name in names))
    table = np.array([[scores[name][design] for design in designs] for name in names])
    choices = tuple(tuple(rule(sizes[name])) for name in names)
    chosen = _scores_of_choices(table, designs, choices)
    withheld = _withheld(choices)
    return GuidelineTest(
        data_sets=names,
        choices=choices,
        regret=None if "regret" in withheld else _regret(table, designs, np.diag(chosen)),
        shuffled=(
            None
            if "shuffled" in withheld
            else _shuffle(chosen, choices, num_shuffles=num_shuffles, seed=seed)
        ),
        notes=_notes(names, choices),
        withheld=withheld,
    )


def _scores_of_choices(
    table: np.ndarray, designs: tuple[str, ...], choices: tuple[tuple[str, ...], ...]
) -> np.ndarray:
    """Return the score on each data set of what the rule chooses for each size (data set, size)."""
    columns = []
    for choice in choices:
        if not choice:
            raise UsageError("the rule chooses no design for a size; expected at least one")
        for design in choice:
            if design not in designs:
                raise unknown_name("design run on every data set", design, designs)
        columns.append(table[:, [designs.index(design) for design in choice]].mean(axis=1))
    return np.stack(columns, axis=1)


def _withheld(choices: tuple[tuple[str, ...], ...]) -> dict[str, str]:
    reasons = {}
    if len(choices) < MIN_DATA_SETS:
        reasons["regret"] = f"needs {MIN_DATA_SETS} data sets, there are {len(choices)}"
    if len(set(choices)) == 1:
        reasons["shuffled"] = "the rule chooses the same for all of these sizes"
    return reasons


def _regret(table: np.ndarray, designs: tuple[str, ...], chosen: np.ndarray) -> Regret:
    num_sets = len(table)
    # The sum over the others is the sum over all without one's own.
    best = (table.sum(axis=0) - table).argmax(axis=1)
    regret = table[np.arange(num_sets), best] - chosen
    mean = float(regret.mean())
    error = float(regret.std(ddof=1)) * math.sqrt(1 / num_sets + 1 / (num_sets - 1))
    width = float(stdtrit(num_sets - 1, 1 - TAIL)) * error
    p_value = 1.0 if mean == 0 else 0.0
    if error > 0:
        p_value = float(2 * stdtr(num_sets - 1, -abs(mean) / error))
    return Regret(
        mean=mean,
        low=mean - width,
        high=mean + width,
        p_value=p_value,
        per_data_set=tuple(regret.tolist()),
        defaults=tuple(designs[place] for place in best),
    )


def _shuffle(
    chosen: np.ndarray, choices: tuple[tuple[str, ...], ...], *, num_shuffles: int, seed: int
) -> Shuffled:
    num_sets = len(chosen)
    orders = np.random.default_rng(seed).permuted(
        np.tile(np.arange(num_sets), (num_shuffles, 1)), axis=1
    )
    shuffled = chosen[np.arange(num_sets), orders].mean(axis=1)
    score = float(np.diag(chosen).mean())
    # Arrangements that are the same up to rounding count as the same.
    as_high = int((shuffled >= score - 1e-12).sum())
    return Shuffled(
        score=score,
        expected=float(chosen.mean()),
        p_value=(1 + as_high) / (1 + num_shuffles),
        smallest_p=smallest_shuffled_p(choices),
    )


def smallest_shuffled_p(choices: Sequence[tuple[str, ...]]) -> float:
    """Return the share of shuffles that leave all choices where they are.

        prod_c n_c! / D!,  where choice c is made n_c times

    Args:
        choices: Of every data set.

    Returns:
        In (0, 1].
    """
    same = math.prod(math.factorial(count) for count in Counter(choices).values())
    return same / math.factorial(len(choices))


def _notes(names: tuple[str, ...], choices: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    notes = []
    if len(names) <= FEW_DATA_SETS:
        notes.append(f"With {len(names)} data sets only a rule that nearly always holds can pass.")
    smallest = smallest_shuffled_p(choices)
    if len(set(choices)) > 1 and smallest >= ALPHA:
        notes.append(
            f"Shuffled sizes cannot give a p below {smallest:.2g} here: too few data sets lie on"
            " different sides of the rule's bounds."
        )
    return tuple(notes)
