"""Fine-tuning from end to end: train, compare from it, and go on without the file."""

import json
import shutil
import tomllib
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, load_file, save_file

import whatwhere
from tests.command_line import CommandLine
from whatwhere.blocks.designs import named_or_typed
from whatwhere.errors import MismatchError, UnsafeError, UsageError
from whatwhere.models import build_model
from whatwhere.records import Run, TrialKey, trial_folder
from whatwhere.study.display import Silent
from whatwhere.study.preparing.chosen import choose_designs
from whatwhere.study.preparing.prepare import prepare
from whatwhere.study.preparing.pretrained import open_pretrained, without_controls
from whatwhere.study.preparing.ready import make_ready
from whatwhere.study.request import Request
from whatwhere.study.trained import trained_bundle
from whatwhere.study.trials.trial import run_trial

STEPS = 10
OPTIONS = {"seeds": 1, "steps": STEPS, "precision": "fp32", "layout": "nchw", "quiet": True}


def colour_tiles(path, num_classes, seed):
    """Write an .npz of small colour images whose class is their hue."""
    rng = np.random.default_rng(seed)
    label = np.arange(40 * num_classes) % num_classes
    hue = np.stack([(label * 53) % 256, (label * 101) % 256, (label * 29) % 256], axis=1)
    noise = rng.integers(-20, 21, (len(label), 16, 16, 3))
    image = np.clip(hue[:, None, None, :] + noise, 0, 255).astype(np.uint8)
    np.savez(path, images=image, labels=label)
    return path


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with two data sets and a model that was trained on the first."""
    folder = tmp_path_factory.mktemp("pretrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHATWHERE_DATA", str(folder / "cache"))
        colour_tiles(folder / "seven.npz", 7, seed=1)
        colour_tiles(folder / "five.npz", 5, seed=2)
        for design in ("none", "csa"):
            whatwhere.train(
                folder / "seven.npz",
                design=design,
                output=folder / design,
                protocol="quick",
                backbone="resnet8",
                steps=STEPS,
                quiet=True,
            )
        yield folder


def compare(place, tmp_path, **options):
    options = {"pretrained": place / "none", "designs": ["csa", "cbam"], **OPTIONS, **options}
    options.setdefault("num_workers", 0)
    data = options.pop("data", place / "five.npz")
    return whatwhere.compare(data, output=tmp_path / "run", **options)


def record_of(run, name, seed=0):
    (trial,) = [
        t
        for t in Run.read(run.folder).trials
        if (t.record["design"]["name"], t.key.seed) == (name, seed)
    ]
    return trial.record


@pytest.fixture(scope="module")
def run(place, tmp_path_factory):
    return compare(place, tmp_path_factory.mktemp("compare"), num_workers=2, seeds=2)


def test_the_recipe_is_that_of_the_weights(place, run):
    recipe = Run.read(run.folder).config["recipe"]["five"]
    images = tomllib.loads((place / "none" / "config.toml").read_text())["images"]
    assert (recipe["mean"], recipe["std"]) == (images["mean"], images["std"])
    assert (recipe["image_size"], recipe["backbone"]) == (16, "resnet8")
    assert (recipe["start"], recipe["frozen_fraction"]) == ("identity", 0.2)
    assert recipe["learning_rate"] == pytest.approx(0.2 / 3)
    assert recipe["pretrained"]["name"] == str(place / "none")
    assert recipe["widened_inner_widths"] == []
    asked = Run.read(run.folder).config["asked"]
    assert asked["recipe"]["pretrained"] == str(place / "none")
    assert f"--pretrained {place / 'none'}" in asked["command"]


def test_there_is_no_room_for_controls(run):
    assert {row["design"] for row in run.leaderboard} == {"none", "csa", "cbam"}
    kept, told = without_controls(choose_designs(["csa", "gain_0.5"]))
    assert [design.name for design in kept] == ["none", "csa"]
    assert told.startswith("left out: widened, gain_0.25, gain_0.5: with attention that starts as")
    assert without_controls(kept) == (kept, "")


def test_records_carry_the_weights_and_what_was_learned_from_the_identity(run):
    recipe = Run.read(run.folder).config["recipe"]["five"]
    for name, num_blocks in (("none", 0), ("csa", 3), ("cbam", 3)):
        for seed in (0, 1):
            record = record_of(run, name, seed)
            assert record["weights_hash"] == recipe["pretrained"]["sha256"]
            shares = record["learned_shares"]
            assert len(shares) == num_blocks
            assert all(value != 0 for value in shares.values())
            state = trained_bundle(run.folder, TrialKey("five", 140, name, seed)).model()
            found = [v.item() for n, v in state.state_dict().items() if n.endswith(".a")]
            assert found == list(shares.values())
            assert record["cost"]["initial_gain"] == 1.0


def test_the_report_says_what_training_began_with_and_what_became_of_it(place, run):
    page = (run.folder / "report.html").read_text()
    sha256 = Run.read(run.folder).config["recipe"]["five"]["pretrained"]["sha256"]
    said = (
        f"Fine-tuned from {place / 'none'} (SHA-256 {sha256[:12]}), whose weights rest for the"
        " first 20 % of the steps; attention starts as the identity."
    )
    assert said in page
    assert "SHA-256" in (run.folder / "table.md").read_text()
    (cell,) = json.loads((run.folder / "summary.json").read_text())["cells"]
    for row in cell["leaderboard"]:
        shares = [
            value
            for seed in (0, 1)
            for value in record_of(run, row["design"], seed)["learned_shares"].values()
        ]
        if not shares:
            assert row["learned_share"] is None
            continue
        assert row["learned_share"]["mean"] == pytest.approx(np.mean(shares))
        assert (row["learned_share"]["low"], row["learned_share"]["high"]) == (
            min(shares),
            max(shares),
        )
        assert f'<td class="number">{row["learned_share"]["high"]:.3g}</td>' in page


def test_in_the_first_phase_of_a_trial_only_head_and_attention_move(place, tmp_path):
    request = Request(
        data=(str(place / "five.npz"),),
        pretrained=str(place / "none"),
        steps=STEPS,
        precision="fp32",
        layout="nchw",
    )
    prepared = prepare(
        request.data[0], request, device="cpu", pretrained=open_pretrained(request, Silent())
    )
    design = named_or_typed("cbam")
    ready = make_ready(prepared, [design], None, {}, device="cpu", scratch=tmp_path)
    spec = ready.trial(design, TrialKey("five", 140, "cbam", 0), device="cpu", folder=tmp_path)
    resting = replace(spec, protocol=replace(spec.protocol, frozen_fraction=1.0))
    outcome = run_trial(resting, lambda point: None)
    after = load(outcome.files["model.safetensors"])
    weights = dict(prepared.weights)
    assert {name for name in weights if not torch.equal(after[name], weights[name])} == set()
    built = build_model(spec.model, design=design, seed=0, weights=weights).state_dict()
    others = set(after) - set(weights)
    assert others == {name for name in after if "attention" in name or name.startswith("head")}
    still = {name for name in others if torch.equal(after[name], built[name])}
    # A gain that is kept for good, and biases whose gradient the norm after them takes away.
    assert all(name.endswith(("initial_gain", "bias")) for name in still)
    moved = load(run_trial(spec, lambda point: None).files["model.safetensors"])
    assert not any(torch.equal(moved[name], weights[name]) for name in weights if "conv" in name)


def test_models_work_after_the_file_is_gone(place, tmp_path):
    shutil.copytree(place / "none", tmp_path / "origin")
    done = compare(place, tmp_path, pretrained=tmp_path / "origin", designs=["csa"], seeds=2)
    shutil.rmtree(tmp_path / "origin")
    model = done.model("csa")
    trial = trial_folder(done.folder, TrialKey("five", 140, "csa", 0))
    state, kept = model.state_dict(), load_file(trial / "model.safetensors")
    assert state.keys() == kept.keys()
    assert all(torch.equal(state[name], kept[name]) for name in kept)
    assert whatwhere.predict(done.folder, _one_picture(tmp_path)).num_images == 1
    with pytest.raises(
        UsageError, match=r"origin: there is no such file or folder \(expected timm:"
    ):
        compare(place, tmp_path, pretrained=tmp_path / "origin", designs=["csa"])


def test_other_weights_under_the_same_name_are_another_recipe(place, tmp_path):
    shutil.copytree(place / "none", tmp_path / "origin")
    compare(place, tmp_path, pretrained=tmp_path / "origin", designs=["none"])
    path = tmp_path / "origin" / "model.safetensors"
    state = load_file(path)
    state["stem.0.weight"][0, 0, 0, 0] += 1e-3
    save_file(state, path)
    with pytest.raises(
        MismatchError, match=r"the weights that .*run was started with have changed"
    ):
        compare(place, tmp_path, pretrained=tmp_path / "origin", designs=["none"])
    with pytest.raises(
        UsageError, match=r"another recipe: pretrained was .*origin and is not given"
    ):
        compare(place, tmp_path, pretrained=None, designs=["none"])


def test_train_begins_with_weights_too_and_its_card_says_so(place, tmp_path):
    whatwhere.train(
        place / "five.npz",
        design="csa",
        output=tmp_path / "model",
        protocol="quick",
        pretrained=place / "none",
        steps=STEPS,
        quiet=True,
    )
    config = tomllib.loads((tmp_path / "model" / "config.toml").read_text())
    assert config["facts"]["pretrained"]["name"] == str(place / "none")
    assert (config["model"]["start"], config["model"]["backbone"]) == ("identity", "resnet8")
    card = (tmp_path / "model" / "README.md").read_text()
    assert f"- fine-tuned from {place / 'none'} (SHA-256 " in card
    labelled = whatwhere.predict(tmp_path / "model", _one_picture(tmp_path))
    assert labelled.num_images == 1
    with pytest.raises(
        UsageError, match="'widened' cannot begin with pretrained weights: with att"
    ):
        whatwhere.train(
            place / "five.npz",
            design="widened",
            output=tmp_path / "wide",
            pretrained=place / "none",
            quiet=True,
        )


def _one_picture(folder):
    from PIL import Image

    Image.fromarray(np.full((20, 20, 3), 90, np.uint8)).save(folder / "one.png")
    return folder / "one.png"


def test_a_file_of_ours_trains_with_the_training_pixels_statistics(place, tmp_path, capsys):
    path = tmp_path / "w.safetensors"
    shutil.copy(place / "none" / "model.safetensors", path)
    options = {**OPTIONS, "quiet": False}
    done = compare(
        place, tmp_path, pretrained=path, backbone="resnet8", designs=["none"], **options
    )
    recipe = Run.read(done.folder).config["recipe"]["five"]
    images = tomllib.loads((place / "none" / "config.toml").read_text())["images"]
    assert recipe["mean"] != images["mean"]
    told = capsys.readouterr().err
    assert "the head is fresh: " in told
    assert "7 classes, the data have 5" in told
    assert "does not say how its images were normalised" in told
    assert f"fine-tuned from {path}" in told


def test_grey_images_get_the_summed_convolution_and_the_mean_of_the_three(place, tmp_path, capsys):
    options = {**OPTIONS, "quiet": False}
    done = compare(place, tmp_path, data="digits", designs=["none"], image_size=8, **options)
    recipe = Run.read(done.folder).config["recipe"]["digits"]
    images = tomllib.loads((place / "none" / "config.toml").read_text())["images"]
    assert recipe["mean"] == pytest.approx([np.mean(images["mean"])], abs=1e-6)
    assert recipe["image_size"] == 8
    assert "the first convolution is summed from 3 channels to 1" in capsys.readouterr().err


def ask(pretrained, **options):
    return open_pretrained(
        Request(data=("digits",), pretrained=str(pretrained), **options), Silent()
    )


def test_what_cannot_be_begun_with_is_refused_in_one_line(place, tmp_path):
    with pytest.raises(UsageError, match="resnet18: there is no such file or folder"):
        ask("resnet18")
    with pytest.raises(UsageError, match="a file does not say its network; add --backbone"):
        ask(place / "none" / "model.safetensors")
    with pytest.raises(UsageError, match="is a resnet8, which contradicts --backbone resnet20"):
        ask(place / "none", backbone="resnet20")
    with pytest.raises(
        UsageError, match="is a timm:resnet18, which contradicts --backbone resnet8"
    ):
        ask("timm:resnet18", backbone="resnet8")
    with pytest.raises(UsageError, match=r"holds a model with attention \(S\(C\(x\)\)\)"):
        ask(place / "csa")
    with pytest.raises(UsageError, match=r"unknown network 'resnet9'; did you mean 'resnet"):
        ask(place / "none" / "model.safetensors", backbone="resnet9")
    (tmp_path / "model.pth").write_bytes(b"no weights at all")
    with pytest.raises(UnsafeError, match=r"model.pth is refused"):
        ask(tmp_path / "model.pth", backbone="resnet8")
    shutil.copytree(place / "none", tmp_path / "torn")
    whole = (place / "none" / "model.safetensors").read_bytes()
    (tmp_path / "torn" / "model.safetensors").write_bytes(whole[:-5])
    with pytest.raises(UnsafeError, match=r"model.safetensors is refused"):
        ask(tmp_path / "torn")
    assert open_pretrained(Request(data=("digits",)), Silent()) is None


def test_a_timm_model_that_is_no_cnn_is_refused_before_its_weights_are_fetched(monkeypatch):
    timm = pytest.importorskip("timm")
    create = timm.create_model

    def offline(name, pretrained=False, **options):
        assert not pretrained
        return create(name, **options)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(UsageError, match="VisionTransformer has"):
        ask("timm:vit_tiny_patch16_224")


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["--pretrained", "nowhere.pth"], 2, "there is no such file or folder (expected timm:NAME"),
        (["--pretrained", "timm:resnet19"], 2, "unknown timm model 'resnet19'; did you mean"),
        (["--pretrained", "bad.pt", "--backbone", "resnet8"], 5, "bad.pt is refused"),
        (["--pretrained", "timm:resnet18"], 2, "could not be fetched"),
        (
            ["--pretrained", "ours.safetensors", "--backbone", "timm:resnet18"],
            2,
            "ours.safetensors is not a state dict of timm:resnet18: entries 100 missing (",
        ),
    ],
)
def test_errors_on_the_command_line(place, tmp_path, monkeypatch, words, code, text):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    (tmp_path / "bad.pt").write_bytes(b"bad")
    shutil.copy(place / "none" / "model.safetensors", tmp_path / "ours.safetensors")
    cli = CommandLine(tmp_path)
    # The hub is told to be offline when it is imported: only a new process is.
    run = cli.process if text == "could not be fetched" else cli
    done = run("compare", "digits", "-d", "csa", *words)
    assert done.returncode == code, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error[")]
    assert text in line
    assert len(done.stderr.splitlines()) <= 2
    assert not (tmp_path / "runs").exists()
