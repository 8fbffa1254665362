"""Several processes on one folder, damaged files, lack of memory, other machines, changed data."""

import errno
import fcntl
import json
import os
import re
import shutil
import sqlite3
from collections import Counter

import numpy as np
import pytest
from PIL import Image

import whatwhere.study.trials.checkpoint
from whatwhere.errors import StorageError
from whatwhere.records import Ledger, folder_lock
from whatwhere.study.trials.checkpoint import Checkpoint, previous_of

from .conftest import wait_for

PINNED = ("--precision", "fp32", "--layout", "nchw", "-o", "run", "--quiet")
STUDY = ("compare", "digits", "-d", "csa", "--seeds", "2", "--steps", "3", *PINNED)
NUM_TRIALS = 8  # csa, no attention and two controls, two seeds each
ENDED = re.compile(r"^\S+ (\S+) (finished|failed|diverged)", re.MULTILINE)


def ended(cli):
    """How often each trial was computed, by the log that every process writes to."""
    log = cli.folder / "run" / "run.log"
    return Counter(key for key, _ in ENDED.findall(log.read_text())) if log.exists() else Counter()


@pytest.fixture(scope="module")
def reference(shared_cli):
    """What the study gives when one process runs it undisturbed."""
    done = shared_cli(*STUDY, "--workers", "0")
    assert done.returncode == 0, done.stderr
    return shared_cli.results()


@pytest.fixture
def copied(cli, shared_cli, reference):
    """A finished run of the test's own, to be damaged."""
    shutil.copytree(shared_cli.folder / "run", cli.folder / "run")
    return cli


def test_a8_processes_that_start_together_share_the_work_and_compute_everything_once(
    cli, reference
):
    processes = [cli.start(*STUDY, "--workers", "1") for _ in range(3)]
    for process in processes:
        output, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
        # The last one to end writes the report, and none ends before all trials have.
        assert "no attention" in output
    assert sorted(ended(cli).values()) == [1] * NUM_TRIALS
    assert cli.results() == reference
    summary = json.loads((cli.folder / "run" / "summary.json").read_bytes())
    assert summary["missing"] == ""


SLOW = """
import os, sys, time
from torch import nn
class Slow(nn.Module):
    '''Waits in a worker's first training step until somebody puts a file beside it.'''
    def __init__(self, channels):
        super().__init__()
    def forward(self, x):
        if self.training and sys.argv[0].endswith('worker.py'):
            open('started', 'w').close()
            while not os.path.exists('go'):
                time.sleep(0.1)
        return x
"""


def test_a8_a_process_whose_partner_is_killed_takes_over_its_trial(cli):
    (cli.folder / "slow.py").write_text(SLOW)
    words = ("compare", "digits", "-d", "slow.py:Slow", "--seeds", "1", "--steps", "2", *PINNED)
    first = cli.start(*words, "--workers", "1")
    wait_for((cli.folder / "started").exists)
    # While a live process runs the only trial left, another one waits for it, or says so.
    busy = cli(*words, "--workers", "1", "--no-wait")
    assert busy.returncode == 7, busy.stderr
    assert "error[BUSY]: another process still runs 1 trials of run" in busy.stderr
    assert len(cli.results()) == 3
    second = cli.start(*words[:-1], "--workers", "1")
    wait_for(lambda: "waiting for 1 trials" in read_line(second))
    first.kill()
    first.communicate()
    (cli.folder / "go").touch()
    _, errors = second.communicate(timeout=120)
    assert second.returncode == 0, errors
    assert cli.results()["trials/digits-n1000/Slow/s0"][0] == "finished"


def read_line(process):
    return process.stderr.readline()


@pytest.mark.parametrize("name", ["predictions.npz", "model.safetensors", "record.json"])
def test_a4_one_flipped_bit_in_a_result_is_found_and_repaired(copied, reference, name):
    trial = next(copied.folder.glob("run/trials/*/csa/s1"))
    content = bytearray((trial / name).read_bytes())
    # A record is text: one digit of a time becomes another, and it still reads as a record.
    place = content.index(b'"seconds": ') + 11 if name == "record.json" else len(content) // 2
    content[place] ^= 1
    (trial / name).write_bytes(content)
    done = copied(*STUDY[:-1], "--workers", "0")
    assert done.returncode == 0, done.stderr
    assert f"csa/s1: {name} changed or gone since the trial was written" in done.stderr
    assert (trial.parent / "s1.damaged" / name).read_bytes() == bytes(content)
    shutil.rmtree(trial.parent / "s1.damaged")
    assert copied.results() == reference


@pytest.mark.parametrize("how", ["truncated", "zeroed", "gone"])
def test_a4_a_truncated_or_zeroed_result_is_found_and_repaired(copied, reference, how):
    path = next(copied.folder.glob("run/trials/*/csa/s0/predictions.npz"))
    content = path.read_bytes()
    damaged = {"truncated": content[:-1], "zeroed": bytes(len(content))}
    path.unlink() if how == "gone" else path.write_bytes(damaged[how])
    done = copied(*STUDY, "--workers", "0")
    assert done.returncode == 0, done.stderr
    shutil.rmtree(path.parent.with_name("s0.damaged"))
    assert copied.results() == reference


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(whatwhere.study.trials.checkpoint, "MIN_SECONDS", 0.0)
    saved = Checkpoint(tmp_path / "checkpoint.pt", "me")
    for step in (7, 11):
        saved.save(1.0, lambda: {"step": step})  # noqa: B023
    return saved


def test_a4_the_last_two_checkpoints_are_kept(checkpoint):
    assert checkpoint.load() == {"step": 11}
    assert checkpoint.notices == []
    checkpoint.path.unlink()
    assert checkpoint.load() == {"step": 7}
    assert Checkpoint(checkpoint.path, "another").load() is None


def test_a4_of_two_hundred_flipped_bits_in_a_checkpoint_none_is_accepted(checkpoint):
    whole = checkpoint.path.read_bytes()
    rng = np.random.default_rng(13)
    for _ in range(200):
        content = bytearray(whole)
        content[rng.integers(len(whole))] ^= 1 << int(rng.integers(8))
        checkpoint.path.write_bytes(content)
        assert checkpoint.load() == {"step": 7}
    assert len(checkpoint.notices) == 200
    assert (
        "checkpoint.pt is damaged (its SHA-256 differs): the one before it is used"
        in (checkpoint.notices[0])
    )


@pytest.mark.parametrize("content", [b"", b"x" * 31, bytes(4000)])
def test_a4_without_a_sound_checkpoint_the_trial_starts_anew(checkpoint, content):
    for path in (checkpoint.path, previous_of(checkpoint.path)):
        path.write_bytes(content)
    assert checkpoint.load() is None
    assert checkpoint.notices[1].endswith("a new start is used")


@pytest.mark.parametrize("damage", ["lost", "first page zeroed", "a page zeroed", "truncated"])
def test_a5_a_damaged_ledger_is_made_anew_from_the_trial_folders(copied, reference, damage):
    path = copied.folder / "run" / "ledger.sqlite"
    content = path.read_bytes()
    if damage == "lost":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[: len(content) // 2 + 100])
    else:
        start = 0 if damage == "first page zeroed" else 4096
        path.write_bytes(content[:start] + bytes(4096) + content[start + 4096 :])
    stamps = {p: p.stat().st_mtime_ns for p in copied.folder.glob("run/trials/*/*/s*/*")}
    done = copied(*STUDY[:-1], "--workers", "0")
    assert done.returncode == 0, done.stderr
    assert "ledger.sqlite was" in done.stderr
    assert {p: p.stat().st_mtime_ns for p in stamps} == stamps
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM trials").fetchone() == (NUM_TRIALS,)
    connection.close()


def test_a7_a_folder_that_cannot_be_written_is_refused_before_any_work(cli):
    done = cli(*STUDY[:-3], "-o", "/proc/run", "--quiet")
    assert done.returncode == 6
    assert done.stderr.startswith("error[STORAGE]: cannot write /proc/run (")
    assert "make it writable, or choose another folder with -o" in done.stderr


HUNGRY = """
import torch
from torch import nn
class Hungry(nn.Module):
    '''Wants more memory than there is from its ninth training step on.'''
    def __init__(self, channels):
        super().__init__()
        self.calls = 0
    def forward(self, x):
        self.calls += self.training and x.shape[0] == 64
        if self.calls > 8:
            torch.empty(1 << 58, dtype=torch.uint8)
        return x
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a13_a_trial_that_runs_out_of_memory_fails_by_name_and_the_study_goes_on(cli, workers):
    (cli.folder / "hungry.py").write_text(HUNGRY)
    words = ("compare", "digits", "-d", "hungry.py:Hungry", "--seeds", "1", "--steps", "12")
    done = cli(*words, *PINNED, "--workers", workers)
    assert done.returncode == 4, done.stderr
    states = {key.split("/")[-2]: value[0] for key, value in cli.results().items()}
    assert states.pop("Hungry") == "failed"
    assert set(states.values()) == {"finished"}
    assert "Hungry/s0: failed: out of memory (" in done.stderr
    assert "a smaller --batch or --image-size needs less" in done.stderr


def test_a14_a_worker_that_is_killed_costs_its_trial_only_and_is_named(cli):
    (cli.folder / "killed.py").write_text(
        HUNGRY.replace("Hungry", "Killed").replace(
            "torch.empty(1 << 58, dtype=torch.uint8)",
            "import os; os.kill(os.getpid(), 9)",
        )
    )
    words = ("compare", "digits", "-d", "killed.py:Killed", "--seeds", "1", "--steps", "12")
    done = cli(*words, *PINNED, "--workers", "2")
    assert done.returncode == 4, done.stderr
    assert "Killed/s0: failed: the worker process was killed by SIGKILL (out of memory?)" in (
        done.stderr
    )
    assert sum(state == "finished" for state, _, _ in cli.results().values()) == 3


@pytest.mark.parametrize("code", [sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOLFS])
def test_a15_a_file_system_without_locks_is_refused(tmp_path, monkeypatch, code):
    class Without(sqlite3.Connection):
        def execute(self, *words):
            error = sqlite3.OperationalError("locking protocol")
            error.sqlite_errorcode = code
            raise error

    monkeypatch.setattr(
        Ledger, "_connect", lambda self: sqlite3.connect(":memory:", factory=Without)
    )
    with pytest.raises(StorageError, match="does not do what SQLite needs"):
        Ledger(tmp_path / "ledger.sqlite")


def test_a15_no_folder_locks_are_a_clear_refusal(tmp_path, monkeypatch):
    def unsupported(descriptor, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)
    with (
        pytest.raises(StorageError, match="has no locks"),
        folder_lock(tmp_path / "run", wait=True, on_wait=lambda: None),
    ):
        pass


def test_a15_the_rollback_journal_is_used_which_needs_no_shared_memory(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.add(["t"])
    with sqlite3.connect(ledger.path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.sqlite"]


@pytest.mark.parametrize(("first", "then"), [("0", "1"), ("1", "4"), ("4", "0")])
def test_a16_another_number_of_workers_changes_no_bit(cli, reference, first, then, two_threads):
    cli.dies_at("trial:before-record@3", *STUDY, "--workers", first)
    done = cli(*STUDY, "--workers", then)
    assert done.returncode == 0, done.stderr
    assert cli.results() == reference


def test_a17_another_processor_is_told_and_recorded_and_refused_on_request(copied):
    grown = ("--seeds", "3")
    words = [*STUDY[:4], *grown, *STUDY[6:-1], "--workers", "0"]

    def elsewhere(*more):
        return copied.process(*words, *more, env={"ATEN_CPU_CAPABILITY": "default"})

    refused = elsewhere("--exact")
    assert refused.returncode == 8
    assert "--exact refuses to mix them" in refused.stderr
    assert len(copied.results()) == NUM_TRIALS
    done = elsewhere()
    assert done.returncode == 0, done.stderr
    assert "8 finished trials were computed by another version, processor" in done.stderr
    assert len(copied.results()) == NUM_TRIALS + 4
    assert "they are not bit-comparable" in (copied.folder / "run" / "report.html").read_text()


def test_a18_a_changed_image_of_the_same_size_and_time_is_found(cli):
    for label in range(2):
        folder = cli.folder / "photos" / "ab"[label]
        folder.mkdir(parents=True)
        for index in range(20):
            pixels = np.random.default_rng([label, index]).integers(0, 256, (12, 12), np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.bmp")
    words = ("compare", "photos", "-d", "none", "--seeds", "1", "--steps", "2", *PINNED)
    assert cli(*words, "--workers", "0").returncode == 0
    path = cli.folder / "photos" / "a" / "7.bmp"
    status, content = path.stat(), bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    changed = cli(*words, "--workers", "0")
    assert changed.returncode == 8
    assert "photos has changed since run was started (data_hash differs)" in changed.stderr
