"""The verb: its words, its exit codes, its JSON."""

import json

import pytest

from tests.search.conftest import SPACE
from whatwhere.cli.ending import main
from whatwhere.study.searching import proposals


def run(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code, *capsys.readouterr()


@pytest.fixture
def words(tmp_path, monkeypatch):
    monkeypatch.setenv("WHATWHERE_DATA", str(tmp_path / "cache"))
    (tmp_path / "tiny.toml").write_text(SPACE)
    given = ["search", "digits", "--space", tmp_path / "tiny.toml", "--protocol", "quick"]
    return [*given, "--steps", 3, "--trials", 2, "--finalists", 0, "-o", tmp_path / "out"]


def test_it_prints_the_best_and_the_dashboard(words, capsys, tmp_path):
    code, out, err = run(words, capsys)
    assert code == 0
    assert "has the highest validation accuracy" in out
    assert f"every trial: optuna-dashboard sqlite:///{tmp_path}/out/optuna.sqlite" in out
    assert "whatwhere compare digits -d " in out
    assert f"page: {tmp_path}/out/search.html" in out
    assert "a trial of the default has 3 steps and takes about" in err
    code, out, err = run([*words, "--json"], capsys)
    assert code == 0
    assert err == ""
    assert json.loads(out)["counts"] == {"finished": 2}


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (["--space", "smac"], 2, "unknown space 'smac'; did you mean 'samc'?"),
        (["--objective", "size"], 2, "unknown objective 'size'"),
        (["--trials", "0"], 2, "trials=0: expected 1 to 10,000"),
        (["--budget", "soon"], 2, "budget 'soon'"),
        (["--max-parameters", "10"], 2, "raise --max-parameters"),
        (["--trial", "3"], 2, "No such option"),
        (["--protocol", "quick(weight_decai=1)"], 2, "did you mean 'weight_decay'"),
    ],
)
def test_wrong_words_end_with_their_code(words, capsys, monkeypatch, more, code, message):
    monkeypatch.setattr(proposals, "_MAX_DRAWS", 50)  # of nine distinct ones
    ended, _, err = run([*words, *more], capsys)
    assert (ended, message in err) == (code, True), err


def test_a_failed_trial_ends_with_code_4(words, capsys, monkeypatch):
    def fails(spec, on_epoch):
        raise RuntimeError("boom")

    monkeypatch.setattr("whatwhere.study.searching.trials.run_trial", fails)
    code, out, err = run(words, capsys)
    assert code == 4
    assert "No trial of the search over tiny finished." in out
    assert "trial 0: RuntimeError: boom" in err
