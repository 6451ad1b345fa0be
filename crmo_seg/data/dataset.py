"""Datasets: whole cases for validation, random patches for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from monai.transforms import Compose
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from crmo_seg.data.sample import CENTRE_ON_FOREGROUND, FOREGROUND, IMAGE, Sample

_LARGEST_SEED = 2**32
_NOWHERE = np.zeros((0, 3), dtype=np.int32)


@dataclass(frozen=True)
class Foreground:
    """Which patches hold foreground, and of what.

    Attributes:
        share: of the patches.
        heads: whose classes, or lesions, count.
        elsewhere: heads of which the other patches hold a class; where there is none they lie anywhere, in air too.
        brightest_of: the other patches hold the brightest of so many voxels of a class, in the first sequence: bright
            marrow that is no lesion is rare and the likeliest false mark.
    """

    share: float
    heads: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()
    brightest_of: int = 1

    def regions(self, sample: Sample) -> list[NDArray[np.int32]]:
        """Positions of each region of these heads that a prepared sample has."""
        return _regions(sample, self.heads)

    def regions_elsewhere(self, sample: Sample) -> list[NDArray[np.int32]]:
        """The same of the heads for other patches."""
        return _regions(sample, self.elsewhere)


def _brightest(sample: Sample, positions: NDArray[np.int32]) -> NDArray[np.int32]:
    """Of positions (n, 3) the one with the largest signal in the first sequence, (1, 3)."""
    x, y, z = positions.T
    brightest: NDArray[np.int32] = positions[np.argmax(sample[IMAGE][0, x, y, z])][None]
    return brightest


def _regions(sample: Sample, heads: tuple[str, ...]) -> list[NDArray[np.int32]]:
    return [positions for head in heads for positions in sample[FOREGROUND][head].values()]


class PatchDataset(Dataset[Sample]):
    """A fixed number of random patches an epoch.

    Patches are numbered through all epochs, and the random state of a patch derives from the seed and its number
    alone: it does not depend on the number of workers, and a resumed run draws what an uninterrupted one would.
    A slot meant for foreground draws only from cases that have some, and there each class, or each lesion of a head
    of one class, as often as any other.

    Args:
        samples: prepared cases.
        pipeline: from ``training_pipeline``.
        foreground: which patches hold foreground, and of what.
        length: patches an epoch.
        seed: of the run.
    """

    def __init__(
        self, samples: Sequence[Sample], pipeline: Compose, *, foreground: Foreground, length: int, seed: int
    ) -> None:
        self.samples = samples
        self.pipeline = pipeline
        self.foreground = foreground
        self.with_foreground = [i for i, sample in enumerate(samples) if foreground.regions(sample)]
        self.length = length
        self.seed = seed

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Sample:
        """The patch of this number, counted from the first epoch on."""
        random = np.random.default_rng((self.seed, number))
        on_foreground = bool(self.with_foreground) and random.random() < self.foreground.share
        candidates = self.with_foreground if on_foreground else range(len(self.samples))
        sample = self.samples[candidates[random.integers(len(candidates))]]
        regions = self.foreground.regions(sample) if on_foreground else self.foreground.regions_elsewhere(sample)
        positions = regions[random.integers(len(regions))] if regions else _NOWHERE
        if regions and not on_foreground and self.foreground.brightest_of > 1:
            positions = _brightest(sample, random.choice(positions, self.foreground.brightest_of))
        self.pipeline.set_random_state(seed=int(random.integers(_LARGEST_SEED)))
        patch: Sample = self.pipeline({**sample, FOREGROUND: positions, CENTRE_ON_FOREGROUND: bool(regions)})
        return patch


class EpochSampler(Sampler[int]):
    """The numbers of an epoch's patches; Lightning calls ``set_epoch`` before each epoch."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Count on from this epoch."""
        self.epoch = epoch

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.epoch * self.length, (self.epoch + 1) * self.length))

    def __len__(self) -> int:
        return self.length


class CaseDataset(Dataset[Sample]):
    """Whole prepared cases, as they are."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Sample:
        """The prepared case."""
        return self.samples[index]
