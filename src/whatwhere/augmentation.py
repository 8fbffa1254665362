"""The numbers of augmentation: what protocols record and streams of batches carry out."""

from dataclasses import dataclass

from whatwhere.errors import UsageError


@dataclass(frozen=True)
class Augmentation:
    """What happens to training images and labels beyond crop and flip; every default is off.

    Args:
        padding: What lies around an image where a crop leaves it: "mirror" (or what the file has
            there), or "black".
        rotation_degrees: Largest angle of a uniform rotation, either way.
        smallest_crop_area: Least share of the image that a random resized crop keeps; 1 for none.
        randaugment_ops: Operations of RandAugment per image; 0 for none.
        randaugment_magnitude: Mean strength of an operation, 0 to 10.
        randaugment_magnitude_std: Standard deviation of the strength.
        randaugment_increasing: Whether every operation grows with the strength.
        erasing_probability: That a rectangle of an image is replaced by noise.
        mixup_alpha: Of the beta distribution of mixup's share; 0 for no mixup.
        cutmix_alpha: Of the beta distribution of cutmix's share; 0 for no cutmix.
        cutmix_probability: That a step uses cutmix, where there are both.
        mixing_fraction: Share of the steps, from the first on, in which images are mixed.
        noise_sigma: Standard deviation of Gaussian noise on pixels from 0 to 1.
        label_noise: Probability that a training image has a wrong label, the same throughout.
    """

    padding: str = "mirror"
    rotation_degrees: float = 0.0
    smallest_crop_area: float = 1.0
    randaugment_ops: int = 0
    randaugment_magnitude: float = 9.0
    randaugment_magnitude_std: float = 0.5
    randaugment_increasing: bool = True
    erasing_probability: float = 0.0
    mixup_alpha: float = 0.0
    cutmix_alpha: float = 0.0
    cutmix_probability: float = 0.5
    mixing_fraction: float = 1.0
    noise_sigma: float = 0.0
    label_noise: float = 0.0

    def __post_init__(self) -> None:
        if self.padding not in PADDINGS:
            raise UsageError(f"padding='{self.padding}': expected one of {', '.join(PADDINGS)}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name}={value}: expected a value from {low} to {high}")

    @property
    def mixes(self) -> bool:
        """Whether images are mixed in any step."""
        return (self.mixup_alpha > 0 or self.cutmix_alpha > 0) and self.mixing_fraction > 0


PADDINGS = ("mirror", "black")
_RANGES = {
    "rotation_degrees": (0.0, 180.0),
    "smallest_crop_area": (0.01, 1.0),
    "randaugment_ops": (0, 15),
    "randaugment_magnitude": (0.0, 10.0),
    "randaugment_magnitude_std": (0.0, 10.0),
    "erasing_probability": (0.0, 1.0),
    "mixup_alpha": (0.0, 100.0),
    "cutmix_alpha": (0.0, 100.0),
    "cutmix_probability": (0.0, 1.0),
    "mixing_fraction": (0.0, 1.0),
    "noise_sigma": (0.0, 1.0),
    "label_noise": (0.0, 1.0),
}
PLAIN = Augmentation()
