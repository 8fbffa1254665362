"""From a network and batches to Predictions."""

from collections.abc import Iterable

import numpy as np
import torch
from scipy.special import log_softmax
from torch import nn

from whatwhere.arrays import Batch, Predictions


def predict(model: nn.Module, batches: Iterable[Batch], *, precision: str) -> Predictions:
    """Return what a network says about images, in their order.

    Args:
        model: Put into evaluation mode and left in it.
        batches: The images.
        precision: "fp32" or "bf16", as it was trained.

    Returns:
        Logits in float32, labels and indices.
    """
    model.eval()
    logits, labels, indices = [], [], []
    with torch.inference_mode():
        for batch in batches:
            device = batch.image.device.type
            with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"):
                logit = model(batch.image)
            logits.append(logit.float().cpu().numpy())
            labels.append(batch.label.cpu().numpy())
            indices.append(batch.index.cpu().numpy())
    return Predictions(np.concatenate(logits), np.concatenate(labels), np.concatenate(indices))


def mean_loss_and_accuracy(predictions: Predictions) -> tuple[float, float]:
    """Return the cross-entropy in nats per image, and the share of images that are right."""
    log_probability = log_softmax(predictions.logit.astype(np.float64), axis=1)
    rows = np.arange(len(predictions.label))
    loss = -log_probability[rows, predictions.label].mean()
    return float(loss), float(predictions.correct.mean())
