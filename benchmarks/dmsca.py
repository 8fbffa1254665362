"""Time and memory of DMSCA in ResNet-50: `python -m benchmarks.dmsca [ROUNDS]` (needs timm).

Contenders take turns within every round, on one thread; ratios are taken within a round. Memory is
what autograd keeps for the backward pass of one image, weights apart.
"""

import statistics
import sys
import time
from functools import partial
from typing import Any

import timm
import torch
from benchmarks.results_file import write_result
from torch import nn

from whatwhere.blocks import attach
from whatwhere.blocks.dmsca import DMSCA
from whatwhere.models import num_parameters

DESIGNS: dict[str, Any] = {
    "none": "none",
    "se": "se",
    "cbam": "cbam",
    "csa": "csa",
    "dmsca literal": partial(DMSCA, evaluation="literal"),
    "dmsca factored": partial(DMSCA, evaluation="factored"),
}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    torch.set_num_threads(1)
    image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    models = {name: network(design) for name, design in DESIGNS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds + 1):  # the first round warms up
        for name, model in models.items():
            seconds[name].append(timed_step(model, image))
    bare = seconds["none"][1:]
    rows = []
    for name, model in models.items():
        own = seconds[name][1:]
        ratios = sorted(one / other for one, other in zip(own, bare, strict=True))
        rows.append(
            {
                "design": name,
                "n": rounds,
                "parameters added": num_parameters(model) - num_parameters(models["none"]),
                "saved MiB per image": round(saved_bytes(model, image) / 2**20, 1),
                "step ms, median": round(1000 * statistics.median(own)),
                "step ms, quartiles": quartiles([1000 * value for value in own], 0),
                "times none, median": round(statistics.median(ratios), 2),
                "times none, quartiles": quartiles(ratios, 2),
            }
        )
    settings = {"network": "timm resnet50, 224 px, batch 1, fp32, training step", "rounds": rounds}
    print(write_result("dmsca", settings=settings, rows=rows))


def network(design: Any) -> nn.Module:
    torch.manual_seed(0)
    return attach(timm.create_model("resnet50", num_classes=10), design, start="paper").train()


def timed_step(model: nn.Module, image: torch.Tensor) -> float:
    model.zero_grad(set_to_none=True)
    # Processor time: other work on a shared machine does not count.
    started = time.process_time()
    model(image).sum().backward()
    return time.process_time() - started


def saved_bytes(model: nn.Module, image: torch.Tensor) -> int:
    weights = {p.untyped_storage().data_ptr() for p in (*model.parameters(), *model.buffers())}
    saved: dict[int, torch.UntypedStorage] = {}

    def keep(value: torch.Tensor) -> torch.Tensor:
        storage = value.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage
        return value

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        output = model(image)
    del output
    return sum(storage.nbytes() for storage in saved.values())


def quartiles(values: list[float], digits: int) -> str:
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.{digits}f} to {high:.{digits}f}"


if __name__ == "__main__":
    main()
