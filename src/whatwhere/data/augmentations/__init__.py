"""Augmentations of whole batches: what happens to an image depends on (seed, epoch, image)."""
