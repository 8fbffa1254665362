"""What is scored as validation images is what training held out, or nothing."""

import numpy as np
import pytest

import whatwhere
from whatwhere.study.display import Silent
from whatwhere.study.request import Request
from whatwhere.study.training import train_one


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Given splits that share images, and a model that was trained without the copies."""
    folder = tmp_path_factory.mktemp("splits")
    rng = np.random.default_rng(0)
    label = np.arange(90) % 2
    images = (rng.integers(0, 120, (90, 16, 16)) + 100 * label[:, None, None]).astype(np.uint8)
    images[0:10] = images[70:80]  # ten training images are test images
    arrays = {}
    for name, part in (("train", slice(0, 50)), ("val", slice(50, 70)), ("test", slice(70, 90))):
        arrays |= {f"{name}_images": images[part], f"{name}_labels": label[part][:, None]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WHATWHERE_DATA", str(folder / "cache"))
        np.savez(folder / "copies.npz", **arrays)
        request = Request(
            data=(str(folder / "copies.npz"),),
            designs=("none",),
            protocol="quick",
            steps=4,
            dedup=True,
        )
        train_one(request, folder=folder / "model", seed=0, display=Silent())
        yield folder


def evaluated(place, tmp_path):
    return whatwhere.evaluate_model(place / "model", place / "copies.npz", output=tmp_path)[0]


def test_the_split_of_training_is_found_again(place, tmp_path):
    assert "dedup = true" in (place / "model" / "config.toml").read_text()
    found = evaluated(place, tmp_path)
    assert not any("another split" in warning for warning in found.warnings)
    assert found.evaluation.temperature is not None


def test_no_temperature_is_fitted_on_images_of_another_split(place, tmp_path):
    path = place / "model" / "config.toml"
    text = path.read_text()
    try:
        path.write_text(text.replace("dedup = true", "dedup = false"))
        found = evaluated(place, tmp_path)
    finally:
        path.write_text(text)
    assert any("another split" in warning for warning in found.warnings)
    assert found.evaluation.temperature is None
