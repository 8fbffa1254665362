"""The sentences that hold a reader back: failures, short training, unbalanced classes."""

from whatwhere.report.words.wording import begun

# A classification is called unbalanced when its largest class exceeds its smallest by this factor.
UNBALANCED_FACTOR = 1.5
UNDER_TRAINED = "under-trained: the ranking may change with a longer budget"


def impossible_lead(number: int) -> str:
    """Say that numbers of the page contradict arithmetic, and what to do.

    Args:
        number: How many do, at least 1.

    Returns:
        The sentence.
    """
    what = "1 number contradicts" if number == 1 else f"{number:,} numbers contradict"
    return (
        f"Do not use these tables: {what} arithmetic. A record was changed after its trial, or"
        " there is a bug in whatwhere; the same command run again repairs what changed."
    )


def failures(label: str, *, num_diverged: int, num_failed: int, num_runs: int) -> str:
    """Say in how many runs a design failed, and what follows.

    Args:
        label: The design.
        num_diverged: Runs whose loss was no number.
        num_failed: Runs that ended with an error.
        num_runs: All its runs.

    Returns:
        The sentence.
    """
    kinds = [
        f"{word} in {number}"
        for word, number in (("diverged", num_diverged), ("failed", num_failed))
        if number
    ]
    runs = "run" if num_runs == 1 else "runs"
    what = f"{begun(label)} {' and '.join(kinds)} of {num_runs} {runs}"
    num_finished = num_runs - num_diverged - num_failed
    if num_finished == 0:
        return f"{what}; it has no finished run and is not recommended."
    over = "the 1 finished run" if num_finished == 1 else f"the {num_finished} finished runs"
    return f"{what}; means are over {over} and {label} is not recommended."


def few_seeds(label: str, *, num_finished: int) -> str:
    """Say that a design has too few runs for a claim.

    Args:
        label: The design.
        num_finished: Its finished runs, 1 or 2.

    Returns:
        The sentence.
    """
    runs = "run" if num_finished == 1 else "runs"
    return (
        f"Screening only for {label}: it has {num_finished} finished {runs}, so nothing is claimed"
        " of it and it is not recommended."
    )


def collapsed(label: str, *, num_collapsed: int, num_runs: int) -> str:
    """Say that runs of a design predict one class for everything.

    Args:
        label: The design.
        num_collapsed: Finished runs that do.
        num_runs: All its finished runs.

    Returns:
        The sentence.
    """
    return (
        f"{begun(label)} predicts one class for every validation image in {num_collapsed} of"
        f" {num_runs} runs; they count in its mean."
    )


def missing(num_missing: int, *, num_planned: int) -> str:
    """Say that planned trials have no record.

    Args:
        num_missing: Trials without one.
        num_planned: Trials of the plan.

    Returns:
        The sentence.
    """
    return (
        f"{num_missing:,} of {num_planned:,} planned trials have not run; the same command"
        " completes them."
    )


def mixed_numerics(num_keys: int) -> str:
    """Say that trials were computed in several ways whose last bits differ.

    Args:
        num_keys: Different combinations of version, processor and threads.

    Returns:
        The sentence.
    """
    return (
        f"The trials were computed with {num_keys} different combinations of version, processor"
        " and threads: they are not bit-comparable."
    )


def under_trained(num_rising: int, *, num_trials: int) -> str:
    """Say that validation curves still rise at the end.

    Args:
        num_rising: Trials whose curve does.
        num_trials: Finished trials.

    Returns:
        The sentence.
    """
    return (
        f"{UNDER_TRAINED[0].upper()}{UNDER_TRAINED[1:]}"
        f" (still rising at the end in {num_rising:,} of {num_trials:,} trials)."
    )


def unbalanced(largest: int, smallest: int, *, metric: str) -> str:
    """Say that accuracy favours the large classes; empty where that is no concern.

    Args:
        largest: Training images of the largest class.
        smallest: Training images of the smallest.
        metric: The metric compared.

    Returns:
        The sentence, or an empty text.
    """
    if metric != "accuracy" or largest <= UNBALANCED_FACTOR * smallest:
        return ""
    return (
        f"The classes are unbalanced ({smallest:,} to {largest:,} training images), and accuracy"
        " favours the large ones: see balanced accuracy, macro F1 and AUC under all scores, or"
        " compare with --metric balanced-accuracy."
    )
