"""The loss of probabilities: torch's where torch has one, and that of classes in the limit."""

import pytest
import torch
from torch.nn import functional

from whatwhere.arrays import Batch
from whatwhere.training.loss import classification_loss

BATCH, CLASSES = 17, 5
SOURCE = torch.Generator().manual_seed(2)
LOGIT = torch.randn(BATCH, CLASSES, generator=SOURCE, dtype=torch.float64)
LABEL = torch.randint(0, CLASSES, (BATCH,), generator=SOURCE)
TARGET = torch.rand(BATCH, CLASSES, generator=SOURCE, dtype=torch.float64).softmax(dim=1)
WEIGHT = torch.tensor([0.5, 2.0, 1.0, 3.0, 0.25], dtype=torch.float64)
SMOOTHING = [0.0, 0.1]


def batch(target=None):
    return Batch(torch.empty(BATCH, 0), LABEL, torch.arange(BATCH), target)


@pytest.mark.parametrize("smoothing", SMOOTHING)
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_classes_have_torchs_loss(weight, smoothing):
    ours = classification_loss(LOGIT, batch(), class_weight=weight, label_smoothing=smoothing)
    theirs = functional.cross_entropy(LOGIT, LABEL, weight=weight, label_smoothing=smoothing)
    assert torch.equal(ours, theirs)


@pytest.mark.parametrize("smoothing", SMOOTHING)
def test_probabilities_without_weights_have_torchs_loss(smoothing):
    ours = classification_loss(LOGIT, batch(TARGET), label_smoothing=smoothing)
    theirs = functional.cross_entropy(LOGIT, TARGET, label_smoothing=smoothing)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-12)


@pytest.mark.parametrize("smoothing", SMOOTHING)
@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_certain_probabilities_have_the_loss_of_their_classes(weight, smoothing):
    certain = functional.one_hot(LABEL, CLASSES)
    ours = classification_loss(
        LOGIT, batch(certain), class_weight=weight, label_smoothing=smoothing
    )
    theirs = functional.cross_entropy(LOGIT, LABEL, weight=weight, label_smoothing=smoothing)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-12)


@pytest.mark.parametrize("smoothing", SMOOTHING)
def test_weights_and_probabilities_by_hand(smoothing):
    smooth = (1 - smoothing) * TARGET + smoothing / CLASSES
    terms = -(WEIGHT * smooth * LOGIT.log_softmax(dim=1))
    expected = terms.sum() / (TARGET * WEIGHT).sum()
    ours = classification_loss(LOGIT, batch(TARGET), class_weight=WEIGHT, label_smoothing=smoothing)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-12)
    torchs = functional.cross_entropy(LOGIT, TARGET, weight=WEIGHT, label_smoothing=smoothing)
    assert torchs.item() == pytest.approx((terms.sum() / BATCH).item(), rel=1e-12)
