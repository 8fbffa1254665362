"""The trials of a search as Optuna keeps them, in one SQLite file."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from whatwhere.errors import MismatchError, StorageError, UsageError
from whatwhere.study.searching.space import Candidate, Parameter, Value

FILE = "optuna.sqlite"
STUDY = "search"
COUNTED = ("finished", "pruned", "diverged", "failed", "running")
# Pruning by the median begins after this many whole trials, and after this many tenths of a trial.
WHOLE_TRIALS_FIRST = 5
TENTHS_FIRST = 4


@dataclass(frozen=True)
class Tried:
    """One proposal of a search and what became of it.

    Args:
        number: Optuna's.
        first: Number of the proposal that this one repeats, where a process was killed; its own
            otherwise.
        outcome: "finished", "pruned" (stopped early), "diverged", "failed", "running", "rejected"
            (never trained) or "lost" (its process is gone; tried again under another number).
        reason: Why, where it did not finish.
        values: By parameter.
        candidate: The texts; None where it was never trained.
        parameters: Learned values of the network; None where it was never counted.
        accuracy: On validation at the end; None where it did not finish.
        seen: Validation accuracy by tenth of the steps.
        seconds: Of training and validation.
        owner: Who runs or ran it.
        attempt: How often it began, from 1.
    """

    number: int
    first: int
    outcome: str
    reason: str
    values: dict[str, Value]
    candidate: Candidate | None
    parameters: int | None
    accuracy: float | None
    seen: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    owner: str = ""
    attempt: int = 1

    @property
    def name(self) -> str:
        """For instance "trial 12"."""
        return f"trial {self.number}"


def optuna_module() -> Any:
    """Return Optuna, which is imported when a search begins.

    Returns:
        The module, its chatter off.

    Raises:
        UsageError: If it is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise UsageError(
            "a search needs Optuna: pip install 'whatwhere[search]' (or pip install optuna)"
        ) from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def storage_address(folder: Path) -> str:
    """Return the address of a search's trials, as Optuna and its dashboard take it."""
    return f"sqlite:///{(folder / FILE).resolve()}"


def dashboard(folder: Path) -> str:
    """Return the command that shows a search's trials live, with a package of its own."""
    return f"optuna-dashboard {storage_address(folder)}"


@dataclass(frozen=True, eq=False)
class Opened:
    """The Optuna study of a search.

    Args:
        study: Optuna's study.
        storage: Where it is kept.
    """

    study: Any
    storage: Any

    def mark(self, number: int, marks: Mapping[str, Any]) -> None:
        """Write something beside a trial that perhaps another process began.

        Args:
            number: Of the trial.
            marks: What to write, by name.
        """
        study_id = self.storage.get_study_id_from_name(STUDY)
        trial_id = self.storage.get_trial_id_from_study_id_trial_number(study_id, number)
        for name, value in marks.items():
            self.storage.set_trial_user_attr(trial_id, name, value)


@contextmanager
def open_study(folder: Path, *, two: bool) -> Iterator[Opened]:
    """Open the Optuna study of a search, or begin it; the folder's lock must be held meanwhile.

    Trials are stopped early by the median of those before at the same tenth; with two objectives
    none is, since a small network may be on the front however low it starts.

    Args:
        folder: Of the search.
        two: Whether parameters are an objective too.

    Yields:
        The study.

    Raises:
        MismatchError: If the file is no such study.
        StorageError: If it cannot be written.
    """
    with _named_errors(folder):
        opened = _open(folder, two=two)
    try:
        yield opened
    finally:
        opened.storage.remove_session()
        opened.storage.engine.dispose()


def _open(folder: Path, *, two: bool) -> Opened:
    optuna = optuna_module()
    address, waiting = storage_address(folder), {"connect_args": {"timeout": 60}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        storage = optuna.storages.RDBStorage(address, engine_kwargs=waiting)
    pruner = optuna.pruners.MedianPruner(
        n_startup_trials=WHOLE_TRIALS_FIRST, n_warmup_steps=TENTHS_FIRST
    )
    study = optuna.create_study(
        storage=storage,
        study_name=STUDY,
        load_if_exists=True,
        pruner=optuna.pruners.NopPruner() if two else pruner,
        directions=["maximize", "minimize"] if two else ["maximize"],
    )
    return Opened(study, storage)


@contextmanager
def _named_errors(folder: Path) -> Iterator[None]:
    from sqlalchemy.exc import DatabaseError, OperationalError

    path = folder / FILE
    try:
        yield
    except OperationalError as error:
        raise StorageError(f"cannot use {path} ({error.orig}); choose another -o") from error
    except (DatabaseError, RuntimeError) as error:
        reason = str(getattr(error, "orig", error)).splitlines()[0]
        raise MismatchError(
            f"{path} is damaged or no search of this form ({reason}); restore it, or start a new"
            " search with another -o"
        ) from error


def distributions(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return parameters as Optuna's distributions."""
    known = optuna_module().distributions
    made: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if parameter.choices:
            made[name] = known.CategoricalDistribution(parameter.choices)
        else:
            made[name] = known.FloatDistribution(parameter.low, parameter.high, log=parameter.log)
    return made


def sampler(*, seed: int, num_random: int) -> Any:
    """Return what proposes values: a tree-structured Parzen estimator.

    Trials that still run count as bad ones, so that several processes do not try the same.

    Args:
        seed: Of its draws.
        num_random: Trials before it begins.

    Returns:
        Optuna's sampler.
    """
    optuna = optuna_module()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.samplers.TPESampler(
            seed=seed % 2**32, n_startup_trials=num_random, constant_liar=True
        )


def read_trials(study: Any) -> tuple[Tried, ...]:
    """Return every proposal of a study that was begun, in its order."""
    states = optuna_module().trial.TrialState
    return tuple(
        _tried(trial, running=trial.state == states.RUNNING)
        for trial in study.get_trials(deepcopy=False)
        if trial.state != states.WAITING
    )


def _tried(trial: Any, *, running: bool) -> Tried:
    known = trial.user_attrs
    outcome = "running" if running else known.get("outcome", "lost")
    texts = known.get("texts")
    # What somebody added to the study by hand has no texts, and is none of ours.
    finished = outcome == "finished" and trial.values is not None and texts is not None
    return Tried(
        number=trial.number,
        first=known.get("first", trial.number),
        outcome=outcome,
        reason=known.get("reason", ""),
        values={**trial.system_attrs.get("fixed_params", {}), **trial.params},
        candidate=_candidate(texts) if texts else None,
        parameters=known.get("parameters"),
        accuracy=trial.values[0] if finished else None,
        seen=dict(trial.intermediate_values) or _seen(known),
        seconds=known.get("seconds", 0.0),
        owner=known.get("owner", ""),
        attempt=known.get("attempt", 1),
    )


def _candidate(texts: Mapping[str, Any]) -> Candidate:
    changes = tuple((key, value) for key, value in texts["changes"])
    return Candidate(texts["design"], texts["backbone"], texts["learning_rate"], changes)


def _seen(known: Mapping[str, Any]) -> dict[int, float]:
    return {int(tenth): value for tenth, value in known.get("seen", {}).items()}
