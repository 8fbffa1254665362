"""The loss of a batch, whether its labels are classes or probabilities."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from whatwhere.arrays import Batch


def classification_loss(
    logit: Float[Tensor, "batch class"],
    batch: Batch,
    *,
    class_weight: Tensor | None = None,
    label_smoothing: float = 0.0,
) -> Float[Tensor, ""]:
    """Return the cross-entropy of a batch, a mean weighted by class.

    With target probabilities p the loss is the sum over images and classes of
    w_c ((1 - e) p_c + e / K) (-log q_c), divided by the sum of w_c p_c: what torch gives for class
    indices when every p is one of them. (Torch itself divides by the number of images where it is
    given probabilities.)

    Args:
        logit: Of the network.
        batch: Labels, or targets where it has some.
        class_weight: w, one per class; None for equal ones.
        label_smoothing: e, from 0 to 1.

    Returns:
        The loss.
    """
    if batch.target is None:
        return functional.cross_entropy(
            logit, batch.label, weight=class_weight, label_smoothing=label_smoothing
        )
    target = batch.target.to(logit.dtype)
    total = functional.cross_entropy(
        logit, target, weight=class_weight, label_smoothing=label_smoothing, reduction="sum"
    )
    return total / (len(target) if class_weight is None else (target @ class_weight).sum())
