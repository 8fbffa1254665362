"""A protocol of few steps, for tests of the loop."""

from dataclasses import replace

from whatwhere.training.presets import preset

PROTOCOL = replace(
    preset("quick", easy=True, allow_flip=False, image_size=12),
    steps=23,
    learning_rate=0.05,
    precision="fp32",
    layout="nchw",
)
