"""Datasets: whole cases for validation, random patches for training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from monai.transforms import Compose
from torch.utils.data import Dataset, Sampler

from crmo_seg.data.sample import CENTRE_ON_FOREGROUND, FOREGROUND, Sample

_LARGEST_SEED = 2**32


class PatchDataset(Dataset[Sample]):
    """A fixed number of random patches an epoch.

    Patches are numbered through all epochs, and the random state of a patch derives from the seed and its number
    alone: it does not depend on the number of workers, and a resumed run draws what an uninterrupted one would.
    A slot meant for foreground draws only from cases that have some.

    Args:
        samples: prepared cases, kept in memory.
        pipeline: from ``training_pipeline``.
        length: patches an epoch.
        foreground_share: share of patches that hold foreground.
        seed: of the run.
    """

    def __init__(
        self, samples: Sequence[Sample], pipeline: Compose, *, length: int, foreground_share: float, seed: int
    ) -> None:
        self.samples = samples
        self.with_foreground = [index for index, sample in enumerate(samples) if len(sample[FOREGROUND])]
        self.pipeline = pipeline
        self.length = length
        self.foreground_share = foreground_share
        self.seed = seed

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, number: int) -> Sample:
        """The patch of this number, counted from the first epoch on."""
        random = np.random.default_rng((self.seed, number))
        on_foreground = bool(self.with_foreground) and random.random() < self.foreground_share
        candidates = self.with_foreground if on_foreground else range(len(self.samples))
        sample = self.samples[candidates[random.integers(len(candidates))]]
        self.pipeline.set_random_state(seed=int(random.integers(_LARGEST_SEED)))
        patch: Sample = self.pipeline({**sample, CENTRE_ON_FOREGROUND: on_foreground})
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
