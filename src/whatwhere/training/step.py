"""One training step: what is computed, what is updated, and what is added up on the way."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from whatwhere.arrays import Batch
from whatwhere.training.loss import classification_loss
from whatwhere.training.optimise import learning_rate_at
from whatwhere.training.protocol import Protocol

# Compiling SAMC took about a minute on an H200; from here on that is little beside the rest.
COMPILE_FROM_STEPS = 30_000


class TrainingStep:
    """Forward, backward and update with one batch; nothing in it waits for a GPU.

    Args:
        model: Trained in place, on the device where it is.
        optimizer: Of the model's parameters.
        protocol: Precision, label smoothing, clipping and learning rates.
        forward: Images -> logits: the model, or a faster form of it.
        class_weight: Weight of every class in the loss, None for equal ones.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        protocol: Protocol,
        *,
        forward: Callable[[Tensor], Tensor],
        class_weight: Tensor | None,
    ) -> None:
        self.model, self.optimizer, self.protocol = model, optimizer, protocol
        self.forward, self.class_weight = forward, class_weight
        self.stem = _stem(model)
        self.device = self.stem.device
        self.rate = torch.zeros((), device=self.device)
        self.loss_sum = torch.zeros((), device=self.device)
        self.norm_sum = torch.zeros((), device=self.device)
        self.position = torch.zeros((), dtype=torch.int64, device=self.device)
        self.first_bad = torch.full_like(self.position, -1)

    def begin(self, step: int) -> None:
        """Forget the sums; `step` comes next."""
        self.loss_sum.zero_()
        self.norm_sum.zero_()
        self.position.fill_(step)
        self.first_bad.fill_(-1)

    def set_rate(self, step: int) -> None:
        """Put the learning rate of a step in place; a GPU reads it from its own memory."""
        rate = learning_rate_at(step, self.protocol)
        on_gpu = self.device.type == "cuda"
        if on_gpu:
            self.rate.fill_(rate)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate if on_gpu else rate

    def __call__(self, batch: Batch) -> None:
        """Train on a batch, at the learning rate that was set."""
        mixed = self.protocol.precision == "bf16"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=mixed):
            logit = self.forward(batch.image)
        loss = classification_loss(
            logit.float() if mixed else logit,
            batch,
            class_weight=self.class_weight,
            label_smoothing=self.protocol.label_smoothing,
        )
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._add_up(loss.detach())
        if self.protocol.clip_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.protocol.clip_norm)
        self.optimizer.step()

    def _add_up(self, loss: Tensor) -> None:
        bad = (self.first_bad < 0) & ~torch.isfinite(loss)
        self.first_bad.copy_(torch.where(bad, self.position, self.first_bad))
        self.position += 1
        self.loss_sum += loss
        if self.stem.grad is not None:
            norm = self.stem.grad.norm()
            self.norm_sum += torch.where(torch.isfinite(norm), norm, 0.0)


def fast_forward(model: nn.Module, *, steps: int) -> Callable[[Tensor], Tensor]:
    """Return what computes a network's logits in training: compiled on a GPU where that pays.

    Args:
        model: The network; its weights are shared.
        steps: That will be trained.

    Returns:
        The network itself on a CPU and for short runs. `TORCH_COMPILE_DISABLE=1` in the
        environment, which is torch's own switch, turns compiling off.
    """
    on_gpu = next(model.parameters()).device.type == "cuda"
    if on_gpu and steps >= COMPILE_FROM_STEPS:
        return torch.compile(model, dynamic=False)
    return model


def _stem(model: nn.Module) -> nn.Parameter:
    """Return the first convolution's weight, or the first weight where there is no convolution."""
    weights = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    return next((weight for weight in weights if weight.ndim == 4), weights[0])
