"""`whatwhere reproduce` and `list settings` as a user meets them."""

import json

import pytest

from tests.command_line import CommandLine


@pytest.fixture
def cli(tmp_path):
    return CommandLine(tmp_path)


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["samc2024_cifar11"], 2, "unknown setting 'samc2024_cifar11'; did you mean"),
        (["dmsca2026_resnet50_imagenet"], 3, "cannot be run: ImageNet (ILSVRC 2012)"),
        (["samc2024_cifar10", "--steps", "0"], 2, "steps=0: expected at least 1"),
        (["samc2024_cifar10", "--row", "SMAC"], 2, "'SMAC'; did you mean 'SAMC'?"),
        (["samc2024_cifar10", "--data", "nowhere"], 2, "unknown data set 'nowhere'"),
        (["samc2024_cifar10", "--seeds", "0"], 2, "seeds=0: expected 1 to 100"),
    ],
)
def test_errors_are_one_line_with_what_to_do(cli, words, code, text):
    done = cli("reproduce", *words)
    assert done.returncode == code
    last = next(line for line in done.stderr.splitlines() if line.startswith("error["))
    assert text in last
    assert "Traceback" not in done.stderr


def test_settings_are_listed_with_their_state(cli):
    done = cli("list", "settings")
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}
    assert "not measured" in lines["samc2024_cifar100"]
    assert "refused" in lines["dmsca2026_resnet50_imagenet"]
    whole = cli("list", "settings", "samc2024_cifar10").stdout
    assert "SAMC: accuracy 93.42 %" in whole
    assert "state: not measured" in whole
    (card,) = json.loads(cli("list", "settings", "msga2025_heads", "--json").stdout)
    assert card["sweep"] == "number of heads: 2, 4, 6, 8, 10, 12"


def test_a_shortened_run_from_the_command_line(cli, tmp_path):
    words = ["topologies2026_breastmnist", "--data", "digits", "--steps", "2", "--seeds", "1"]
    done = cli.process(
        "reproduce", *words, "--row", "no attention", "--workers", "0", "-o", "out", "--json"
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["status"].startswith("shortened: 2 of 3,600 steps, not comparable; other data:")
    assert "Handwritten digits, 8 x 8 instead of BreastMNIST" in told["status"]
    assert (tmp_path / told["page"]).is_file()
    assert "whatwhere reproduce topologies2026_breastmnist" in told["command"]
    assert not (tmp_path / "reproductions").exists()
