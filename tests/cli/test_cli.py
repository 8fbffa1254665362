"""The command line as a user meets it: help, errors, plans, lists, training and predicting."""

import csv
import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from tests.command_line import CommandLine


@pytest.fixture
def cli(tmp_path):
    return CommandLine(tmp_path)


def test_help_is_quick_and_names_the_verbs(cli):
    best = 99.0
    for _ in range(3):
        started = time.perf_counter()
        done = cli.process("--help")
        best = min(best, time.perf_counter() - started)
    assert done.returncode == 0
    for verb in ("compare", "train", "predict", "report", "list"):
        assert verb in done.stdout
    assert best < 1.0


def test_version(cli):
    from whatwhere.version import __version__

    assert cli.process("--version").stdout.strip() == __version__


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["compare", "-d", "csb"], 2, "unknown design or network 'csb'; did you mean 'csa'?"),
        (["compare", "-d", "S(D(x))"], 2, "unknown operation 'D'"),
        (["compare", "nowhere"], 2, "unknown data set 'nowhere'"),
        (["compare", "--seds", "3"], 2, "No such option"),
        (["compare", "--metric", "f1"], 2, "metric 'f1': expected one of accuracy"),
        (["compare", "--budget", "ten"], 2, "expected a duration such as 90s, 10m or 2h"),
        (["compare", "--sizes", "10,x"], 2, "'x' is not a number of images"),
        (["compare", "--sizes", "5000"], 2, "has 1000 training images, fewer than 5000"),
        (["compare", "--value-range", "9,1"], 2, "expected LOW,HIGH"),
        (["compare", "--steps", "5", "--epochs", "1"], 2, "give steps or epochs, not both"),
        (["compare", "-d", "nofile.py:Block"], 2, "there is no file nofile.py"),
        (["compare", "digits", "digits"], 2, "every data set once"),
        (["train", "digits"], 2, "expected one design such as -d csa"),
        (["train", "digits", "-d", "sequential"], 2, "got 4: csa, sca, csca, scsa"),
        (["predict", "nowhere", "."], 2, "holds no model"),
        (["report", "nowhere"], 2, "nowhere is not a run"),
        (["list", "network"], 2, "unknown list 'network'; did you mean 'networks'?"),
    ],
)
def test_errors_are_one_line_without_traceback(cli, words, code, text):
    done = cli(*words)
    assert done.returncode == code
    last = next(line for line in done.stderr.splitlines() if line.startswith("error["))
    assert text in last
    assert "Traceback" not in done.stderr


def test_an_error_leaves_the_process_with_its_code_and_its_line(cli):
    done = cli.process("compare", "-d", "csb", "--json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("error[USAGE]: unknown design or network 'csb'; did you mean 'csa'?")


def test_debug_shows_the_traceback_and_json_the_error(cli):
    assert "Traceback" in cli("compare", "-d", "csb", "--debug").stderr
    error = json.loads(cli("compare", "-d", "csb", "--json").stdout)
    assert (error["error"], error["exit_code"]) == ("USAGE", 2)


def test_a_dry_run_tells_the_plan_and_writes_nothing(cli, tmp_path):
    done = cli("compare", "-d", "sequential", "--seeds", "2", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "14 trials to run, about" in done.stdout
    assert "differences of about" in done.stdout
    assert "this is an assumption and no measurement" in done.stdout
    assert "the next stronger protocol, --protocol standard" in done.stdout
    assert not (tmp_path / "runs").exists()
    plan = json.loads(cli("compare", "-d", "csa", "--seeds", "2", "--dry-run", "--json").stdout)
    assert len(plan["trials"]) == 8
    assert plan["seconds"] > 0


def test_pilot_runs_measure_the_plan_and_count(cli, tmp_path):
    command = ("compare", "digits", "-d", "sca,csa", "--steps", "9", "-o", "run")
    done = cli(*command, "--pilot", "2", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    (seeds,) = plan["seeds"]
    assert seeds["measured_on"] == ["none", "csa"]
    assert seeds["basis"].startswith("Measured on 4 runs of no attention and csa: runs spread by")
    assert (seeds["num_rows"], seeds["num_items"]) == (5, 600)
    assert 0 < seeds["disagreement"] < 1
    assert [need["target"] for need in seeds["table"]] == [0.005, 0.01, 0.02]
    # Three seeds of five rows are asked for; the pilot's four trials are among them.
    assert len(plan["trials"]) == 15 - 4
    kept = {path: path.read_bytes() for path in (tmp_path / "run").rglob("record.json")}
    assert len(kept) == 4
    page = (tmp_path / "run" / "report.html").read_text()
    assert "11 of 15 planned trials have not run; the same command completes them." in page
    assert "-d sca,csa --seeds 3 " in page
    done = cli(*command, "--dry-run")
    assert "Measured on 4 runs of no attention and csa" in done.stdout
    assert cli(*command, "--seeds", "2").returncode == 0
    assert all(path.read_bytes() == content for path, content in kept.items())
    assert len(list((tmp_path / "run").rglob("record.json"))) == 10


def test_a_pilot_needs_two_seeds_and_a_design(cli):
    done = cli("compare", "digits", "-d", "csa", "--pilot", "1")
    assert done.returncode == 2
    assert "pilot=1: expected 2 to 100 seeds" in done.stderr
    done = cli("compare", "digits", "-d", "none", "--pilot", "2")
    assert "a pilot needs a design beside no attention" in done.stderr


def test_a_dry_run_is_no_pilot(cli, tmp_path):
    done = cli("compare", "digits", "-d", "csa", "--pilot", "2", "--dry-run", "-o", "run")
    assert done.returncode == 2
    assert "--dry-run with --pilot 2: a dry run trains nothing and a pilot trains" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_budget_plans_what_fits_and_names_what_it_left_out(cli):
    done = cli(
        "compare", "-d", "csa,sca", "--seeds", "50", "--budget", "60s", "--dry-run", "--json"
    )
    plan = json.loads(done.stdout)
    assert 5 <= len(plan["trials"]) < 250
    assert len(plan["trials"]) + len(plan["left_out"]) == 250
    assert plan["seconds"] <= 60
    assert any("left out to keep to the budget: seeds" in line for line in plan["forecast"])


def test_lists(cli):
    designs = json.loads(cli("list", "designs", "--json").stdout)
    assert [card["number"] for card in designs[:3]] == [0, 1, 2]
    assert next(c for c in designs if c["name"] == "csa")["wiring"] == "S(C(x))"
    assert all(card["source"] for card in designs)
    text = cli("list", "designs").stdout
    assert "c_cmssa" in text
    assert "S3(S5(S(C(x))))" in text
    assert "cluttered-digits" in cli("list", "data").stdout


def write_photographs(folder):
    rng = np.random.default_rng(1)
    for number, name in enumerate(("dark", "light")):
        (folder / name).mkdir(parents=True)
        for index in range(30):
            size = (int(rng.integers(20, 40)), int(rng.integers(20, 40)), 3)
            pixels = rng.integers(0, 90, size) + 150 * number
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{index}.png")


def test_train_then_predict_a_folder(cli, tmp_path):
    write_photographs(tmp_path / "photos")
    done = cli(
        "train", "photos", "-d", "S(C(x))", "--protocol", "quick", "--steps", "30", "-o", "model"
    )
    assert done.returncode == 0, done.stderr
    assert "test images are right" in done.stdout
    assert {path.name for path in (tmp_path / "model").iterdir()} == {
        "model.safetensors",
        "config.toml",
        "README.md",
    }
    assert "S(C(x))" in (tmp_path / "model" / "README.md").read_text()
    (tmp_path / "photos" / "light" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    done = cli("predict", "model", "photos", "-o", "labels.csv")
    assert done.returncode == 4
    assert "torn.png is no image of a format that is read" in done.stderr
    rows = list(csv.DictReader(io.StringIO((tmp_path / "labels.csv").read_text())))
    assert len(rows) == 61
    good = [row for row in rows if not row["problem"]]
    right = sum(row["path"].startswith(row["predicted"]) for row in good)
    assert right >= 58
    for row in good:
        assert float(row["p(dark)"]) + float(row["p(light)"]) == pytest.approx(1, abs=1e-5)
    again = cli("train", "photos", "-d", "csa", "-o", "model", "--steps", "2")
    assert again.returncode == 2
    assert "holds a model already" in again.stderr


def test_compare_on_a_folder_then_predict_with_the_recommended_model(cli, tmp_path):
    write_photographs(tmp_path / "photos")
    words = ("compare", "photos", "-d", "csa", "--seeds", "2", "--steps", "4", "-o", "run")
    done = cli.process(*words)
    assert done.returncode == 0, done.stderr
    assert "report: run/report.html" in done.stdout
    done = cli("predict", "run", "photos/dark")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 31
    page = (tmp_path / "run" / "report.html").read_bytes()
    (tmp_path / "run" / "report.html").unlink()
    assert cli("report", "run").returncode == 0
    assert (tmp_path / "run" / "report.html").read_bytes() == page


def test_a_folder_with_the_name_of_a_known_data_set_is_the_folder(cli, tmp_path):
    write_photographs(tmp_path / "digits")
    done = cli("compare", "./digits", "-d", "csa", "--steps", "2", "--dry-run")
    assert "2 classes" in done.stdout, done.stderr


def test_several_data_sets_and_sizes_in_one_study(cli, tmp_path):
    write_photographs(tmp_path / "photos")
    done = cli(
        "compare",
        "photos",
        "digits",
        "-d",
        "csa",
        "--seeds",
        "1",
        "--steps",
        "3",
        "--sizes",
        "20,all",
        "-o",
        "run",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    cells = json.loads(done.stdout)["summary"]["cells"]
    found = {(cell["dataset"], cell["size"]) for cell in cells}
    assert {("photos", 20), ("digits", 20)} < found
    assert len(found) == 4


def test_a_block_from_a_file_is_a_row_like_any_other(cli, tmp_path):
    (tmp_path / "mine.py").write_text(
        "import torch\nfrom torch import nn\n"
        "class MyBlock(nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(channels, channels, 1)\n"
        "    def forward(self, x):\n        return x * torch.sigmoid(self.conv(x))\n"
        "class Wrong(nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n"
        "    def forward(self, x):\n        return x[:, :1]\n"
    )
    done = cli(
        "compare",
        "-d",
        "mine.py:MyBlock",
        "-d",
        "S(C(x)) + x",
        "--seeds",
        "1",
        "--steps",
        "3",
        "-o",
        "run",
    )
    assert done.returncode == 0, done.stderr
    assert "MyBlock" in done.stdout
    assert "S(C(x)) + x" in (tmp_path / "run" / "report.html").read_text()
    done = cli("compare", "-d", "mine.py:Wrong")
    assert done.returncode == 2
    assert "must return a map of its input's shape (2, 16, 7, 5), not (2, 1, 7, 5)" in done.stderr
    done = cli("compare", "-d", "mine.py:YourBlock")
    assert "has no torch.nn.Module named 'YourBlock' (it has: MyBlock, Wrong)" in done.stderr


def test_report_checks_a_published_table_alone(cli, tmp_path):
    (tmp_path / "table.csv").write_text(
        "paper,topology,dataset,metric,value\n"
        "p,MLP,CIFAR-100,accuracy,0.812\n"
        "p,MLP,CIFAR-100,recall,0.789\n"
    )
    done = cli("report", "--published", "table.csv")
    assert done.returncode == 0, done.stderr
    assert "2 cannot be right together with another of the same row" in done.stdout
    assert "line 2, MLP: accuracy 0.812 and recall 0.789 differ by 0.023" in done.stdout
    lines = json.loads(cli("report", "--published", "table.csv", "--json").stdout)["published"]
    assert [line["check"] for line in lines["lines"]] == ["not both", "not both"]
    (tmp_path / "table.csv").write_text("paper,topology,dataset,metrik,value\n")
    done = cli("report", "--published", "table.csv")
    assert done.returncode == 2
    assert "table.csv, line 1: unknown column 'metrik'; did you mean 'metric'" in done.stderr
    done = cli("report")
    assert done.returncode == 2
    assert "give the folder of a run, or a table with --published FILE" in done.stderr


def test_report_lays_published_numbers_beside_a_run(cli, tmp_path):
    done = cli("compare", "digits", "-d", "csa", "--seeds", "1", "--steps", "3", "-o", "run")
    assert done.returncode == 0, done.stderr
    (tmp_path / "table.csv").write_text(
        "paper,topology,dataset,backbone,metric,value\np,CSA,digits,resnet8,accuracy,99 %\n"
    )
    done = cli("report", "run", "--published", "table.csv")
    assert done.returncode == 0, done.stderr
    assert "Of 1 published number: 1 not checked" in done.stdout
    assert "test images not said there" in done.stdout
    assert 'id="published"' in (tmp_path / "run" / "report.html").read_text()
    # Whoever goes on with the run keeps the table on its page.
    again = cli("compare", "digits", "-d", "csa", "--seeds", "1", "--steps", "3", "-o", "run")
    assert again.returncode == 0, again.stderr
    assert 'id="published"' in (tmp_path / "run" / "report.html").read_text()


def test_numbers_that_cannot_be_are_told_on_standard_error(cli, tmp_path):
    done = cli("compare", "digits", "-d", "csa", "--seeds", "1", "--steps", "3", "-o", "run")
    assert "Do not use these tables" not in done.stderr
    (path,) = (tmp_path / "run").glob("trials/*/csa/s0/record.json")
    record = json.loads(path.read_bytes())
    record["validation"]["accuracy"] = 0.9
    path.write_text(json.dumps(record))
    done = cli("report", "run")
    assert "Do not use these tables: 1 number contradicts arithmetic." in done.stderr
    # The same command repairs the trial, and the page is quiet again.
    done = cli("compare", "digits", "-d", "csa", "--seeds", "1", "--steps", "3", "-o", "run")
    assert done.returncode == 0, done.stderr
    assert "Do not use these tables" not in done.stderr
