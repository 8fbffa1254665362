"""Views, crops, flips and order: by hand on images whose every pixel is different."""

import numpy as np
import pytest
import torch

from whatwhere.data.feeding.augment import Views, centre_views, pixel_positions, random_views
from whatwhere.data.feeding.stream import Pixels, TrainStream, evaluation_batches
from whatwhere.randomness import derive_seed, generator, uniform

NUM_IMAGES, CANVAS, SIZE, CHANNELS = 13, 9, 7, 3
IMAGES = (np.arange(NUM_IMAGES * CANVAS * CANVAS * CHANNELS, dtype=np.int64) % 251).astype(np.uint8)
IMAGES = IMAGES.reshape(NUM_IMAGES, CANVAS, CANVAS, CHANNELS)
LABELS = np.arange(NUM_IMAGES) % 3


def pixels(**options):
    return Pixels.load(
        IMAGES, LABELS, image_size=SIZE, mean=(1.0, 2.0, 3.0), std=(2.0, 4.0, 5.0), **options
    )


def expected(image, top, left, flipped):
    view = IMAGES[image, top : top + SIZE, left : left + SIZE].astype(np.float64)
    view = view[:, ::-1] if flipped else view
    return ((view - [1, 2, 3]) / [2, 4, 5]).transpose(2, 0, 1)


@pytest.mark.parametrize("layout", ["nchw", "channels_last"])
def test_a_batch_is_the_view_that_was_asked_for(layout):
    index = np.array([4, 0, 12])
    views = Views(np.array([0, 1, 2]), np.array([2, 1, 0]), np.array([True, False, True]))
    batch = pixels(layout=layout).batch(index, views)
    for row, image in enumerate(index):
        wanted = expected(image, views.top[row], views.left[row], views.flipped[row])
        assert np.abs(batch.image[row].numpy() - wanted).max() < 1e-5
    assert batch.label.tolist() == [1, 0, 0]
    assert batch.index.tolist() == [4, 0, 12]
    last = layout == "channels_last"
    form = torch.channels_last if last else torch.contiguous_format
    assert batch.image.is_contiguous(memory_format=form)


def test_evaluation_sees_the_centre_in_order():
    batches = list(evaluation_batches(pixels(), np.array([3, 1, 8, 2, 5]), batch_size=2))
    assert [batch.index.tolist() for batch in batches] == [[3, 1], [8, 2], [5]]
    assert np.abs(batches[1].image[0].numpy() - expected(8, 1, 1, False)).max() < 1e-5


def test_positions_by_hand():
    found = pixel_positions(
        np.array([2]),
        Views(np.array([1]), np.array([0]), np.array([True])),
        image_size=2,
        canvas_size=3,
    )
    assert found.tolist() == [[[2 * 9 + 3 + 1, 2 * 9 + 3], [2 * 9 + 6 + 1, 2 * 9 + 6]]]


def test_random_views_depend_on_seed_epoch_and_image_alone():
    index = np.arange(1000)
    views = random_views(index, margin=4, augmentation="crop-flip", seed=1, epoch=2)
    some = random_views(index[[7, 500]], margin=4, augmentation="crop-flip", seed=1, epoch=2)
    assert some.top.tolist() == views.top[[7, 500]].tolist()
    assert some.flipped.tolist() == views.flipped[[7, 500]].tolist()
    other = random_views(index, margin=4, augmentation="crop-flip", seed=1, epoch=3)
    assert (other.top != views.top).mean() > 0.8
    assert set(views.top) == set(views.left) == set(range(9))
    assert np.bincount(views.top).min() > 1000 / 9 * 0.7
    assert abs(views.flipped.mean() - 0.5) < 0.06
    assert abs(np.corrcoef(views.top, views.left)[0, 1]) < 0.1


def test_no_augmentation_is_the_centre():
    views = random_views(np.arange(5), margin=3, augmentation="none", seed=0, epoch=0)
    centre = centre_views(5, margin=3)
    assert views.top.tolist() == centre.top.tolist() == [3] * 5
    assert not views.flipped.any()
    crops = random_views(np.arange(500), margin=3, augmentation="crop", seed=0, epoch=0)
    assert not crops.flipped.any()
    assert len(set(crops.top)) == 7


def test_every_pass_visits_every_image_at_most_once_in_its_own_order():
    stream = TrainStream(pixels(), np.array([1, 3, 5, 7, 9, 11, 12]), 3, "none", seed=4)
    assert stream.steps_per_epoch == 2
    first = [stream.batch(step).index.tolist() for step in range(2)]
    second = [stream.batch(step).index.tolist() for step in range(2, 4)]
    for seen in ([*first[0], *first[1]], [*second[0], *second[1]]):
        assert len(set(seen)) == 6
        assert set(seen) <= {1, 3, 5, 7, 9, 11, 12}
    assert first != second
    assert stream.batch(3).index.tolist() == second[1]


def test_a_set_smaller_than_a_batch_is_one_batch():
    stream = TrainStream(pixels(), np.array([2, 4]), 64, "none", seed=0)
    assert sorted(stream.batch(5).index.tolist()) == [2, 4]


def test_designs_of_a_seed_see_the_same_batches():
    streams = [TrainStream(pixels(), np.arange(13), 5, "crop-flip", seed=2) for _ in range(2)]
    for step in range(7):
        first, second = (stream.batch(step) for stream in streams)
        assert torch.equal(first.image, second.image)


def test_uniform_numbers_are_uniform_and_keyed():
    from scipy.stats import kstest

    key = derive_seed(3, "crop-top", 0)
    values = uniform(key, np.arange(20_000))
    assert kstest(values, "uniform").pvalue > 1e-3
    assert np.unique(values).size == 20_000
    assert abs(np.corrcoef(values[:-1], values[1:])[0, 1]) < 0.03
    assert uniform(key, np.array([77]))[0] == values[77]
    neighbour = uniform(derive_seed(3, "crop-top", 1), np.arange(20_000))
    assert abs(np.corrcoef(values, neighbour)[0, 1]) < 0.03


def test_seeds_tell_numbers_from_texts_and_places_from_places():
    assert derive_seed(1, 2) != derive_seed(12)
    assert derive_seed("1", 2) != derive_seed(1, 2)
    assert derive_seed(1, "order", 23) != derive_seed(1, "order", 2, 3)
    assert 0 <= derive_seed("x") < 2**63
    assert generator(5).integers(1000) == generator(5).integers(1000)
