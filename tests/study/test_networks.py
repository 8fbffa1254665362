"""Whole networks as rows: from a user's words to models on disk."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load

import whatwhere
from tests.command_line import CommandLine
from whatwhere.blocks import registry
from whatwhere.blocks.designs import named_or_typed
from whatwhere.errors import UnknownNameError, UsageError
from whatwhere.exporting import read_bundle
from whatwhere.models import (
    ModelSpec,
    build_model,
    create_model,
    networks,
    num_parameters,
)
from whatwhere.records import Run, TrialKey
from whatwhere.study.compare import run_comparison
from whatwhere.study.listing import list_cards, with_facts
from whatwhere.study.preparing.chosen import choose_designs, only_design
from whatwhere.study.preparing.measure import median_widths, spec_of
from whatwhere.study.preparing.networks import network_design, refuse_networks
from whatwhere.study.request import Request
from whatwhere.study.trained import trained_bundle

CONTROLS = ["widened", "gain_0.25"]
NETWORKS = ("mlp", "shufflenet_v1-form.samc")


def names(*items):
    return [design.name for design in choose_designs(items)]


def test_networks_stand_beside_designs_after_them():
    assert names("resnet18,csa,mlp") == ["none", "csa", *CONTROLS, "resnet18", "mlp"]
    assert names("S(C(x)), vit") == ["none", "csa", *CONTROLS, "vit"]
    assert names("resnet8-w24, csa")[-1] == "resnet8-w24"


def test_a_network_with_options_has_a_name_that_is_a_legal_file_name():
    text = "shufflenet_v1(form=samc)"
    (design,) = [d for d in choose_designs([f"mlp,csa,{text}"]) if "form" in d.name]
    assert (design.name, design.network) == ("shufflenet_v1-form.samc", text)
    assert network_design(" shufflenet_v1( form = samc )").identity == design.identity
    assert network_design("shufflenet_v1(form=paper)").name == "shufflenet_v1"
    assert network_design("shufflenet_v1").identity != design.identity
    longer = network_design("samc(shortcut=none, dims=64-128-320)")
    assert longer.name == "samc-dims.64-128-320-shortcut.none"


def test_without_attention_there_is_nothing_for_controls_to_judge():
    assert names("mlp") == names("none,mlp") == ["none", "mlp"]
    assert names("none") == ["none", *CONTROLS]


def test_families_and_wildcards():
    rivals = [name for name in networks() if networks().card(name).family == "rival"]
    assert names("rival") == ["none", *rivals]
    assert names("cct_*") == ["none", "cct_6_3x1", "cct_7_3x1", "cct_6_3x2", "cct_7_3x2"]
    assert not any(only in names("*") for only in rivals)


def test_a_family_of_designs_and_of_networks_stands_for_both():
    shared = set(registry().families()) & set(networks().families())
    assert shared == {"amsra"}
    chosen = {design.name: design for design in choose_designs(["amsra"])}
    assert {"msfd", "lgsa", "amsra_t", "amsra_s", "amsra_b"} <= set(chosen)
    assert {name for name in chosen if chosen[name].network} == {"amsra_t", "amsra_s", "amsra_b"}


@pytest.mark.parametrize(
    ("text", "fidelity", "source"),
    [
        ("resnet20", "exact", "He et al., CVPR 2016, section 4.2"),
        ("resnet44", "exact", "He et al., CVPR 2016, section 4.2"),
        ("resnet34-large", "exact", "He et al., CVPR 2016, table 1"),
        (
            "resnet8",
            "ours",
            "ours: another depth or width of the networks of He et al., CVPR 2016, se",
        ),
        ("resnet20-w24", "ours", "ours: another depth or width of the networks of He et al., CVPR"),
        ("resnet18-w32", "ours", "ours: another depth or width of the networks of He et al., CVPR"),
        ("timm:resnet10t", "exact", "the code of timm, model resnet10t"),
    ],
)
def test_a_network_without_a_card_has_a_source_that_it_is_in(text, fidelity, source):
    card = network_design(text).card
    assert card.fidelity == fidelity
    assert card.source.startswith(source)
    assert card.licence == ("timm, Apache-2.0" if text.startswith("timm:") else "")


def test_no_network_has_the_name_of_a_design():
    assert not set(registry()) & set(networks())
    assert not set(networks()) & set(registry().families())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("csb", "unknown design or network 'csb'; did you mean 'csa'"),
        ("resnet19", "unknown design or network 'resnet19'; did you mean 'resnet18'"),
        ("mlpp", r"'mlpp'; did you mean 'mlp'.*list designs.*list networks"),
        ("smac(shortcut=none)", "unknown design or network 'smac'; did you mean 'samc'"),
        ("shufflenet_v1(fomr=samc)", "unknown option of shufflenet_v1 'fomr'; did you mean 'form'"),
        ("shufflenet_v1(form=sam)", r"expected one of paper, samc; did you mean 'samc'"),
        ("vgg19(width=3)", "vgg19 has no options, so 'width' is none of it"),
        ("timm:resnet-18", "unknown timm model 'resnet-18'; did you mean"),
    ],
)
def test_errors_name_the_nearest_of_both(text, message):
    with pytest.raises((UnknownNameError, UsageError), match=message):
        choose_designs([text])


def test_a_network_takes_the_place_of_the_backbone():
    bare = ModelSpec("resnet8", 5, 1, inner_widths=None, image_size=12)
    spec = spec_of(bare, network_design("mlp"), (9, 9, 9))
    assert spec == replace(bare, backbone="mlp")
    assert spec_of(bare, named_or_typed("widened"), (9, 9, 9)).inner_widths == (9, 9, 9)
    model = build_model(spec, design=network_design("mlp"), seed=3)
    again = build_model(spec, design=network_design("mlp"), seed=3)
    other = build_model(spec, design=network_design("mlp"), seed=4)
    assert model[1].in_features == 12 * 12
    assert torch.equal(model[1].weight, again[1].weight)
    assert not torch.equal(model[1].weight, other[1].weight)


def test_networks_do_not_move_the_widened_control():
    spec = ModelSpec("resnet8", 5, 1)
    attention = [named_or_typed(name) for name in ("csa", "se", "bi_csa")]
    with_networks = [*attention, network_design("mlp"), network_design("resnet18")]
    assert median_widths(spec, with_networks) == median_widths(spec, attention)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """An .npz of small grey images whose class is their brightness."""
    rng = np.random.default_rng(3)
    label = np.arange(35 * 5) % 5
    image = (40 * label + 20)[:, None, None] + rng.integers(-20, 21, (len(label), 12, 12))
    path = tmp_path_factory.mktemp("networks") / "grey.npz"
    np.savez(path, images=image.astype(np.uint8), labels=label)
    return path


OPTIONS = {"steps": 3, "precision": "fp32", "layout": "nchw", "seeds": 1}


@pytest.fixture(scope="module")
def run(data):
    """A comparison of two networks with one design, in this process."""
    return whatwhere.compare(
        data,
        designs=["mlp,csa", "shufflenet_v1(form=samc)"],
        output=data.parent / "run",
        num_workers=0,
        quiet=True,
        **OPTIONS,
    )


def trials_of(run, name):
    return [t for t in Run.read(run.folder).trials if t.record["design"]["name"] == name]


def test_every_row_was_tested_on_the_same_images(run):
    assert not run.failures
    found = {t.record["design"]["name"] for t in Run.read(run.folder).trials}
    assert found == {"none", "csa", *CONTROLS, *NETWORKS}
    indices = [t.predictions()["test_index"] for name in found for t in trials_of(run, name)]
    assert all(np.array_equal(index, indices[0]) for index in indices)


def test_records_say_what_a_network_is_and_what_it_costs(run):
    texts = {"mlp": "mlp", "shufflenet_v1-form.samc": "shufflenet_v1(form=samc)"}
    for name, text in texts.items():
        record = trials_of(run, name)[0].record
        design, cost = record["design"], record["cost"]
        assert (design["kind"], design["family"], design["network"]) == ("network", "network", text)
        model = create_model(text, num_classes=5, in_channels=1, image_size=12)
        assert cost["parameters"] == num_parameters(model)
        assert cost["attention_parameters"] is None
        assert cost["initial_gain"] is None
        assert cost["macs"] > 0 and cost["inference_ms"] > 0
    assert trials_of(run, "csa")[0].record["design"]["network"] is None


def test_the_options_of_a_network_decide_its_trial(run, data):
    keys = [t.record["key"] for t in Run.read(run.folder).trials]
    assert len(set(keys)) == len(keys)

    def planned(text):
        designs = ("mlp", "csa", text)
        request = Request(data=(str(data),), designs=designs, **OPTIONS)
        result = run_comparison(request, folder=run.folder, num_workers=0, dry_run=True)
        return [trial.key.design for trial in result.plan.trials]

    assert planned("shufflenet_v1( form=samc )") == []
    assert planned("shufflenet_v1") == ["shufflenet_v1"]


def test_the_page_calls_it_a_network(run):
    page = (run.folder / "report.html").read_text()
    summary = json.loads((run.folder / "summary.json").read_text())
    labels = {row["design"]: row["label"] for row in summary["cells"][0]["leaderboard"]}
    assert labels["shufflenet_v1-form.samc"] == "shufflenet_v1(form=samc)"
    assert "ShuffleNet v1, three groups, a whole network" in page
    assert "Whole networks stand in the place of resnet8" in page


def test_the_trained_model_answers_as_it_did_in_the_run(run):
    (trial,) = [t for t in trials_of(run, "mlp") if t.key.seed == 0]
    bundle = trained_bundle(run.folder, TrialKey("grey", trial.key.size, "mlp", 0))
    assert (bundle.design, bundle.spec.backbone, bundle.called) == ("none", "mlp", "mlp")
    state = load(trial.content("model.safetensors"))
    model = run.model("mlp")
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert model(torch.zeros(2, 1, 12, 12)).shape == (2, 5)


@pytest.fixture(scope="module")
def trained(data):
    output = data.parent / "mlp"
    whatwhere.train(data, design="mlp", output=output, protocol="quick", steps=3, quiet=True)
    return data.parent


def test_train_predict_and_eval_take_a_network(trained, data):
    bundle = read_bundle(trained / "mlp")
    assert (bundle.design, bundle.spec.backbone, bundle.image_size) == ("none", "mlp", 12)
    card = (trained / "mlp" / "README.md").read_text()
    assert card.startswith("# MLP of three layers of 640 with batch norms, a whole network")
    assert "- network: `mlp`" in card
    Image.fromarray(np.zeros((12, 12), np.uint8)).save(trained / "black.png")
    answers = whatwhere.predict(trained / "mlp", trained / "black.png")
    assert (answers.num_images, answers.bad) == (1, {})
    evaluated, page = whatwhere.evaluate_model(trained / "mlp", data, output=trained / "eval")
    assert evaluated.model.startswith("mlp (")
    assert "mlp (" in page.read_text()


def test_pretrained_weights_are_not_for_whole_networks(trained, data, tmp_path):
    message = r"--pretrained .* whole network \(mlp\) has no use for them.*Leave out the network"
    with pytest.raises(UsageError, match=message):
        whatwhere.compare(
            data, designs=["mlp,csa"], pretrained=trained / "mlp", output=tmp_path / "run"
        )
    with pytest.raises(UsageError, match=message):
        whatwhere.train(data, design="mlp", pretrained=trained / "mlp", output=tmp_path / "m")
    refuse_networks([named_or_typed("csa")], "timm:resnet18")


def test_networks_are_listed_with_their_options(tmp_path):
    (card,) = [with_facts("networks", card) for card in list_cards("networks", ["shufflenet_v1"])]
    assert card["parameters_at_100"] == 1_000_828
    assert card["options"] == {"form": "paper (of paper, samc)"}
    assert [card["name"] for card in list_cards("networks")] == list(networks())
    done = CommandLine(tmp_path)("list", "networks", "vgg19")
    assert done.returncode == 0
    assert "parameters at 100: 39327652" in done.stdout
    assert "licence: torchvision, BSD-3-Clause" in done.stdout


def test_only_one_row_is_trained():
    assert only_design(["samc(heads=2-4-5, shortcut=none)"]).network == "samc(shortcut=none)"
    with pytest.raises(UsageError, match="expected one design such as -d csa, got 2: mlp, vit"):
        only_design(["mlp,vit"])
