"""The MONAI pipeline of a training patch: place, cut, augment, make tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from monai.transforms import (
    Compose,
    DeleteItemsd,
    EnsureTyped,
    RandAdjustContrastd,
    RandFlipd,
    RandGaussianNoised,
    RandScaleIntensityd,
    RandShiftIntensityd,
)

from crmo_seg.data.augment.lesion_paste import RandPasteLesiond
from crmo_seg.data.augment.spatial import is_of_window
from crmo_seg.data.augment.window import WINDOW
from crmo_seg.data.sample import AIR, IMAGE, Sample, array_keys
from crmo_seg.data.sampling import CutPatchd, PlacePatchd
from crmo_seg.plan import Plan


def training_pipeline(plan: Plan, augmentation: Sequence[Any] = (), donors: Sequence[Sample] = ()) -> Compose:
    """Prepared sample -> augmented patch as tensors.

    Args:
        plan: patch size and heads.
        augmentation: dictionary transforms from the ``augmentation`` configuration. Those of the window run before the
            patch is cut, all others after it; otherwise their order is kept.
        donors: prepared samples of the training cases, whose lesions may be pasted into others.
    """
    keys = array_keys(head.name for head in plan.heads)
    for transform in augmentation:
        if isinstance(transform, RandPasteLesiond):
            transform.donors = donors
    before = [transform for transform in augmentation if is_of_window(transform)]
    after = [transform for transform in augmentation if not is_of_window(transform)]
    finish = [DeleteItemsd(keys=[WINDOW, AIR]), EnsureTyped(keys=keys, track_meta=False)]
    return Compose([PlacePatchd(plan), *before, CutPatchd(plan), *after, *finish])


def no_augmentation(heads: Sequence[str]) -> list[Any]:
    """Patches as they are, whatever the heads."""
    return []


def steps_in_order(heads: Sequence[str], *, steps: Mapping[str, Any]) -> list[Any]:
    """The transforms that a configuration names, one by one.

    Args:
        heads: of the plan; transforms that change labels find them in the sample.
        steps: name -> transform; the name is for overriding it: ``augmentation.steps.rotation.prob=0.5``.
    """
    return list(steps.values())


def mirror_and_intensity(
    heads: Sequence[str], *, flip_axes: Sequence[int], intensity_probability: float, noise_std: float
) -> list[Any]:
    """Mirroring and mild changes of the signal by MONAI's own transforms; the smallest repertoire.

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
