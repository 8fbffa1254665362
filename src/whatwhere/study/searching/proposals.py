"""Who tries what: proposals are taken one by one under the folder's lock, by any process."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from typing import Any

from whatwhere.errors import UsageError
from whatwhere.randomness import derive_seed, generator
from whatwhere.records import is_alive, own_identity
from whatwhere.study.searching.space import Candidate, Space, Value
from whatwhere.study.searching.store import (
    COUNTED,
    Opened,
    Tried,
    distributions,
    optuna_module,
    read_trials,
    sampler,
)
from whatwhere.study.searching.wanted import Wanted

NUM_RANDOM = 10  # trials before the sampler begins to learn from those before
MAX_ATTEMPTS = 3  # of a trial whose process dies
_MAX_REJECTED = 10  # proposals of the sampler in a row, before a random one is taken instead
_MAX_DRAWS = 2000


@dataclass(frozen=True)
class Checked:
    """What is known of a configuration before anything is built.

    Args:
        parameters: Learned values; None where it is no valid configuration.
        reason: Why it is not tried; "" where it is.
    """

    parameters: int | None
    reason: str


@dataclass(frozen=True)
class Taken:
    """A proposal that this process is to try.

    Args:
        trial: Optuna's.
        first: Number of the proposal that decides its seed and where its state is kept.
        candidate: What to train.
        parameters: Learned values.
    """

    trial: Any
    first: int
    candidate: Candidate
    parameters: int


class Proposals:
    """The proposals of one search.

    Args:
        opened: Optuna's study.
        space: What is searched.
        wanted: What was asked for.
        check: Says what a configuration would be, without building it.
        alone: Returns what holds the folder against other processes.
    """

    def __init__(
        self,
        opened: Opened,
        space: Space,
        wanted: Wanted,
        *,
        check: Callable[[Candidate], Checked],
        alone: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.opened, self.study = opened, opened.study
        self.space, self.wanted = space, wanted
        self.check, self.alone = check, alone
        self.states = optuna_module().trial.TrialState
        self.distributions = distributions(space.parameters)

    def tried(self) -> tuple[Tried, ...]:
        """Return every proposal so far."""
        return read_trials(self.study)

    def take(self) -> Taken | None:
        """Return the next thing to try, or None where as many trials as wanted have begun."""
        with self.alone():
            self._revive()
            tried = self.tried()
            num_begun = sum(item.outcome in COUNTED for item in tried)
            if num_begun >= self.wanted.trials:
                return None
            return self._propose(tried, num_begun)

    def num_running(self) -> int:
        """Return how many trials live processes have in hand; those of dead ones wait again."""
        with self.alone():
            self._revive()
            return sum(item.outcome == "running" for item in self.tried())

    def end(
        self,
        taken: Taken,
        outcome: str,
        *,
        accuracy: float | None = None,
        reason: str = "",
        seconds: float = 0.0,
    ) -> None:
        """Write down how a trial ended.

        Args:
            taken: The trial.
            outcome: "finished", "pruned", "diverged" or "failed".
            accuracy: On validation, where it finished.
            reason: Why, where it did not.
            seconds: Of training and validation.
        """
        for key, value in (("reason", reason), ("seconds", seconds), ("outcome", outcome)):
            taken.trial.set_user_attr(key, value)
        if outcome == "finished":
            two = [accuracy, taken.parameters] if self.wanted.is_two else [accuracy]
            self.study.tell(taken.trial, two)
        elif outcome == "failed" or self.wanted.is_two:
            self.study.tell(taken.trial, state=self.states.FAIL)
        else:  # the sampler learns from what diverged, too
            self.study.tell(taken.trial, state=self.states.PRUNED)

    def give_back(self, taken: Taken) -> None:
        """Let a trial that this process will not end wait for another."""
        with self.alone():
            self._lost(next(item for item in self.tried() if item.number == taken.trial.number))

    def _revive(self) -> None:
        """Let trials wait again whose processes are gone."""
        for item in self.tried():
            if item.outcome == "running" and not (item.owner and is_alive(item.owner)):
                self._lost(item)

    def _lost(self, item: Tried) -> None:
        gone = item.attempt >= MAX_ATTEMPTS
        reason = f"its process ended {item.attempt} times (out of memory?)" if gone else ""
        outcome = "failed" if gone else "lost"
        self.opened.mark(item.number, {"outcome": outcome, "reason": reason})
        self.study.tell(item.number, state=self.states.FAIL)
        if not gone and set(item.values) == set(self.space.parameters):
            again = {"first": item.first, "attempt": item.attempt + 1}
            self.study.enqueue_trial(item.values, user_attrs=again)

    def _propose(self, tried: tuple[Tried, ...], num_begun: int) -> Taken:
        waiting = self.study.get_trials(deepcopy=False, states=(self.states.WAITING,))
        for _ in range(_MAX_REJECTED):
            if not waiting:
                self._enqueue_if_early(tried, num_begun)
            taken = self._ask()
            if taken is not None:
                return taken
            tried, waiting = self.tried(), []
        self.study.enqueue_trial(self._random(len(tried)))
        taken = self._ask()
        assert taken is not None, "a random configuration is checked before it is enqueued"
        return taken

    def _enqueue_if_early(self, tried: tuple[Tried, ...], num_begun: int) -> None:
        """Begin with the default, where it is allowed, and go on at random for a while."""
        if num_begun >= NUM_RANDOM:
            return
        default = self.space.fill(self.space.defaults)
        untried = not any(item.candidate == default for item in tried)
        if untried and not self.check(default).reason:
            self.study.enqueue_trial(self.space.defaults)
        else:
            self.study.enqueue_trial(self._random(len(tried)))

    def _random(self, number: int) -> dict[str, Value]:
        """Return random values that are allowed."""
        rng = generator(self.wanted.seed, "search", number)
        smallest, reason = None, ""
        for _ in range(_MAX_DRAWS):
            values = self.space.draw(rng)
            checked = self.check(self.space.fill(values))
            if not checked.reason:
                return values
            reason = checked.reason
            if checked.parameters is not None:
                smallest = min(smallest or checked.parameters, checked.parameters)
        size = f"; the smallest had {smallest:,} parameters" if smallest else ""
        raise UsageError(
            f"space {self.space.name}: none of {_MAX_DRAWS:,} random configurations can be tried"
            f" ({reason}){size}; widen the space, or raise --max-parameters"
        )

    def _ask(self) -> Taken | None:
        """Return what the study proposes now, or None where that is not allowed."""
        number = len(self.study.get_trials(deepcopy=False))
        seed = derive_seed(self.wanted.seed, "sampler", number)
        self.study.sampler = sampler(seed=seed, num_random=NUM_RANDOM)
        trial = self.study.ask(fixed_distributions=self.distributions)
        candidate = self.space.fill(trial.params)
        checked = self.check(candidate)
        if checked.reason:
            trial.set_user_attr("reason", checked.reason)
            trial.set_user_attr("parameters", checked.parameters)
            trial.set_user_attr("outcome", "rejected")
            self.study.tell(trial, state=self.states.FAIL)
            return None
        assert checked.parameters is not None
        first = trial.user_attrs.get("first", trial.number)
        trial.set_user_attr("texts", asdict(candidate))
        trial.set_user_attr("parameters", checked.parameters)
        trial.set_user_attr("owner", own_identity())
        return Taken(trial, first, candidate, checked.parameters)
