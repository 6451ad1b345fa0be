"""Cases -> loaders of patches and of whole validation cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

import lightning.pytorch as pl
import torch
from torch.utils.data import DataLoader

from crmo_seg.cases import Case, Split
from crmo_seg.data.cache import PreparedCases
from crmo_seg.data.dataset import CaseDataset, EpochSampler, Foreground, PatchDataset
from crmo_seg.data.pipeline import training_pipeline
from crmo_seg.data.sample import IMAGE, Sample
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_geometry
from crmo_seg.plan import Plan
from crmo_seg.preprocess import model_grid
from crmo_seg.training.ranks import RankSampler, rank, shared_out, world_size

SPACING_MM: Final = "spacing_mm"
"""In a validation sample the spacing of the model grid."""


@dataclass(frozen=True)
class Sampling:
    """How patches are drawn.

    Attributes:
        batch_size: patches a step, of all processes together.
        patches_per_epoch: patches between two validations' worth of counting.
        foreground_share: share of patches that hold foreground.
        foreground_heads: whose classes are foreground; None is the first head, the one that a model is for.
        elsewhere_heads: heads of which the other patches hold a class; without any they lie anywhere.
        brightest_of: those hold the brightest of so many voxels of a class.
        workers: loader processes; 0 draws in the training process.

    Raises:
        InputError: where ``brightest_of`` is no number of voxels.
    """

    batch_size: int
    patches_per_epoch: int
    foreground_share: float
    foreground_heads: tuple[str, ...] | None = None
    elsewhere_heads: tuple[str, ...] = ()
    brightest_of: int = 1
    workers: int = 0

    def __post_init__(self) -> None:
        if self.brightest_of < 1:
            raise InputError("data.sampling", f"has brightest_of={self.brightest_of}", "give 1 voxel or more")


class SegmentationData(pl.LightningDataModule):
    """Prepares each case once, on disk, and cuts patches out of it.

    Args:
        split: cases to learn from and to validate on.
        plan: grid, patch, heads.
        sampling: batch and epoch.
        augmentation: transforms after cropping.
        cache: folder of prepared cases; may be shared with other runs.
        seed: of the run.
    """

    def __init__(
        self, split: Split, plan: Plan, sampling: Sampling, augmentation: Sequence[Any], *, cache: Path, seed: int
    ) -> None:
        super().__init__()
        self.split = split
        self.cache = cache
        self.plan = plan
        self.sampling = sampling
        self.augmentation = augmentation
        self.seed = seed
        self.train_samples: list[Sample] = []
        self.val_samples: list[Sample] = []

    def setup(self, stage: str | None = None) -> None:
        """Read and prepare the cases, once.

        Raises:
            InputError: where a head has no label in any case to learn from.
        """
        for head in self.plan.heads:
            _check_labelled(head.name, self.split.train)
        if not self.train_samples:
            self.train_samples = self._prepare(self.split.train)
            self.val_samples = self._prepare(self.split.val)
            for case, sample in zip(self.split.val, self.val_samples, strict=True):
                sample[SPACING_MM] = self._spacing_mm(case)

    def train_dataloader(self) -> DataLoader[Sample]:
        """Batches of patches."""
        dataset = PatchDataset(
            self.train_samples,
            training_pipeline(self.plan, self.augmentation, self.train_samples),
            foreground=self._foreground(),
            length=self.sampling.patches_per_epoch,
            seed=self.seed,
        )
        sampler = RankSampler(EpochSampler(len(dataset)), self.sampling.batch_size, rank(), world_size())
        return DataLoader(
            dataset,
            batch_size=sampler.share,
            sampler=sampler,
            num_workers=self.sampling.workers,
            drop_last=True,
        )

    def val_dataloader(self) -> DataLoader[Sample]:
        """Whole cases, one at a time, as arrays; each rank has its part of them."""
        return DataLoader(CaseDataset(shared_out(self.val_samples)), batch_size=None, collate_fn=_as_it_is)

    def transfer_batch_to_device(self, batch: Sample, device: torch.device, dataloader_idx: int) -> Sample:
        """Batches of patches go to the device; whole cases stay arrays, their windows go one by one."""
        if not isinstance(batch[IMAGE], torch.Tensor):
            return batch
        moved: Sample = super().transfer_batch_to_device(batch, device, dataloader_idx)
        return moved

    def _prepare(self, cases: Sequence[Case]) -> list[Sample]:
        prepared = PreparedCases(self.cache, self.plan)
        return [prepared(case) for case in cases]

    def _spacing_mm(self, case: Case) -> tuple[float, float, float]:
        source = read_geometry(case.images[self.plan.sequences[0]])
        return model_grid(source, self.plan.grid).geometry.spacing_mm

    def _foreground(self) -> Foreground:
        sampling = self.sampling
        heads = (self.plan.heads[0].name,) if sampling.foreground_heads is None else tuple(sampling.foreground_heads)
        known = {head.name for head in self.plan.heads}
        for name in (*heads, *sampling.elsewhere_heads):
            if name not in known:
                remedy = f"it has: {', '.join(sorted(known))}"
                raise InputError("data.sampling", f"names the head {name}, which the model has not", remedy)
        return Foreground(sampling.foreground_share, heads, tuple(sampling.elsewhere_heads), sampling.brightest_of)


def _check_labelled(head: str, cases: Sequence[Case]) -> None:
    if not any(head in case.labels for case in cases):
        remedy = f"give label_{head} for some of them in the manifest, or leave the head out of data.heads"
        raise InputError(f"head {head}", f"is labelled in none of the {len(cases)} cases to learn from", remedy)


def voxel_ml(sample: Sample) -> float:
    """Volume of a voxel of a validation sample, on the model grid."""
    return prod(sample[SPACING_MM]) / 1000


def _as_it_is(sample: Any) -> Any:  # noqa: ANN401  (torch types a collate function for batches only)
    return sample
