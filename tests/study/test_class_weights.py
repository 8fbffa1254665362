"""Class weights: from a file to the loss, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from whatwhere.errors import UsageError
from whatwhere.study.trials.class_weights import class_weight, parse_class_weights, weights_in_order
from whatwhere.training.presets import preset

PROTOCOL = preset("quick", easy=False, allow_flip=True, image_size=32)
NAMES = ("ant", "bee", "owl")
LABELS = np.repeat([0, 1, 2], [5, 3, 2])


def weight(text):
    return class_weight(LABELS, 3, replace(PROTOCOL, class_weights=text))


def test_balanced_weights_make_every_class_count_alike():
    assert weight("none") is None
    torch.testing.assert_close(weight("balanced"), torch.tensor([10 / 15, 10 / 9, 10 / 6]))
    # The weighted loss of equally wrong answers is the mean of the classes' own losses.
    logit = torch.randn(10, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    label = torch.tensor(LABELS)
    loss = functional.cross_entropy(logit, label, weight=weight("balanced").double())
    own = [functional.cross_entropy(logit[label == c], label[label == c]) for c in range(3)]
    torch.testing.assert_close(loss, torch.stack(own).mean(), rtol=1e-6, atol=0)


def test_a_file_becomes_numbers_in_the_order_of_the_classes(tmp_path):
    path = tmp_path / "weights.csv"
    path.write_text("class,weight\nowl,3\nant, 0.5\nbee,1\n")
    recorded = parse_class_weights(str(path))
    assert recorded == '{"ant": 0.5, "bee": 1.0, "owl": 3.0}'
    assert parse_class_weights(recorded) == recorded
    assert weights_in_order(recorded, NAMES) == "0.5,1.0,3.0"
    assert weights_in_order("balanced", NAMES) == "balanced"
    torch.testing.assert_close(weight("0.5,1.0,3.0"), torch.tensor([0.5, 1.0, 3.0]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("balancd", "there is no such file; expected none, balanced, a CSV file"),
        ('{"ant": ', "expected none, balanced, a CSV file"),
        ('{"ant": [1]}', "expected none, balanced, a CSV file"),
        ('{"ant": 0}', "'ant' has 0.0; expected a number above 0"),
        ('{"ant": NaN}', "'ant' has nan; expected a number above 0"),
        ('{"ant": -1}', "expected a number above 0"),
    ],
)
def test_what_is_no_weight_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        parse_class_weights(text)


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "class,weight\nant,much\n", "class\nant\n"])
def test_a_file_of_another_kind_is_refused(tmp_path, content):
    (tmp_path / "weights.csv").write_text(content)
    with pytest.raises(UsageError, match="expected the header class,weight"):
        parse_class_weights(str(tmp_path / "weights.csv"))


def test_names_must_be_those_of_the_classes():
    with pytest.raises(UsageError, match="there is no class 'owls'; did you mean 'owl'"):
        weights_in_order('{"ant": 1, "bee": 1, "owls": 1}', NAMES)
    with pytest.raises(UsageError, match="class 'owl' has none; give one for every class"):
        weights_in_order('{"ant": 1, "bee": 1}', NAMES)


@pytest.mark.parametrize("text", ["", "some", "1,0", "1,-2,3", "inf,1", "nan"])
def test_a_protocol_holds_positive_numbers_only(text):
    with pytest.raises(UsageError, match="class_weights='"):
        replace(PROTOCOL, class_weights=text)
    with pytest.raises(UsageError, match="2 class weights for 3 classes"):
        weight("1,2")
