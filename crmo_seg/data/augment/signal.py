"""Random changes of the signal: the repertoire of nnU-Net, and contrast curves.

Probabilities and ranges that the configurations take from nnU-Net: ``nnUNetTrainer.get_training_transforms`` of
nnU-Net 2.8 (Isensee et al. 2021, doi:10.1038/s41592-020-01008-z), transforms of batchgeneratorsv2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from crmo_seg.data.augment import kernels
from crmo_seg.data.augment.base import SEEDS, RandSignald, Seeded
from crmo_seg.volume import Array


class RandNoised(RandSignald):
    """Gaussian noise.

    Args:
        prob: of acting on a patch.
        std: largest standard deviation, in units of the normalised signal; drawn evenly from 0.
    """

    def __init__(self, prob: float, std: float) -> None:
        super().__init__(prob)
        self.std = std

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Add the noise."""
        # torch draws a field of normal numbers twice as fast as numpy; its generator here is our own.
        source = torch.Generator().manual_seed(int(self.R.randint(SEEDS, dtype=np.uint64)))
        noise: Array = torch.empty(signal.shape).normal_(std=self.between(0, self.std), generator=source).numpy()
        noise += signal
        return noise


class RandBlurd(RandSignald):
    """Gaussian smoothing, along each axis by another width; not across thick slices.

    Args:
        prob: of acting on a patch.
        channel_prob: of acting on each sequence then.
        sigma: smallest and largest standard deviation in voxels.
    """

    def __init__(self, prob: float, channel_prob: float, sigma: Sequence[float]) -> None:
        super().__init__(prob, channel_prob)
        self.sigma = sigma

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Smooth."""
        return kernels.blur(signal, [self.between(*self.sigma) for _ in axes], axes)


class RandLowResolutiond(RandSignald):
    """Fewer voxels, interpolated back; not across thick slices.

    Args:
        prob: of acting on a patch.
        channel_prob: of acting on each sequence then.
        share: smallest and largest share of the voxels of each axis that are left.
    """

    def __init__(self, prob: float, channel_prob: float, share: Sequence[float]) -> None:
        super().__init__(prob, channel_prob)
        self.share = share

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Lose resolution."""
        return kernels.low_resolution(signal, self.between(*self.share), axes)


class RandBrightnessd(RandSignald):
    """Multiplies the normalised signal.

    Args:
        prob: of acting on a patch.
        factor: smallest and largest factor; below and above 1 equally often.
    """

    def __init__(self, prob: float, factor: Sequence[float]) -> None:
        super().__init__(prob)
        self.factor = factor

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Multiply."""
        return kernels.brightness(signal, below_or_above_one(self, self.factor))


class RandContrastd(RandSignald):
    """Stretches the signal about its mean, within the range that it had.

    Args:
        prob: of acting on a patch.
        factor: smallest and largest factor; below and above 1 equally often.
    """

    def __init__(self, prob: float, factor: Sequence[float]) -> None:
        super().__init__(prob)
        self.factor = factor

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Stretch."""
        return kernels.contrast(signal, below_or_above_one(self, self.factor))


class RandGammad(RandSignald):
    """Gamma curve; mean and standard deviation stay.

    Args:
        prob: of acting on a patch.
        exponent: smallest and largest exponent; below and above 1 equally often.
        inverted: whether the bright end is stretched instead of the dark one.
    """

    def __init__(self, prob: float, exponent: Sequence[float], inverted: bool = False) -> None:
        super().__init__(prob)
        self.exponent = exponent
        self.inverted = inverted

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Apply the curve."""
        return kernels.gamma(signal, below_or_above_one(self, self.exponent), inverted=self.inverted)


class RandContrastCurved(RandSignald):
    """Another contrast: a random curve that keeps the order of all signals, so that bright edema stays the brightest.

    Stands for other echo and inversion times and other scanners; after the random contrast of SynthSeg
    (Billot et al. 2023, doi:10.1016/j.media.2023.102789), but of one real image.

    Args:
        prob: of acting on a patch.
        channel_prob: of acting on each sequence then.
        knots: pieces of the curve.
        strength: largest share of the random curve in the mixture with the straight line, 0 to 1.
    """

    def __init__(self, prob: float, channel_prob: float, knots: int, strength: float) -> None:
        super().__init__(prob, channel_prob)
        self.knots = knots
        self.strength = strength

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Apply the curve."""
        heights = np.concatenate([[0], np.cumsum(self.R.dirichlet(np.ones(self.knots)))])
        steps = np.linspace(0, 1, kernels.LEVELS)
        share = self.between(0, self.strength)
        curve = (1 - share) * steps + share * np.interp(steps, np.linspace(0, 1, self.knots + 1), heights)
        return kernels.with_statistics_of(signal, kernels.through_curve(signal, curve))


def below_or_above_one(random: Seeded, limits: Sequence[float]) -> float:
    """A factor drawn evenly from below 1 or from above it, each half of the time, as nnU-Net's ``BGContrast`` does."""
    low, high = limits
    if random.R.rand() < 0.5 and low < 1:
        return random.between(low, min(high, 1))
    return random.between(max(low, 1), max(high, 1))
