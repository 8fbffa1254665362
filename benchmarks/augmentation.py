"""Time of each augmentation per batch beside a training step: `python benchmarks/augmentation.py`.

A batch of 128 random images of 32 x 32 x 3 pixels, one thread; the step is ResNet-20's, in the
channels-last layout of float32. Processor time, so that what else runs counts little; medians over
rounds in which everything is timed once.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from results_file import write_result

from whatwhere.augmentation import Augmentation
from whatwhere.blocks.designs import named_or_typed
from whatwhere.data.feeding.stream import Pixels, TrainStream
from whatwhere.models import ModelSpec, build_model
from whatwhere.training import Protocol, fit, preset
from whatwhere.training.recipes import RECIPES

BATCH, SIZE, NUM_CLASSES, NUM_IMAGES, ROUNDS = 128, 32, 100, 2048, 15
SINGLE = {
    "crop and flip only": Augmentation(),
    "black padding": Augmentation(padding="black"),
    "rotation, 15 degrees": Augmentation(rotation_degrees=15.0),
    "random resized crop, 80 %": Augmentation(smallest_crop_area=0.8),
    "RandAugment, 2 operations": Augmentation(randaugment_ops=2),
    "noise, sigma 0.1": Augmentation(noise_sigma=0.1),
    "erasing, probability 0.25": Augmentation(erasing_probability=0.25),
    "mixup": Augmentation(mixup_alpha=0.8),
    "cutmix": Augmentation(cutmix_alpha=1.0),
    "label noise, 20 %": Augmentation(label_noise=0.2),
}


def main() -> None:
    torch.set_num_threads(1)
    streams = {name: stream(extra, "crop-flip") for name, extra in SINGLE.items()}
    for name in RECIPES:
        protocol = protocol_of(name)
        streams[f"recipe {name}"] = stream(protocol.extra, protocol.augmentation)
    makers: dict[str, Callable[[int], object]] = {
        name: item.batch for name, item in streams.items()
    }
    makers["training step of resnet20"] = training_step()
    times = measured(makers)
    step = statistics.median(times["training step of resnet20"])
    plain = statistics.median(times["crop and flip only"])
    rows = [row(name, values, step=step, plain=plain) for name, values in times.items()]
    settings = {
        "batch": BATCH,
        "image_size": SIZE,
        "channels": 3,
        "rounds": ROUNDS,
        "clock": "processor time",
    }
    print(write_result("augmentation", settings=settings, rows=rows))


def protocol_of(name: str) -> Protocol:
    return preset(name, easy=False, allow_flip=True, image_size=SIZE, num_classes=NUM_CLASSES)


def stream(extra: Augmentation, views: str) -> TrainStream:
    images = np.random.default_rng(0).integers(0, 256, (NUM_IMAGES, 40, 40, 3), dtype=np.uint8)
    labels = np.arange(NUM_IMAGES) % NUM_CLASSES
    pixels = Pixels.load(
        images, labels, image_size=SIZE, mean=(127.0,) * 3, std=(74.0,) * 3, layout="channels_last"
    )
    index = np.arange(NUM_IMAGES)
    return TrainStream(
        pixels, index, BATCH, views, 0, extra=extra, num_classes=NUM_CLASSES, num_steps=10_000
    )


def training_step() -> Callable[[int], object]:
    """Return a function that trains for one step on a fixed batch, as `fit` does."""
    batch = stream(Augmentation(), "none").batch(0)
    model = build_model(
        ModelSpec("resnet20", NUM_CLASSES, 3), design=named_or_typed("none"), seed=0
    ).to(memory_format=torch.channels_last)
    protocol = replace(
        preset("standard", easy=False, allow_flip=True, image_size=SIZE),
        steps=1,
        precision="fp32",
        layout="channels_last",
    )
    return lambda step: fit(
        model,
        batch_at=lambda _: batch,
        steps_per_epoch=1,
        validate=lambda network: (0.0, 0.0),
        protocol=protocol,
        seed=0,
        on_epoch=lambda point, state: None,
    )


def measured(makers: dict[str, Callable[[int], object]]) -> dict[str, list[float]]:
    """Return milliseconds by name, once per round in an order of its own; the first warms up."""
    times: dict[str, list[float]] = {name: [] for name in makers}
    for step in range(ROUNDS + 1):
        for name in np.random.default_rng(step).permutation(list(makers)).tolist():
            started = time.process_time()
            makers[name](step)
            times[name].append(1000 * (time.process_time() - started))
    return {name: values[1:] for name, values in times.items()}


def row(name: str, values: list[float], *, step: float, plain: float) -> dict[str, object]:
    median = statistics.median(values)
    low, high = np.percentile(values, [25, 75])
    return {
        "what": name,
        "ms": round(median, 2),
        "quartiles_ms": f"{low:.2f} to {high:.2f}",
        "ms_beyond_crop_and_flip": "" if "step" in name else round(median - plain, 2),
        "percent_of_step": round(100 * median / step, 1),
    }


if __name__ == "__main__":
    main()
