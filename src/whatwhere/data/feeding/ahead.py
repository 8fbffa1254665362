"""Batches made for several steps at once, where each operation costs its launch."""

from whatwhere.arrays import Batch
from whatwhere.data.feeding.stream import TrainStream

# Made ahead at most: 256 MiB of float32, and augmenting takes a few times that for a moment.
MOST_NUMBERS = 2**26


class Ahead:
    """The batches of a stream, made for several steps at once; for GPUs.

    Args:
        stream: Whose batches.
        num_steps: How many are made at once; fewer where they would fill the memory.
    """

    def __init__(self, stream: TrainStream, num_steps: int = 16) -> None:
        batch_size = min(stream.batch_size, len(stream.index))
        num_numbers = batch_size * stream.pixels.image_size**2 * stream.pixels.flat.shape[1]
        self.stream, self.num_steps = stream, max(1, min(num_steps, MOST_NUMBERS // num_numbers))
        self._held: dict[int, Batch] = {}

    def batch(self, step: int) -> Batch:
        """Return the batch of a step, as the stream would.

        Args:
            step: From 0; cheap where steps are asked for in their order.

        Returns:
            The batch.
        """
        if step not in self._held:
            made = self.stream.batches(step, self.num_steps)
            self._held = dict(enumerate(made, start=step))
        return self._held.pop(step)
