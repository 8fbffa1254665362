"""Runs trials in worker processes, or in this one."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cloudpickle

from whatwhere.errors import StorageError
from whatwhere.study.trials.trial import Outcome, TrialSpec, run_trial
from whatwhere.study.trials.worker import reason_of, receive, send
from whatwhere.training.fit import CurvePoint

OnEpoch = Callable[[TrialSpec, CurvePoint], None]


@dataclass(frozen=True)
class Ended:
    """A trial that ended in the pool.

    Args:
        spec: The trial.
        outcome: How it ended.
        trace: Traceback of a failure in the trial's own code, for the log.
    """

    spec: TrialSpec
    outcome: Outcome
    trace: str = ""


def default_num_workers(device: str) -> int:
    """Return one worker per usable core, or none (this process) for an accelerator."""
    if device != "cpu":
        return 0
    # macOS has no affinity to ask for.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def run_all(
    next_trial: Callable[[], TrialSpec | None],
    *,
    num_workers: int,
    on_epoch: OnEpoch,
    stopping: threading.Event,
) -> Iterator[Ended]:
    """Run trials and yield them as they end.

    A worker that dies takes only its own trial with it, which ends as failed.

    Args:
        next_trial: Returns the next trial to run, None when there are no more; called from
            several threads.
        num_workers: Worker processes, each with one thread; 0 runs everything in this process.
        on_epoch: Called with every point of every curve, from several threads.
        stopping: Set before the workers are stopped, for a `next_trial` that waits.

    Yields:
        Trial after trial, in order of ending.
    """
    if num_workers == 0:
        yield from _run_here(next_trial, on_epoch)
        return
    ended: queue.Queue[Ended | BaseException | None] = queue.Queue()
    workers = [_Worker(next_trial, on_epoch, ended) for _ in range(num_workers)]
    try:
        num_running = num_workers
        while num_running:
            item = ended.get()
            if item is None:
                num_running -= 1
            elif isinstance(item, BaseException):
                raise item
            else:
                yield item
    finally:
        stopping.set()
        for worker in workers:
            worker.stop()


def _run_here(next_trial: Callable[[], TrialSpec | None], on_epoch: OnEpoch) -> Iterator[Ended]:
    while (spec := next_trial()) is not None:
        try:
            outcome = run_trial(spec, lambda point: on_epoch(spec, point))
        except StorageError:
            raise
        except Exception as error:
            yield Ended(spec, failed(reason_of(error)))
        else:
            yield Ended(spec, outcome)


def failed(reason: str) -> Outcome:
    """Return the outcome of a trial that ended without a result.

    Args:
        reason: Why, for the record.

    Returns:
        The outcome of a trial that ended without a result.
    """
    record = {"reason": reason, "flags": [], "seconds": 0.0, "rising": False, "validation": None}
    return Outcome("failed", record, {})


class _Worker:
    """One worker process and the thread that feeds it."""

    def __init__(
        self,
        next_trial: Callable[[], TrialSpec | None],
        on_epoch: OnEpoch,
        ended: "queue.Queue[Ended | BaseException | None]",
    ) -> None:
        self.next_trial, self.on_epoch, self.ended = next_trial, on_epoch, ended
        self.stopped = False
        self.process = self._start()
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopped = True
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.thread.join()
        # The thread may have started another process just before it saw the stop.
        self.process.kill()
        self._close()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        # A session of its own: Ctrl-C reaches the parent alone, which then ends its workers.
        return subprocess.Popen(
            [sys.executable, "-m", "whatwhere.study.trials.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )

    def _close(self) -> None:
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def _feed(self) -> None:
        try:
            while not self.stopped and (spec := self.next_trial()) is not None:
                ended = self._run(spec)
                if self.stopped:
                    return
                self.ended.put(ended)
                if self.process.poll() is not None:
                    self._close()
                    self.process = self._start()
            self.ended.put(None)
        except BaseException as error:
            self.ended.put(error)

    def _run(self, spec: TrialSpec) -> Ended:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            send(self.process.stdin, spec, dumps=cloudpickle.dumps)
            while True:
                kind, content = receive(self.process.stdout)
                if kind == "epoch":
                    self.on_epoch(spec, content)
                elif kind == "outcome":
                    return Ended(spec, content)
                elif kind == "storage":
                    raise StorageError(content)
                else:
                    reason, trace = content
                    return Ended(spec, failed(reason), trace)
        except (EOFError, BrokenPipeError):
            return Ended(spec, failed(_death(self.process.wait())))


def _death(return_code: int) -> str:
    """Say how a worker died; the usual reason of a kill from outside is lack of memory."""
    if return_code >= 0:
        return f"the worker process ended with code {return_code}"
    name: Any = signal.Signals(-return_code).name
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"the worker process was killed by {name}{hint}"
