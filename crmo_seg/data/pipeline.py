"""The MONAI pipeline of a training patch: sample, augment, make tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from monai.transforms import (
    Compose,
    EnsureTyped,
    RandAdjustContrastd,
    RandFlipd,
    RandGaussianNoised,
    RandScaleIntensityd,
    RandShiftIntensityd,
)

from crmo_seg.data.sample import IMAGE, array_keys
from crmo_seg.data.sampling import SamplePatchd
from crmo_seg.plan import Plan


def training_pipeline(plan: Plan, augmentation: Sequence[Any] = ()) -> Compose:
    """Prepared sample -> augmented patch as tensors.

    Args:
        plan: patch size and heads.
        augmentation: dictionary transforms that run after cropping, from the ``augmentation`` configuration.
    """
    keys = array_keys(head.name for head in plan.heads)
    return Compose([SamplePatchd(plan), *augmentation, EnsureTyped(keys=keys, track_meta=False)])


def no_augmentation(heads: Sequence[str]) -> list[Any]:
    """Patches as they are, whatever the heads."""
    return []


def mirror_and_intensity(
    heads: Sequence[str], *, flip_axes: Sequence[int], intensity_probability: float, noise_std: float
) -> list[Any]:
    """Mirroring and mild changes of the signal; a first repertoire.

    Args:
        heads: whose labels are mirrored with the image.
        flip_axes: axes of the model grid, each mirrored in half of the patches; free where the classes of every head
            are unsided.
        intensity_probability: of each change of the signal.
        noise_std: largest standard deviation of the noise, in units of the normalised signal.
    """
    keys = array_keys(heads)
    flips = [RandFlipd(keys=keys, prob=0.5, spatial_axis=axis) for axis in flip_axes]
    return [
        *flips,
        RandScaleIntensityd(keys=IMAGE, factors=0.25, prob=intensity_probability),
        RandShiftIntensityd(keys=IMAGE, offsets=0.25, prob=intensity_probability),
        RandAdjustContrastd(keys=IMAGE, prob=intensity_probability, gamma=(0.7, 1.5)),
        RandGaussianNoised(keys=IMAGE, prob=intensity_probability, std=noise_std, dtype=torch.float32),
    ]
