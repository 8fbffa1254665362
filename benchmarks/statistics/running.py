"""Run simulations side by side on several processes, until all repeats or the time are used up.

Cells advance together: the next piece of work goes to the cell that is furthest behind its number
of repeats. When the time ends all have reached about the same share of it.
"""

import argparse
import importlib
import multiprocessing
import os
import time
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.results_file import FOLDER, write_result
from benchmarks.statistics.simulation import (
    Simulation,
    Sums,
    limits_in_words,
    repeats_of,
    row_of,
)

PIECE_SECONDS = 2.0
SECONDS_BETWEEN_REPORTS = 15.0
SECONDS_BETWEEN_FILES = 60.0
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class CellState:
    """How far one cell is."""

    module: str
    cell: int
    target: int
    is_prepared: bool
    prepared: Any = None
    submitted: int = 0
    sums: Sums = field(default_factory=Sums)

    @property
    def share(self) -> float:
        """Return the share of the repeats that are under way or done."""
        return self.submitted / self.target

    def seconds_per_repeat(self) -> float | None:
        """Return what a repeat takes, None before the first."""
        return self.sums.seconds / self.sums.repeats if self.sums.repeats else None

    def next_size(self) -> int:
        """Return how many repeats to do next: one, then as many as fill a piece."""
        seconds = self.seconds_per_repeat()
        size = 1 if seconds is None else max(1, int(PIECE_SECONDS / max(seconds, 1e-6)))
        return min(size, self.target - self.submitted)


def load(module: str) -> Simulation:
    """Import a simulation by the name of its file."""
    return importlib.import_module(f"benchmarks.statistics.{module}").SIMULATION


def prepare_cell(module: str, cell: int, seed: int) -> Any:
    """Run in a process: compute what all repeats of a cell share."""
    simulation = load(module)
    assert simulation.prepare is not None
    return simulation.prepare(simulation.cells[cell], np.random.default_rng((seed, cell)))


def run_piece(module: str, cell: int, prepared: Any, start: int, stop: int, seed: int) -> Sums:
    """Run in a process: some repeats of one cell, with their time."""
    simulation = load(module)
    started = time.perf_counter()
    sums = repeats_of(simulation, cell=cell, prepared=prepared, start=start, stop=stop, seed=seed)
    sums.seconds = time.perf_counter() - started
    return sums


class Work:
    """All cells of all simulations, and the pieces under way."""

    def __init__(self, modules: list[str], *, replications: int | None, seed: int):
        self.seed = seed
        self.simulations = {module: load(module) for module in modules}
        self.cells = [
            CellState(module, cell, replications or one.replications, one.prepare is None)
            for module, one in self.simulations.items()
            for cell in range(len(one.cells))
        ]
        self.under_way: dict[Future, CellState] = {}

    def submit_next(self, pool: ProcessPoolExecutor) -> bool:
        """Start preparing a cell or a piece of the one that is furthest behind."""
        busy = {id(state) for state in self.under_way.values() if not state.is_prepared}
        waiting = [s for s in self.cells if not s.is_prepared and id(s) not in busy]
        if waiting:
            state = waiting[0]
            self.under_way[pool.submit(prepare_cell, state.module, state.cell, self.seed)] = state
            return True
        ready = [s for s in self.cells if s.is_prepared and s.submitted < s.target]
        # A cell whose speed is unknown gets no second piece until its first is back.
        started = {id(state) for state in self.under_way.values()}
        ready = [s for s in ready if s.sums.repeats or id(s) not in started]
        if not ready:
            return False
        state = min(ready, key=lambda s: s.share)
        stop = state.submitted + state.next_size()
        future = pool.submit(
            run_piece, state.module, state.cell, state.prepared, state.submitted, stop, self.seed
        )
        state.submitted = stop
        self.under_way[future] = state
        return True

    def collect(self, seconds: float) -> None:
        """Wait for a piece that ends within some seconds and take in what it found."""
        done, _ = wait(self.under_way, timeout=seconds, return_when=FIRST_COMPLETED)
        for future in done:
            state = self.under_way.pop(future)
            if state.is_prepared:
                state.sums.add(future.result())
            else:
                state.prepared, state.is_prepared = future.result(), True

    def share_done(self) -> float:
        """Return the smallest share of the repeats that a cell has."""
        return min(state.sums.repeats / state.target for state in self.cells)

    def write(self, folder: Path, *, processes: int, minutes: float) -> list[Path]:
        """Write one file for each simulation that has a repeat of every cell."""
        paths = []
        for module, simulation in self.simulations.items():
            states = [state for state in self.cells if state.module == module]
            if not all(state.sums.repeats for state in states):
                continue
            settings = {
                "seed": self.seed,
                "processes": processes,
                "minutes allowed": minutes,
                "repeats planned for each cell": states[0].target,
                "repeats reached": f"{min(s.sums.repeats for s in states)} in the smallest cell",
                "seconds of processor time": round(sum(s.sums.seconds for s in states)),
                "limits": limits_in_words(simulation),
            }
            rows = [row_of(simulation, state.cell, state.sums) for state in states]
            paths.append(write_result(simulation.name, settings=settings, rows=rows, folder=folder))
        return paths


def run(work: Work, *, processes: int, minutes: float, folder: Path) -> list[Path]:
    """Do the work until it is done or the minutes are over; files are renewed on the way."""
    for name in THREAD_VARIABLES:
        os.environ[name] = "1"
    started = time.monotonic()
    deadline = started + 60 * minutes
    reported = filed = started
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        while True:
            now = time.monotonic()
            in_time = now < deadline - 1.5 * PIECE_SECONDS
            # One piece more than there are processes, so that none waits for the next.
            while in_time and len(work.under_way) <= processes and work.submit_next(pool):
                pass
            if not work.under_way:
                break
            work.collect(seconds=1.0)
            if now - reported > SECONDS_BETWEEN_REPORTS:
                reported = now
                print(
                    f"{now - started:4.0f} s: {100 * work.share_done():.1f} % of the repeats"
                    " in the cell that is furthest behind",
                    flush=True,
                )
            if now - filed > SECONDS_BETWEEN_FILES:
                filed = now
                work.write(folder, processes=processes, minutes=minutes)
    return work.write(folder, processes=processes, minutes=minutes)


def main(*modules: str) -> None:
    """Read the command line, run, and print where the results are and which limits are broken."""
    parser = argparse.ArgumentParser(description="Simulations of the statistics: " + str(modules))
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so many")
    parser.add_argument("--replications", type=int, help="of every cell, in place of its own")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=FOLDER, help="folder of the result files")
    parser.add_argument("--only", nargs="+", choices=modules, default=list(modules))
    asked = parser.parse_args()
    work = Work(asked.only, replications=asked.replications, seed=asked.seed)
    paths = run(work, processes=asked.processes, minutes=asked.minutes, folder=asked.output)
    for path in paths:
        print(path)
    for state in work.cells:
        simulation = work.simulations[state.module]
        if not state.sums.repeats:
            print(f"NO REPEAT of {simulation.name}: {simulation.cells[state.cell]}")
            continue
        row = row_of(simulation, state.cell, state.sums)
        if row["beyond its limit"] not in ("none", "too few repeats"):
            print(f"BEYOND ITS LIMIT in {simulation.name}: {row}")
