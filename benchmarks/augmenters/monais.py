"""MONAI's own transforms for the same changes."""

from __future__ import annotations

from typing import Any

import monai.transforms as mt

from augmenters.inputs import LARGEST_ANGLE, SCALES, Draw, Patch, case_of, is_flat


def draws_of(patch: Patch) -> dict[str, Draw]:
    """MONAI's dictionary transforms; labels are taken from the nearest voxel."""
    both, flat = ("image", "label"), is_flat(patch)
    angles = [(0, 0), (0, 0), (-LARGEST_ANGLE, LARGEST_ANGLE)] if flat else [(-LARGEST_ANGLE, LARGEST_ANGLE)] * 3
    grow = [(SCALES[0] - 1, SCALES[1] - 1)] * (2 if flat else 3)

    def affine(prob: float, **changes: Any) -> Any:  # noqa: ANN401
        modes = {"mode": ("bilinear", "nearest"), "padding_mode": "border", "cache_grid": True}
        return mt.RandAffined(both, spatial_size=patch, prob=prob, **{**modes, **changes})

    spatial = {
        "crop": mt.RandSpatialCropd(both, patch, random_size=False),
        "rotation": affine(1.0, rotate_range=angles),
        "scale": affine(1.0, scale_range=grow),
        "mirror": mt.Compose([mt.RandFlipd(both, 0.5, axis) for axis in range(3)]),
        "bend": mt.Rand3DElasticd(
            both, (5, 7), (50, 150), spatial_size=patch, prob=1.0, mode=("bilinear", "nearest"), padding_mode="border"
        ),
    }
    signal = {
        "noise": mt.RandGaussianNoised("image", 1.0, std=0.1),
        "blur": mt.RandGaussianSmoothd("image", (0.5, 1), (0.5, 1), (0.5, 1), prob=1.0),
        "brightness": mt.RandScaleIntensityd("image", 0.25, 1.0),
        "low resolution": mt.RandSimulateLowResolutiond("image", 1.0, zoom_range=(0.5, 1)),
        "gamma": mt.RandAdjustContrastd("image", 1.0, (0.7, 1.5), retain_stats=True),
        "contrast curve": mt.RandHistogramShiftd("image", 5, 1.0),
        "bias field": mt.RandBiasFieldd("image", prob=1.0),
    }
    probs = {"noise": 0.1, "blur": 0.2, "brightness": 0.3, "low resolution": 0.25, "gamma": 0.4}
    all_steps = [affine(0.36, rotate_range=angles, scale_range=grow), spatial["mirror"]]
    all_steps += [mt.OneOf([signal[name], mt.Identityd("image")], [prob, 1 - prob]) for name, prob in probs.items()]
    image, label = case_of(patch)
    whole = {"image": image, "label": label}
    small = dict(zip(both, case_of(patch, wider=1.0), strict=True))

    def row(transform: Any, sample: dict[str, Any]) -> Draw:  # noqa: ANN401
        return lambda seed: transform.set_random_state(seed=seed)(sample)

    rows = {name: row(transform, small if name == "mirror" else whole) for name, transform in spatial.items()}
    rows |= {name: row(transform, small) for name, transform in signal.items()}
    return rows | {"all of nnunet": row(mt.Compose(all_steps), whole)}
