"""Crashes, full disks, signals and numbers that are not finite, injected into real runs."""

import json
import signal
import time
import tomllib

import pytest

from .conftest import Cli, wait_for

# Number format and layout are given, not measured: bits are compared between folders.
PINNED = ("--precision", "fp32", "--layout", "channels_last", "-o", "run")
SMALL = ("compare", "-d", "csa", "--seeds", "1", "--steps", "3", *PINNED, "--quiet")
STUDY = (*SMALL, "--workers", "0")
NUM_TRIALS = 4  # csa, no attention and two controls


def finished(cli, run="run"):
    return len(list((cli.folder / run).glob("trials/*/*/s*/record.json")))


@pytest.fixture(scope="module")
def reference(shared_cli):
    """What the study gives when nothing goes wrong; run once."""
    done = shared_cli(*STUDY)
    assert done.returncode == 0, done.stderr
    results = shared_cli.results()
    assert len(results) == NUM_TRIALS
    return results


SITES = [
    "config.toml:before-replace",
    "data.json:half-written",
    "curve.csv:before-sync",
    "predictions.npz:half-written",
    "predictions.npz:after-replace",
    "model.safetensors:half-written@2",
    "trial:before-record",
    "trial:before-record@4",
    "record.json:half-written@2",
    "record.json:after-replace",
    "ledger:before-settle",
    "ledger:after-settle@3",
    "report.html:half-written",
    "summary.json:before-replace",
]


@pytest.mark.parametrize("site", SITES)
def test_a2_a3_a_death_at_any_write_loses_and_changes_nothing(cli, reference, site):
    # Some sites with worker processes, most without: the results must not tell. Nor do they tell
    # whether a new process goes on, or this one, which has run other studies before.
    with_processes = SITES.index(site) % 4 == 0
    study = SMALL if with_processes else STUDY
    cli.dies_at(site, *study)
    before = cli.results()
    again = cli.process(*study) if with_processes else cli(*study)
    assert again.returncode == 0, again.stderr
    after = cli.results()
    assert set(before) <= set(after)
    assert after == reference
    assert not list(cli.folder.glob("run/**/*.tmp.*"))
    assert (cli.folder / "run" / "report.html").stat().st_size > 10_000


def test_b5_the_same_recipe_twice_gives_equal_bits(cli, reference):
    """In another folder, by another process."""
    assert cli.process(*STUDY).returncode == 0
    assert cli.results() == reference


def test_the_same_command_again_repeats_nothing_and_a_grown_plan_adds_only_what_is_new(cli):
    assert cli(*STUDY).returncode == 0
    stamps = {p: p.stat().st_mtime_ns for p in cli.folder.glob("run/trials/*/*/s*/*")}
    page = (cli.folder / "run" / "report.html").read_bytes()
    assert cli(*STUDY).returncode == 0
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    assert (cli.folder / "run" / "report.html").read_bytes() == page
    grown = ("compare", "-d", "csa,se", "--seeds", "2", "--steps", "3", *PINNED, "--quiet")
    assert cli(*grown, "--workers", "0").returncode == 0
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    assert finished(cli) == 10
    plan = tomllib.loads((cli.folder / "run" / "config.toml").read_text())["plan"]
    assert plan["seeds"] == 2
    assert set(plan["designs"]) == {"none", "csa", "se", "widened", "gain_0.25"}


@pytest.mark.parametrize(
    "words",
    [
        ("--steps", "4"),
        ("--steps", "3", "--lr", "0.3"),
        ("--steps", "3", "--protocol", "standard"),
        ("--steps", "3", "--backbone", "resnet14"),
        ("--steps", "3", "--where", "stage"),
    ],
)
def test_a9_another_recipe_is_refused_with_the_names_of_what_differs(shared_cli, reference, words):
    done = shared_cli("compare", "-d", "csa", "--seeds", "1", *PINNED, *words)
    assert done.returncode == 2
    assert done.stderr.startswith("error[USAGE]: run was started with another recipe: ")
    name = {"--lr": "learning_rate"}.get(words[-2], words[-2].strip("-"))
    assert f"{name} was" in done.stderr
    assert shared_cli.results() == reference


def test_a6_a_full_disk_pauses_the_study_and_it_goes_on_afterwards(cli, reference):
    """Files above 300 kB cannot be written: the predictions fit, the weights do not."""
    limited = cli.process(*STUDY, preexec_fn=lambda: _limit_files(300_000))
    assert limited.returncode == 6, limited.stderr
    assert "model.safetensors" in limited.stderr
    assert "bytes are needed" in limited.stderr
    assert "error[STORAGE]" in limited.stderr
    assert not list(cli.folder.glob("run/**/*.tmp.*"))
    assert cli(*STUDY).returncode == 0
    assert cli.results() == reference


def _limit_files(num_bytes):
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, num_bytes))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a12_a_signal_stops_within_ten_seconds_and_keeps_what_is_finished(cli, number, code):
    words = ("compare", "-d", "csa", "--seeds", "9", "--steps", "40", "-o", "run")
    process = cli.start(*words)
    wait_for(lambda: finished(cli) >= 2)
    process.send_signal(number)
    started = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - started < 10
    assert process.returncode == code
    assert "error[STOPPED]: stopped; finished trials are kept" in errors
    kept = cli.results()
    assert len(kept) >= 2
    smaller = ("compare", "-d", "csa", "--seeds", "1", "--steps", "40", "-o", "run", "--quiet")
    assert cli(*smaller, "--workers", "0").returncode == 0
    assert {key: value for key, value in cli.results().items() if key in kept} == kept


def test_a1_a_kill_is_recovered_from(cli, reference):
    process = cli.start(*SMALL)
    wait_for(lambda: finished(cli) >= 1)
    process.kill()
    process.communicate()
    assert cli(*STUDY).returncode == 0
    assert cli.results() == reference


DIVERGING = """
import torch
from torch import nn

class Poison(nn.Module):
    '''Gives a value that is not finite from its third training call on.'''
    def __init__(self, channels):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))
        self.calls = 0
    def forward(self, x):
        self.calls += self.training and x.shape[0] == 64
        return x * self.scale * (float('nan') if self.calls > 2 else 1.0)
"""


def test_b1_a_loss_that_is_not_finite_is_a_named_counted_failure(cli):
    (cli.folder / "poison.py").write_text(DIVERGING)
    words = ("compare", "-d", "poison.py:Poison", "--seeds", "2", "--steps", "5", "-o", "run")
    done = cli(*words, "--workers", "1")
    assert done.returncode == 4, done.stderr
    record = json.loads(next(cli.folder.glob("run/trials/*/Poison/s1/record.json")).read_bytes())
    assert record["state"] == "diverged"
    assert record["diverged"]["step"] == 2
    assert record["diverged"]["learning_rate"] > 0
    assert "the loss became non-finite at step 2" in done.stderr
    assert "Poison" in (cli.folder / "run" / "report.html").read_text()
    rows = (cli.folder / "run" / "results.csv").read_text().splitlines()
    assert sum(",diverged," in row for row in rows) == 2


def test_b3_a_collapsed_model_is_flagged_and_kept(cli):
    (cli.folder / "zero.py").write_text(
        "from torch import nn\n"
        "class Zero(nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n"
        "    def forward(self, x):\n        return x * 0\n"
    )
    words = (
        "compare",
        "-d",
        "zero.py:Zero",
        "--seeds",
        "1",
        "--steps",
        "2",
        "--lr",
        "0.000001",
        "-o",
        "run",
        "--where",
        "stage",
        "--quiet",
        "--workers",
        "0",
    )
    assert cli(*words).returncode == 0
    record = json.loads(next(cli.folder.glob("run/trials/*/Zero/s0/record.json")).read_bytes())
    assert record["state"] == "finished"
    assert record["flags"] == ["collapsed"]


def test_b4_seeds_are_distinct_by_construction_and_nonsense_is_refused(cli):
    for seeds in ("0", "-1", "101"):
        done = cli("compare", "--seeds", seeds)
        assert done.returncode == 2
        assert f"seeds={seeds}: expected 1 to 100" in done.stderr
    assert cli("compare", "--seeds", "0,0").returncode == 2
    assert not (cli.folder / "runs").exists()


def test_a_block_that_fails_while_training_is_a_failed_trial_and_the_study_goes_on(cli):
    (cli.folder / "moody.py").write_text(
        "from torch import nn\n"
        "class Moody(nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n        self.calls = 0\n"
        "    def forward(self, x):\n"
        "        self.calls += self.training and x.shape[0] == 64\n"
        "        if self.calls > 8:\n            raise RuntimeError('not today')\n"
        "        return x\n"
    )
    words = ("compare", "-d", "moody.py:Moody", "--seeds", "1", "--steps", "12", "-o", "run")
    done = cli(*words, "--workers", "1")
    assert done.returncode == 4, done.stderr
    record = json.loads(next(cli.folder.glob("run/trials/*/Moody/s0/record.json")).read_bytes())
    assert (record["state"], record["reason"]) == ("failed", "RuntimeError: not today")
    assert "not today" in (cli.folder / "run" / "run.log").read_text()
    assert sum(value[0] == "finished" for value in cli.results().values()) == 3


def test_test_labels_are_read_by_nobody_before_the_report(tmp_path):
    """A canary: with other test labels, everything but the report is the same."""
    import numpy as np

    rng = np.random.default_rng(11)
    arrays = {}
    for split, count in (("train", 90), ("val", 30), ("test", 30)):
        labels = np.arange(count) % 3
        noise = rng.integers(0, 60, (count, 12, 12))
        images = (noise + 60 * labels[:, None, None]).astype(np.uint8)
        arrays[f"{split}_images"], arrays[f"{split}_labels"] = images, labels[:, None]
    canary = {**arrays, "test_labels": (arrays["test_labels"] + 1) % 3}
    logits = []
    for name, content in (("plain", arrays), ("canary", canary)):
        folder = tmp_path / name
        folder.mkdir()
        np.savez(folder / "set.npz", **content)
        cli = Cli(folder)
        words = ("compare", "set.npz", "-d", "csa", "--seeds", "1", "--steps", "4", *PINNED)
        done = cli(*words, "--workers", "0")
        assert done.returncode == 0, done.stderr
        found = {}
        for path in sorted(folder.glob("run/trials/*/*/s0/predictions.npz")):
            with np.load(path) as saved:
                found[path.parent.parent.name] = (
                    saved["test_logit"].tobytes(),
                    saved["validation_logit"].tobytes(),
                )
        logits.append(found)
        progress = [line for line in done.stderr.splitlines() if "ahead on validation" in line]
        assert progress
    assert logits[0] == logits[1]


def test_a14_a_worker_that_dies_takes_only_its_own_trial_with_it(cli):
    (cli.folder / "deadly.py").write_text(
        "import os\n"
        "from torch import nn\n"
        "class Deadly(nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n        self.calls = 0\n"
        "    def forward(self, x):\n"
        "        self.calls += self.training and x.shape[0] == 64\n"
        "        if self.calls > 8:\n            os._exit(3)\n"
        "        return x\n"
    )
    words = ("compare", "-d", "deadly.py:Deadly", "--seeds", "1", "--steps", "12", "-o", "run")
    done = cli(*words, "--workers", "1")
    assert done.returncode == 4, done.stderr
    record = json.loads(next(cli.folder.glob("run/trials/*/Deadly/s0/record.json")).read_bytes())
    assert record["state"] == "failed"
    assert record["reason"] == "the worker process ended with code 3"
    assert sum(value[0] == "finished" for value in cli.results().values()) == 3
