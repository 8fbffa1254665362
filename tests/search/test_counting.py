"""Counting before building: equal to what is built, and nothing is built."""

import pytest

from whatwhere.blocks import named_or_typed
from whatwhere.models import ModelSpec, build_model
from whatwhere.models.build import num_parameters
from whatwhere.models.counting import parameters_of

SPECS = [
    ("samc(dims=48-96-128, heads=2-3-4, kernels=1-3-5-7, shortcut=proj)", "none"),
    ("samc(embed=matched)", "none"),
    ("amsra_t", "none"),
    ("msga(heads=4)", "none"),
    ("resnet8-w5", "none"),
    ("resnet8-w7", "dmsca"),
    ("resnet20", "S(C(x)) + C(S(x))"),
]


@pytest.mark.parametrize(("network", "design"), SPECS)
def test_the_count_is_that_of_the_built_network(network, design):
    spec = ModelSpec(network, num_classes=11, in_channels=3)
    chosen = named_or_typed(design)
    built = num_parameters(build_model(spec, design=chosen, seed=0))
    assert parameters_of(spec, design=chosen) == built


def test_samc_is_counted_without_any_module(monkeypatch):
    def build(*args, **options):
        raise AssertionError("something was built")

    for name in ("bare_backbone", "build_model"):
        monkeypatch.setattr(f"whatwhere.models.counting.{name}", build)
    spec = ModelSpec("samc_l", num_classes=100, in_channels=3)
    assert parameters_of(spec, design=named_or_typed("none")) == 3_561_268


def test_other_networks_are_counted_without_weights(monkeypatch):
    from whatwhere.models import counting

    devices = []
    build = counting.bare_backbone

    def noting(spec):
        model = build(spec)
        devices.extend({parameter.device.type for parameter in model.parameters()})
        return model

    monkeypatch.setattr(counting, "bare_backbone", noting)
    parameters_of(ModelSpec("msga", num_classes=10, in_channels=3), design=named_or_typed("none"))
    assert devices == ["meta"]
