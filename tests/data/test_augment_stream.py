"""Streams with augmentation: pure functions of seed, step and image; targets that add up."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from whatwhere.augmentation import PLAIN, Augmentation
from whatwhere.data.augmentations.draws import Draws
from whatwhere.data.feeding.ahead import MOST_NUMBERS, Ahead
from whatwhere.data.feeding.augment import random_views
from whatwhere.data.feeding.stream import Pixels, TrainStream, evaluation_batches
from whatwhere.errors import UsageError

NUM_IMAGES, CANVAS, SIZE, NUM_CLASSES, BATCH, NUM_STEPS = 53, 17, 13, 5, 11, 40
LABELS = np.arange(NUM_IMAGES) % NUM_CLASSES
EVERYTHING = Augmentation(
    padding="black",
    rotation_degrees=15.0,
    smallest_crop_area=0.8,
    randaugment_ops=2,
    erasing_probability=0.5,
    mixup_alpha=0.8,
    cutmix_alpha=1.0,
    noise_sigma=0.05,
    label_noise=0.3,
)
EACH = {
    "rotation_degrees": 15.0,
    "smallest_crop_area": 0.5,
    "randaugment_ops": 2,
    "erasing_probability": 0.5,
    "noise_sigma": 0.05,
}


def stream(extra=PLAIN, *, views="crop-flip", seed=3, channels=3, layout="nchw", index=None):
    pixels = np.random.default_rng(1).integers(
        0, 256, (NUM_IMAGES, CANVAS, CANVAS, channels), dtype=np.uint8
    )
    loaded = Pixels.load(
        pixels,
        LABELS,
        image_size=SIZE,
        mean=(100.0,) * channels,
        std=(50.0,) * channels,
        layout=layout,
    )
    return TrainStream(
        loaded,
        np.arange(NUM_IMAGES) if index is None else index,
        BATCH,
        views,
        seed,
        extra=extra,
        num_classes=NUM_CLASSES,
        num_steps=NUM_STEPS,
    )


def equal(first, second):
    pairs = [
        (getattr(first, name), getattr(second, name))
        for name in ("image", "label", "index", "target")
    ]
    return all(a is b is None or torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("layout", ["nchw", "channels_last"])
def test_a_step_is_the_same_whenever_it_is_asked_for(channels, layout):
    first = stream(EVERYTHING, channels=channels, layout=layout)
    forward = [first.batch(step) for step in (0, 1, 7)]
    again = stream(EVERYTHING, channels=channels, layout=layout)
    backward = [again.batch(step) for step in (7, 1, 0)]
    for one, other in zip(forward, reversed(backward), strict=True):
        assert one.image.shape == (BATCH, channels, SIZE, SIZE)
        assert one.image.dtype == torch.float32
        assert torch.isfinite(one.image).all()
        assert equal(one, other)
    form = torch.channels_last if layout == "channels_last" else torch.contiguous_format
    assert forward[0].image.is_contiguous(memory_format=form)
    assert not torch.equal(forward[0].image, stream(EVERYTHING, seed=4).batch(0).image)


@pytest.mark.parametrize("extra", [PLAIN, EVERYTHING], ids=["plain", "everything"])
def test_batches_made_ahead_are_those_of_their_steps(extra):
    """Four steps a pass; some begin within one, some would run beyond its end."""
    source = stream(extra)
    ahead = Ahead(source, num_steps=3)
    for step in (0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 2):
        assert equal(ahead.batch(step), source.batch(step))
    assert [len(source.batches(step, 3)) for step in (0, 2, 3, 5)] == [3, 2, 1, 3]


def test_large_batches_are_made_one_at_a_time(monkeypatch):
    source = stream(PLAIN, channels=3)
    numbers = BATCH * SIZE**2 * 3
    assert Ahead(source).num_steps == 16
    for room, expected in ((5 * numbers, 5), (2 * numbers - 1, 1), (1, 1)):
        monkeypatch.setattr("whatwhere.data.feeding.ahead.MOST_NUMBERS", room)
        assert Ahead(source).num_steps == expected
    assert equal(Ahead(source).batch(2), source.batch(2))
    assert MOST_NUMBERS >= 16 * 128 * 3 * 32**2  # CIFAR's batches are not cut short


def test_a_set_smaller_than_a_batch_has_one_step_a_pass():
    whole = stream(PLAIN)
    source = replace(whole, index=whole.index[: BATCH - 2])
    ahead = Ahead(source, num_steps=3)
    for step in (0, 1, 2):
        assert len(ahead.batch(step).label) == BATCH - 2
    assert equal(ahead.batch(3), source.batch(3))


FEW = np.arange(0, NUM_IMAGES, 2)


def changed(extra, index=FEW, *, epoch=0, step=0, seed=3):
    """Images as the stream changes them, seen from the middle."""
    source = stream(extra, views="none", seed=seed)
    image = source._moved(index, epoch=epoch)
    return source._finished(image, Draws(seed, epoch, index), step=step).image


@pytest.mark.parametrize("name", sorted(set(EACH) - {"erasing_probability", "noise_sigma"}))
def test_what_happens_to_an_image_does_not_depend_on_its_neighbours(name):
    extra = replace(PLAIN, **{name: EACH[name]})
    together, plain = changed(extra), changed(PLAIN)
    assert (together != plain).any(dim=(1, 2, 3)).float().mean() > 0.5
    assert torch.equal(together.flip(0), changed(extra, FEW[::-1].copy()))
    for place, image in enumerate(FEW):
        assert torch.equal(changed(extra, np.array([image]), step=1)[0], together[place])


def test_where_an_image_is_erased_does_not_depend_on_its_neighbours():
    extra = replace(PLAIN, erasing_probability=0.5)
    boxes = changed(extra) != changed(PLAIN)
    assert 5 < boxes.any(dim=(1, 2, 3)).sum() < 22
    alone = torch.cat(
        [changed(extra, one, step=1) != changed(PLAIN, one) for one in np.split(FEW, len(FEW))]
    )
    assert torch.equal(boxes, alone)


def noise_of(extra, index, **when):
    """Return what noise adds, in units of its sigma, and where it was not cut off at 0 or 255."""
    plain = changed(PLAIN, index) * 50 + 100
    noise = (changed(extra, index, **when) * 50 + 100 - plain) / (255 * extra.noise_sigma)
    return noise, (plain > 20) & (plain < 235)


def test_noise_follows_from_seed_step_and_place_and_not_from_the_image():
    """Faint noise, which leaves most pixels between 0 and 255."""
    faint = Augmentation(noise_sigma=0.01)
    some, others = np.arange(26), np.arange(26, 52)
    (noise, whole), (same, whole_too) = noise_of(faint, some), noise_of(faint, others)
    both = whole & whole_too
    torch.testing.assert_close(noise[both], same[both], rtol=0, atol=1e-3)
    assert torch.equal(noise, noise_of(faint, some, epoch=4)[0])
    assert both.sum() > 5000
    bound = 5 / both.sum() ** 0.5
    assert abs(noise[both].mean()) < bound
    assert abs(noise[both].std() - 1) < bound
    later, seeded = noise_of(faint, some, step=1)[0], noise_of(faint, some, seed=4)[0]
    places, channels = noise.roll(1, 0), noise.roll(1, 1)
    for another in (later, seeded, places, channels):
        kept = whole & whole.roll(1, 0) & whole.roll(1, 1)
        pair = torch.stack([noise[kept], another[kept]])
        assert abs(torch.corrcoef(pair)[0, 1]) < 5 / kept.sum() ** 0.5


def test_without_extras_the_batch_is_the_plain_view():
    one, other = stream(PLAIN).batch(2), stream(Augmentation(padding="mirror")).batch(2)
    assert torch.equal(one.image, other.image)
    assert one.target is None
    chosen = one.index.numpy()
    views = random_views(chosen, margin=2, augmentation="crop-flip", seed=3, epoch=0)
    assert torch.equal(stream().pixels.batch(chosen, views).image, one.image)


def test_evaluation_is_never_augmented():
    pixels = stream(EVERYTHING).pixels
    images = torch.cat([batch.image for batch in evaluation_batches(pixels, np.arange(7))])
    expected = pixels.flat.view(NUM_IMAGES, CANVAS, CANVAS, 3)[:7, 2:-2, 2:-2].permute(0, 3, 1, 2)
    assert torch.equal(images, (expected.float() - 100) / 50)


def test_crops_see_black_beyond_the_image_where_padding_is_black():
    mirrored = stream(PLAIN).batch(0).image * 50 + 100
    black = stream(Augmentation(padding="black")).batch(0).image * 50 + 100
    views = random_views(
        stream().batch(0).index.numpy(), margin=2, augmentation="crop-flip", seed=3, epoch=0
    )
    for row, (top, left) in enumerate(zip(views.top, views.left, strict=True)):
        beyond = torch.zeros(SIZE, SIZE, dtype=torch.bool)
        beyond[: max(0, 2 - top)] = True
        beyond[SIZE + min(0, 2 - top) :] = True
        beyond[:, : max(0, 2 - left)] = True
        beyond[:, SIZE + min(0, 2 - left) :] = True
        beyond = beyond.flip(1) if views.flipped[row] else beyond
        assert torch.allclose(black[row][:, beyond], torch.tensor(0.0), atol=1e-4)
        assert torch.equal(black[row][:, ~beyond], mirrored[row][:, ~beyond])
    assert (views.top != 2).any() and views.flipped.any()


def test_flips_alone_leave_the_image_in_its_middle():
    views = random_views(np.arange(99), margin=2, augmentation="flip", seed=3, epoch=1)
    assert (views.top == 2).all() and (views.left == 2).all()
    assert 30 < views.flipped.sum() < 70


def test_wrong_labels_are_the_same_in_every_epoch_and_for_every_subset():
    noisy = stream(Augmentation(label_noise=0.4))
    labels = {}
    for step in range(3 * noisy.steps_per_epoch):
        batch = noisy.batch(step)
        for index, label in zip(batch.index.tolist(), batch.label.tolist(), strict=True):
            assert labels.setdefault(index, label) == label
    wrong = {index for index, label in labels.items() if label != LABELS[index]}
    assert 10 < len(wrong) < 33
    few = stream(Augmentation(label_noise=0.4), index=np.arange(0, NUM_IMAGES, 2))
    for index, label in zip(*(few.batch(0).index.tolist(), few.batch(0).label.tolist())):  # noqa: B905
        assert labels.get(index, label) == label
    assert torch.equal(noisy.pixels.label, torch.from_numpy(LABELS))
    other = stream(Augmentation(label_noise=0.4), seed=5).batch(0)
    assert other.label.tolist() != [labels.get(index) for index in other.index.tolist()]


def test_targets_are_shares_of_the_two_labels():
    for step in range(12):
        batch = stream(replace(EVERYTHING, label_noise=0.0)).batch(step)
        assert torch.allclose(batch.target.sum(dim=1), torch.ones(BATCH))
        own = batch.target.gather(1, batch.label[:, None])[:, 0]
        same = batch.label == batch.label.roll(1)
        share = own[~same]
        assert torch.allclose(share, share[:1].expand_as(share))
        assert torch.allclose(own[same], torch.ones(int(same.sum())))


def test_mixing_stops_at_its_share_of_the_steps():
    partly = stream(replace(EVERYTHING, mixing_fraction=0.25))
    assert partly.batch(NUM_STEPS // 4 - 1).target is not None
    assert partly.batch(NUM_STEPS // 4).target is None
    never = stream(replace(EVERYTHING, mixing_fraction=0.0))
    assert never.batch(0).target is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"padding": "zero"}, "padding='zero': expected one of mirror, black"),
        ({"label_noise": 1.5}, "label_noise=1.5: expected a value from 0.0 to 1.0"),
        ({"smallest_crop_area": 0.0}, "smallest_crop_area=0.0: expected a value from 0.01 to 1.0"),
        ({"randaugment_magnitude": 11.0}, "randaugment_magnitude=11.0: expected a value from 0.0"),
    ],
)
def test_augmentation_refuses_what_it_cannot_do(change, message):
    with pytest.raises(UsageError, match=message):
        Augmentation(**change)
