"""Who runs what: trials are handed out one by one, also among processes that share a folder."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from whatwhere.records import Ledger, TrialKey

POLL_SECONDS = 0.5


class Claims:
    """The trials of a plan, each of which is handed out once over all processes.

    Args:
        ledger: What the processes share.
        trials: In the order in which to run them.
        is_done: Whether a trial was finished by another process meanwhile.
        wait: Whether to wait for trials that other processes run, and to take over those whose
            process ends without a result.
        on_wait: Called with the number of such trials before waiting.
    """

    def __init__(
        self,
        ledger: Ledger,
        trials: Iterable[TrialKey],
        *,
        is_done: Callable[[TrialKey], bool],
        wait: bool,
        on_wait: Callable[[int], None],
    ) -> None:
        self.ledger, self.is_done = ledger, is_done
        self.wait, self.on_wait = wait, on_wait
        self.open = list(trials)  # not run by this process, and not known to be settled
        self.own: set[str] = set()
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.told = False

    def take(self) -> TrialKey | None:
        """Return the next trial for this process, None when nothing is left to do."""
        while not self.stopping.is_set():
            with self.lock:
                key = self._claimed()
                if key is not None or not self.open or not self.wait:
                    return key
                if not self.told:
                    self.on_wait(len(self.open))
                self.told = True
            self.stopping.wait(POLL_SECONDS)
        return None

    def settle(self, key: TrialKey, state: str, record_sha256: str) -> None:
        """Write how a trial of this process ended."""
        self.ledger.settle(key.text, state, record_sha256)
        self.own.discard(key.text)

    @contextmanager
    def giving_back(self) -> Iterator[None]:
        """Whatever interrupts the study, no trial stays claimed by this process."""
        try:
            yield
        finally:
            for trial in sorted(self.own):
                self.ledger.settle(trial, "waiting")

    def _claimed(self) -> TrialKey | None:
        """Claim the first trial that is free; forget those that are settled."""
        for key in list(self.open):
            if self.ledger.claim(key.text):
                self.open.remove(key)
                if not self.is_done(key):
                    self.own.add(key.text)
                    return key
        states = self.ledger.states()
        self.open = [key for key in self.open if states[key.text] in ("running", "waiting")]
        return None
