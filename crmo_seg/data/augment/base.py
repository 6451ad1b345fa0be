"""What the random transforms of this package share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.transforms import MapTransform, Randomizable, RandomizableTransform
from numpy.typing import NDArray

from crmo_seg.data.augment.window import WINDOW
from crmo_seg.data.sample import AIR, IMAGE, Sample
from crmo_seg.volume import Array

SEEDS = 2**32


class Seeded(Randomizable):
    """Draws the numbers that ``Randomizable`` draws, but is seeded a hundred times faster.

    MONAI makes a new ``RandomState`` for each seed, which costs 0.1 ms; a pipeline has twenty transforms and a seed for
    each patch.
    """

    R: np.random.RandomState

    def set_random_state(self, seed: Any = None, state: Any = None) -> Seeded:  # noqa: ANN401  (as MONAI types it)
        """Seed this transform alone."""
        if not isinstance(seed, int | np.integer):
            super().set_random_state(seed, state)
        elif "R" in vars(self):
            self.R.seed(int(seed) % SEEDS)
        else:
            self.R = np.random.RandomState(int(seed) % SEEDS)
        return self

    def between(self, low: float, high: float) -> float:
        """A number drawn evenly."""
        return float(self.R.uniform(low, high))


class RandSometimesd(Seeded, RandomizableTransform, MapTransform):
    """A dictionary transform that acts with a probability.

    Args:
        prob: of acting on a patch, 0 to 1.
    """

    def __init__(self, prob: float) -> None:
        MapTransform.__init__(self, IMAGE)
        RandomizableTransform.__init__(self, prob)

    def __call__(self, data: Mapping[Hashable, Any]) -> Sample:
        """The sample, changed or as it was; its arrays are not written to."""
        sample: Sample = {str(key): value for key, value in data.items()}
        self.randomize(None)
        return self.act(sample) if self._do_transform else sample

    @abstractmethod
    def act(self, sample: Sample) -> Sample:
        """The changed sample."""


class RandSignald(RandSometimesd):
    """Changes the signal of each sequence by itself.

    Args:
        prob: of acting on a patch.
        channel_prob: of acting on each sequence then; nnU-Net's ``p_per_channel``.
    """

    def __init__(self, prob: float, channel_prob: float = 1.0) -> None:
        super().__init__(prob)
        self.channel_prob = channel_prob

    def act(self, sample: Sample) -> Sample:
        """Change the drawn sequences."""
        image = np.asarray(sample[IMAGE], dtype=np.float32)
        air = air_of(sample)
        chosen = [self.R.rand() < self.channel_prob for _ in image]
        if not any(chosen):
            return sample
        axes = smoothing_axes(sample)
        signals = [self.change(image[i], float(air[i]), axes) if chosen[i] else image[i] for i in range(len(image))]
        return sample | {IMAGE: np.stack(signals)}

    @abstractmethod
    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """A new array (X, Y, Z) float32.

        Args:
            signal: of one sequence, not to be written to.
            air: signal of air.
            axes: along which neighbours may be mixed; in plane only where slices are thick.
        """


def air_of(sample: Sample) -> NDArray[np.float32]:
    """Signal of air in each sequence; the smallest of the patch where the pipeline does not know it."""
    if AIR in sample:
        return np.asarray(sample[AIR], dtype=np.float32)
    return np.asarray(np.asarray(sample[IMAGE]).min(axis=(1, 2, 3)), dtype=np.float32)


def smoothing_axes(sample: Sample) -> tuple[int, ...]:
    """Axes along which neighbouring voxels may be mixed."""
    return (0, 1) if WINDOW in sample and sample[WINDOW].in_plane_only else (0, 1, 2)
