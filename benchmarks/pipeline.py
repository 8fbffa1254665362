"""Images per second in training: ours against the plain torchvision pipeline, side by side.

`python -m benchmarks.pipeline FOLDER` with a folder of class folders. The same network, batch size
and optimiser; the plain side is what tutorials teach: ImageFolder, PIL, RandomCrop with reflection,
flip, ToTensor, Normalize, a DataLoader, float32 in the default layout. The contenders alternate.
"""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from benchmarks.results_file import write_result
from torch import Tensor, nn
from torch.nn import functional

from whatwhere.blocks.designs import named_or_typed
from whatwhere.data import open_source
from whatwhere.data.feeding.stream import Pixels, TrainStream
from whatwhere.models import ModelSpec, build_model
from whatwhere.training import choose_numerics

SIZE, BATCH, STEPS, ROUNDS = 32, 64, 12, 7
MEAN, STD = (127.5,) * 3, (64.0,) * 3


def main() -> None:
    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    source = open_source(folder, image_size=SIZE, largest_size=SIZE, margin=True)
    rows = []
    for backbone in ("resnet8", "resnet20"):
        for design in ("none", "csa"):
            rows.append(measure(folder, source, backbone, design))
            print(rows[-1], flush=True)
    settings = {
        "images": len(source.labels),
        "size": SIZE,
        "batch": BATCH,
        "rounds": ROUNDS,
        "steps per round": STEPS,
    }
    print(write_result("pipeline", settings=settings, rows=rows))


def measure(folder: Path, source, backbone: str, design: str) -> dict[str, object]:
    spec = ModelSpec(backbone, source.num_classes, 3)
    probe = stream_of(source, "nchw").batch(0)
    numerics, _ = choose_numerics(
        lambda: build_model(spec, design=named_or_typed("none"), seed=0), probe.image, probe.label
    )
    ours = Trainer(spec, design, numerics.precision, numerics.layout)
    plain = Trainer(spec, design, "fp32", "nchw")
    plain_batches = forever(plain_loader(folder))
    stream = stream_of(source, numerics.layout)
    steps = iter(range(10**9))

    def our_batch() -> tuple[Tensor, Tensor]:
        batch = stream.batch(next(steps))
        return batch.image, batch.label

    rates: dict[str, list[float]] = {"ours": [], "plain": []}
    for _ in range(ROUNDS):
        rates["ours"].append(ours.rate(our_batch))
        rates["plain"].append(plain.rate(lambda: next(plain_batches)))
    ratios = [a / b for a, b in zip(rates["ours"], rates["plain"], strict=True)]
    return {
        "network": backbone,
        "design": design,
        "format": f"{numerics.precision} {numerics.layout}",
        "ours images/s": round(statistics.median(rates["ours"])),
        "plain images/s": round(statistics.median(rates["plain"])),
        "ratio": round(statistics.median(ratios), 2),
        "lowest": round(min(ratios), 2),
        "highest": round(max(ratios), 2),
    }


class Trainer:
    """One network with its optimiser."""

    def __init__(self, spec: ModelSpec, design: str, precision: str, layout: str) -> None:
        last = layout == "channels_last"
        memory_format = torch.channels_last if last else torch.contiguous_format
        model = build_model(spec, design=named_or_typed(design), seed=0)
        self.model: nn.Module = model.to(memory_format=memory_format).train()
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), lr=0.01, momentum=0.9, nesterov=True
        )
        self.mixed = precision == "bf16"

    def rate(self, next_batch: Callable[[], tuple[Tensor, Tensor]]) -> float:
        started = time.perf_counter()
        for _ in range(STEPS):
            image, label = next_batch()
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.mixed):
                logit = self.model(image)
            self.optimizer.zero_grad(set_to_none=True)
            functional.cross_entropy(logit.float(), label).backward()
            self.optimizer.step()
        return STEPS * BATCH / (time.perf_counter() - started)


def stream_of(source, layout: str) -> TrainStream:
    pixels = Pixels.load(
        source.images, source.labels, image_size=SIZE, mean=MEAN, std=STD, layout=layout
    )
    return TrainStream(pixels, source.indices("train"), BATCH, "crop-flip", 0)


def plain_loader(folder: Path) -> torch.utils.data.DataLoader:
    from torchvision import datasets, transforms

    pipeline = transforms.Compose(
        [
            transforms.Resize(SIZE),
            transforms.RandomCrop(SIZE, padding=SIZE // 8, padding_mode="reflect"),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.Normalize([0.5] * 3, [0.25] * 3),
        ]
    )
    data = datasets.ImageFolder(str(folder), pipeline)
    return torch.utils.data.DataLoader(data, BATCH, shuffle=True, drop_last=True)


def forever(loader: torch.utils.data.DataLoader) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from loader


if __name__ == "__main__":
    main()
