"""The contract catches every kind of broken design, and lets a right one pass."""

import subprocess
import sys
import warnings
from functools import partial

import pytest
import torch
from torch import nn

from whatwhere import testing
from whatwhere.errors import UnknownNameError
from whatwhere.testing import Check, check_design, contract

from .broken import BROKEN, CARD, MixesTheBatch, Sound, equation

SLOW = ("compiles_without_a_graph_break", "exports_with_a_dynamic_batch")


def failing(factory, **about):
    """Names of the checks that a design fails; the slow ones only where they are asked for."""
    about = {"card": CARD, "reference": equation, "skip": SLOW, **about}
    found = {}
    for check in contract(factory, **about):
        try:
            check()
        except AssertionError as error:
            found[str(check)] = str(error)
    return found


def test_a_right_design_passes_everything():
    check_design(Sound, card=CARD, reference=equation)


@pytest.mark.parametrize("design", BROKEN, ids=lambda design: design.__name__)
def test_a_broken_design_is_caught(design):
    name, message = BROKEN[design]
    slow = [check for check in SLOW if check != name]
    # A warning of torch about a design that is broken on purpose is no finding of its own.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = failing(design, skip=slow)
    assert message in found.get(name, ""), found


def test_every_check_catches_something():
    names = {check.__name__.removeprefix("check_") for check in testing.CHECKS}
    assert names - {name for name, _ in BROKEN.values()} == {"mask"}


class ChannelAlone(Sound):
    def forward(self, x):
        return self.channel(x)


class SpatialAlone(Sound):
    def forward(self, x):
        return self.spatial(x)


@pytest.mark.parametrize(
    ("factory", "mask"), [(ChannelAlone, "channel"), (SpatialAlone, "spatial")]
)
def test_a_mask_is_told_from_the_other_kind(factory, mask):
    testing.check_mask(factory, mask=mask)
    (other,) = {"channel", "spatial"} - {mask}
    with pytest.raises(AssertionError, match=rf"is no {other} mask: its factors vary by 0\.\d+"):
        testing.check_mask(factory, mask=other)
    with pytest.raises(AssertionError, match="is no spatial mask: it scales a whole map"):
        testing.check_mask(lambda channels: nn.Identity(), mask="spatial")
    with pytest.raises(UnknownNameError, match=r"unknown kind of mask 'spacial'; did you mean"):
        testing.check_mask(factory, mask="spacial")


def test_all_failures_are_told_in_one_message():
    with pytest.raises(AssertionError, match="MixesTheBatch fails") as caught:
        check_design(MixesTheBatch, reference=equation, skip=SLOW)
    lines = str(caught.value).splitlines()
    assert lines[0] == f"MixesTheBatch fails {len(lines) - 1} of 15 checks:"
    assert lines[1].startswith("batch_items_do_not_mix: MixesTheBatch: mixes the samples")
    assert any(line.startswith("equation: ") for line in lines)


def test_the_list_is_for_any_test_runner():
    checks = contract(Sound, skip=SLOW)
    assert all(isinstance(check, Check) for check in checks)
    names = [str(check) for check in checks]
    assert "parameter_count" not in names  # there is no card
    assert "equation" not in names
    assert "compiles_without_a_graph_break" not in names
    assert [str(c) for c in contract(Sound, card=CARD, reference=equation, mask="channel")] == [
        check.__name__.removeprefix("check_") for check in testing.CHECKS
    ]
    with pytest.raises(UnknownNameError, match=r"unknown check 'mix'.*known: keeps_shape"):
        contract(Sound, skip=["mix"])


class Conditional(Sound):
    """`sharpness` matters beside `normalise` alone; what `mode` may be cannot be guessed."""

    def __init__(self, channels, *, normalise=False, sharpness=1.0, mode="mean"):
        super().__init__(channels)
        self.normalise, self.sharpness, self.mode = normalise, sharpness, mode

    def pooled(self, x):
        y = x.amax((2, 3), True) if self.mode == "max" else super().pooled(x)
        return torch.tanh(self.sharpness * y) if self.normalise else y


def test_options():
    check = testing.check_every_option_changes_something
    check(partial(Conditional, mode="mean"))
    check(Conditional, options={"mode": "max"})
    with pytest.raises(AssertionError, match=r"'mode' for which no other value is known.*Literal"):
        check(Conditional)
    with pytest.raises(AssertionError, match=r"ignores its option 'mode' \(tried 'median'\)"):
        check(Conditional, options={"mode": "median"})
    with pytest.raises(AssertionError, match=r"has no option 'size' \(it has: normalise, sh"):
        check(Conditional, options={"size": 3})
    with pytest.raises(AssertionError, match="its option 'reduction' refuses 'many'"):
        check(Sound, options={"reduction": "many"})


def test_an_option_that_must_change_nothing():
    check = testing.check_every_option_changes_something
    check(Conditional, options={"mode": testing.Same("average")})
    with pytest.raises(
        AssertionError, match=r"other values, by 0\.\d+, where its option 'mode' is"
    ):
        check(Conditional, options={"mode": testing.Same("max")})


def test_batch_norm_and_dropout_may_differ_in_evaluation():
    class WithNorm(Sound):
        def __init__(self, channels):
            super().__init__(channels)
            self.norm = nn.BatchNorm2d(1)
            self.drop = nn.Dropout(0.25)

        def spatial(self, x):
            return x * torch.sigmoid(self.norm(self.drop(self.conv(x.mean(1, True)))))

    assert not failing(
        WithNorm, card=None, reference=None, skip=[*SLOW, "copies_give_equal_results"]
    )


def test_nothing_is_printed_and_the_generator_is_left_alone(capsys):
    state = torch.get_rng_state()
    check_design(Sound, skip=SLOW)
    assert torch.equal(state, torch.get_rng_state())
    assert capsys.readouterr() == ("", "")


def test_no_test_runner_is_needed():
    code = "import whatwhere.testing, sys; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
