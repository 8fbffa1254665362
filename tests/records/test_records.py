"""Atomic files, fail-points, trials and the ledger."""

import hashlib
import json
import os
import resource
import sqlite3
import subprocess
import sys

import pytest

from whatwhere.errors import MismatchError, StorageError, UsageError
from whatwhere.records import (
    Ledger,
    Run,
    Trial,
    TrialKey,
    damaged_files,
    remove_stale_temporaries,
    set_aside,
    sha256_of,
    trial_folder,
    write_atomically,
    write_trial,
)


def write_in_child(path, content, site):
    code = (
        "import pathlib, sys; from whatwhere.records import write_atomically;"
        "write_atomically(pathlib.Path(sys.argv[1]), sys.argv[2].encode())"
    )
    environment = {**os.environ, "WHATWHERE_FAILPOINT": site}
    return subprocess.run(
        [sys.executable, "-c", code, str(path), content], env=environment, check=False
    ).returncode


@pytest.mark.parametrize(
    ("site", "survivor"),
    [
        ("half-written", "old"),
        ("before-sync", "old"),
        ("before-replace", "old"),
        ("after-replace", "new content"),
    ],
)
def test_a_death_while_writing_leaves_the_old_content_or_the_new(tmp_path, site, survivor):
    path = tmp_path / "record.json"
    write_atomically(path, b"old")
    assert write_in_child(path, "new content", f"record.json:{site}") == 137
    assert path.read_text() == survivor
    left = [item.name for item in tmp_path.iterdir() if item.name != "record.json"]
    assert len(left) == (0 if site == "after-replace" else 1)
    assert remove_stale_temporaries(tmp_path) == len(left)
    assert [item.name for item in tmp_path.iterdir()] == ["record.json"]


def test_a_failpoint_may_wait_for_its_turn(tmp_path):
    assert write_in_child(tmp_path / "a", "x", "a:before-replace@2") == 0
    assert write_in_child(tmp_path / "a", "x", "b:before-replace") == 0


def test_temporaries_of_the_living_are_left(tmp_path):
    mine = tmp_path / f"x.tmp.{os.getpid()}"
    mine.write_bytes(b"")
    assert remove_stale_temporaries(tmp_path) == 0
    assert mine.exists()


def test_the_hash_that_is_returned_is_the_contents(tmp_path):
    digest = write_atomically(tmp_path / "deep" / "file", b"abc")
    assert digest == hashlib.sha256(b"abc").hexdigest() == sha256_of(tmp_path / "deep" / "file")


def test_a_full_disk_is_a_storage_error_and_keeps_the_old_file(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, b"old")
    code = f"""
import pathlib, resource, signal
from whatwhere.errors import StorageError
from whatwhere.records import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(pathlib.Path({str(path)!r}), b"x" * 5000)
except StorageError as error:
    assert "5,000 bytes are needed" in str(error), error
    raise SystemExit(error.exit_code)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 6
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["file"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 1000


KEY = TrialKey("photos", 100, "csa", 0)


def make_trial(run, key=KEY):
    design = {"name": key.design, "number": 1}
    record = {
        "design": design,
        "dataset": key.dataset,
        "size": key.size,
        "seed": key.seed,
        "state": "finished",
    }
    files = {"curve.csv": b"step,loss\n1,0.5\n2,0.25\n", "model.safetensors": b"weights"}
    write_trial(trial_folder(run, key), record, files)


def test_a_trial_is_read_back(tmp_path):
    make_trial(tmp_path)
    (trial,) = Run(tmp_path).trials
    assert trial.key == KEY
    assert trial.folder == tmp_path / "trials" / "photos-n100" / "csa" / "s0"
    assert trial.curve()["loss"].tolist() == [0.5, 0.25]
    assert damaged_files(trial) == []


def test_changed_bytes_are_named_and_refused(tmp_path):
    make_trial(tmp_path)
    (trial,) = Run(tmp_path).trials
    path = trial.folder / "model.safetensors"
    path.write_bytes(b"weightz")
    (trial.folder / "curve.csv").unlink()
    assert damaged_files(trial) == ["curve.csv", "model.safetensors"]
    with pytest.raises(MismatchError, match="its SHA-256 differs"):
        trial.content("model.safetensors")
    aside = set_aside(trial.folder)
    assert aside.name == "s0.damaged"
    assert Run(tmp_path).trials == ()


def test_a_torn_or_foreign_record_is_no_trial(tmp_path):
    make_trial(tmp_path)
    (trial,) = Run(tmp_path).trials
    record = trial.folder / "record.json"
    whole = record.read_bytes()
    record.write_bytes(whole[:50])
    assert Run(tmp_path).trials == ()
    record.write_text(json.dumps({**json.loads(whole), "format": 99}))
    assert Run(tmp_path).trials == ()
    with pytest.raises(MismatchError, match="no whole trial"):
        Trial.read(trial.folder)


def test_trials_are_sorted_and_other_folders_are_ignored(tmp_path):
    for key in (
        TrialKey("b", 10, "csa", 1),
        TrialKey("b", 9, "csa", 0),
        TrialKey("a", 10, "x", 10),
        TrialKey("a", 10, "x", 2),
    ):
        make_trial(tmp_path, key)
    (tmp_path / "trials" / "a-n10" / "x" / "s2.damaged").mkdir()
    assert [t.key.text for t in Run(tmp_path).trials] == [
        "a-n10/x/s2",
        "a-n10/x/s10",
        "b-n9/csa/s0",
        "b-n10/csa/s1",
    ]


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"is not a run: it has no config\.toml"):
        Run.read(tmp_path)


def test_a_trial_is_claimed_once_and_freed_by_its_owners_death(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.add(["t", "u"])
    code = (
        "import pathlib, sys; from whatwhere.records import Ledger;"
        "print(Ledger(pathlib.Path(sys.argv[1])).claim('t'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ledger.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
    assert ledger.states() == {"t": "waiting", "u": "waiting"}
    assert ledger.claim("t")
    assert not ledger.claim("t")
    assert Ledger(ledger.path).states()["t"] == "running"
    ledger.settle("t", "finished", "abc")
    assert not ledger.claim("t")
    ledger.add(["t"])
    assert ledger.states()["t"] == "finished"
    ledger.release(["t"])
    assert ledger.claim("t")


def test_a_damaged_ledger_is_set_aside_with_a_notice(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    ledger.add([f"trial {number}" for number in range(500)])
    assert ledger.notice is None
    content = bytearray(path.read_bytes())
    content[0:100] = bytes(100)
    path.write_bytes(content)
    again = Ledger(path)
    assert "was damaged" in again.notice
    assert again.states() == {}
    assert (tmp_path / "ledger.sqlite.damaged").exists()


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="cannot create"):
        Ledger(tmp_path / "missing" / "ledger.sqlite")


def test_the_ledger_keeps_what_it_has_when_the_disk_is_full(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).add(["first"])
    code = f"""
import pathlib, resource, signal
from whatwhere.errors import StorageError
from whatwhere.records import Ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
ledger = Ledger(pathlib.Path({str(path)!r}))
size = pathlib.Path({str(path)!r}).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    ledger.add(str(number) * 50 for number in range(2000))
except StorageError as error:
    raise SystemExit(error.exit_code)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 6
    assert Ledger(path).states() == {"first": "waiting"}
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
