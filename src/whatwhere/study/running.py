"""The trials of a plan: handed out, run, recorded."""

import time

from whatwhere.blocks.designs import Design
from whatwhere.records import (
    Ledger,
    TrialKey,
    as_storage_error,
    read_trial,
    sha256_of,
    trial_folder,
    write_trial,
)
from whatwhere.study.display import Display
from whatwhere.study.folder import numerics_key
from whatwhere.study.plan import Plan
from whatwhere.study.preparing.ready import ReadyData
from whatwhere.study.stages import stage_of
from whatwhere.study.trials.checkpoint import remove_checkpoints
from whatwhere.study.trials.claims import Claims
from whatwhere.study.trials.pool import Ended, run_all
from whatwhere.study.trials.trial import TrialSpec
from whatwhere.version import __version__


class Study:
    """Runs the trials of a plan and writes their records.

    Args:
        ledger: Of the run; its folder is the run's.
        ready: The data sets with what was measured on them.
        designs: The rows by name.
        device: The torch device.
        num_workers: Worker processes; 0 means this one.
        display: What to tell meanwhile.
    """

    def __init__(
        self,
        ledger: Ledger,
        ready: list[ReadyData],
        designs: dict[str, Design],
        device: str,
        num_workers: int,
        display: Display,
    ) -> None:
        self.ledger, self.folder = ledger, ledger.path.parent
        self.designs, self.device = designs, device
        self.num_workers, self.display = num_workers, display
        self.ready = {item.name: item for item in ready}
        self.started = time.time()

    def run(self, plan: Plan, *, wait: bool) -> int:
        """Run what no other process runs.

        Args:
            plan: The trials, in their order.
            wait: Whether to wait for trials that other processes run.

        Returns:
            How many trials other processes have still in hand.
        """
        if not plan.trials:
            return 0
        keys = [trial.key for trial in plan.trials]
        self.ledger.add(key.text for key in keys)
        self.ledger.release(key.text for key in keys)
        claims = Claims(
            self.ledger, keys, is_done=self._is_done, wait=wait, on_wait=self._tell_waiting
        )

        def next_trial() -> TrialSpec | None:
            key = claims.take()
            return None if key is None else self._spec(key)

        self.display.start(plan)
        with claims.giving_back():
            try:
                for ended in run_all(
                    next_trial,
                    num_workers=min(self.num_workers, len(plan.trials)),
                    on_epoch=self.display.epoch,
                    stopping=claims.stopping,
                ):
                    claims.settle(ended.spec.key, ended.outcome.state, self._record(ended))
                    self.display.ended(ended.spec, ended.outcome)
            finally:
                self.display.stop()
        return len(claims.open)

    def _tell_waiting(self, num_trials: int) -> None:
        self.display.note(f"waiting for {num_trials} trials that another process runs")

    def _is_done(self, key: TrialKey) -> bool:
        """Whether another process ended the trial after this one looked."""
        trial = read_trial(trial_folder(self.folder, key))
        if trial is None:
            return False
        record = trial.folder / "record.json"
        done = trial.record["state"] != "failed" or record.stat().st_mtime >= self.started
        if done:
            self.ledger.settle(key.text, trial.record["state"], sha256_of(record))
        return done

    def _spec(self, key: TrialKey) -> TrialSpec:
        return self.ready[key.dataset].trial(
            self.designs[key.design], key, device=self.device, folder=self.folder
        )

    def _record(self, ended: Ended) -> str:
        """Write how a trial ended; return the SHA-256 of its record."""
        spec, outcome = ended.spec, ended.outcome
        record = {
            "key": spec.identity,
            "design": self.ready[spec.key.dataset].design_facts(spec.design),
            "dataset": spec.key.dataset,
            "size": spec.key.size,
            "seed": spec.key.seed,
            "fold": spec.key.fold,
            "stage": stage_of(spec.key.seed),
            "state": outcome.state,
            "steps": spec.protocol.steps,
            "cost": self.ready[spec.key.dataset].costs[spec.design.name],
            **self.ready[spec.key.dataset].hashes(spec.key.fold),
            "numerics_key": numerics_key(self.device, self.num_workers),
            "version": __version__,
            **outcome.record,
        }
        self._log(
            f"{spec.key.text} {outcome.state} {outcome.record['reason'] or ''}\n{ended.trace}"
        )
        digest = write_trial(trial_folder(self.folder, spec.key), record, outcome.files)
        remove_checkpoints(spec.checkpoint_path)
        for notice in outcome.record.get("notices", ()):
            self.display.note(notice)
        return digest

    def _log(self, text: str) -> None:
        path = self.folder / "run.log"
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {text.strip()}\n"
        try:
            with path.open("a", encoding="utf-8") as log:
                log.write(line)
        except OSError as error:
            raise as_storage_error(error, path, num_bytes=len(line)) from error
