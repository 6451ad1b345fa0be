"""batchgeneratorsv2, as nnU-Net's trainer uses it; imported in an environment of its own, without this package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import torch

from augmenters.inputs import LARGEST_ANGLE, SCALES, WIDER, Draw, Patch, case_of, is_flat


def draws_of(patch: Patch) -> dict[str, Draw]:
    """Each transform acting always, and all with the probabilities of ``nnUNetTrainer``."""
    torch.set_num_threads(1)
    whole, small = _tensors(patch, WIDER), _tensors(patch, 1.0)
    signal = _signal(flat=is_flat(patch))
    mirror = _made("spatial.mirroring.MirrorTransform", (0, 1, 2))
    sometimes = [_made("utils.random.RandomTransform", transform, prob) for prob, transform in signal.values()]
    everything = _composed([_spatial(patch, p_rotation=0.2, p_scaling=0.2), *sometimes, mirror])
    rows = {
        "crop": _row(_spatial(patch), whole),
        "rotation": _row(_spatial(patch, p_rotation=1), whole),
        "scale": _row(_spatial(patch, p_scaling=1), whole),
        "bend": _row(_spatial(patch, p_elastic_deform=1), whole),
        "mirror": _row(mirror, small),
        "all of nnunet": _row(everything, whole),
    }
    always = {name: transform for name, (_, transform) in _signal(flat=is_flat(patch)).items()}
    for name in ("blur", "low resolution"):
        always[name].p_per_channel = 1.0
    return rows | {name: _row(transform, small) for name, transform in always.items()}


def _made(name: str, *arguments: object, **settings: object) -> Any:  # noqa: ANN401  (not installed here)
    module, kind = f"batchgeneratorsv2.transforms.{name}".rsplit(".", 1)
    return getattr(import_module(module), kind)(*arguments, **settings)


def _composed(transforms: list[Any]) -> Any:  # noqa: ANN401
    return _made("utils.compose.ComposeTransforms", transforms)


def _spatial(patch: Patch, **probabilities: float) -> Any:  # noqa: ANN401
    sides = patch[:2] if is_flat(patch) else patch
    ranges = {"rotation": (-LARGEST_ANGLE, LARGEST_ANGLE), "scaling": SCALES, "p_synchronize_scaling_across_axes": 1}
    turn = _made("spatial.spatial.SpatialTransform", sides, 0, False, **ranges, **probabilities)
    if not is_flat(patch):
        return turn
    flat, full = _made("utils.pseudo2d.Convert3DTo2DTransform"), _made("utils.pseudo2d.Convert2DTo3DTransform")
    return _composed([flat, turn, full])


def _signal(*, flat: bool) -> dict[str, tuple[float, Any]]:
    factor = _made("intensity.contrast.BGContrast", (0.75, 1.25))
    exponent = _made("intensity.contrast.BGContrast", (0.7, 1.5))
    fewer = "spatial.low_resolution.SimulateLowResolutionTransform"
    blur = "noise.gaussian_blur.GaussianBlurTransform"
    return {
        "noise": (0.1, _made("intensity.gaussian_noise.GaussianNoiseTransform", (0, 0.1), 1, True)),
        "blur": (0.2, _made(blur, (0.5, 1.0), False, False, 0.5, benchmark=True)),
        "brightness": (0.15, _made("intensity.brightness.MultiplicativeBrightnessTransform", factor, False, 1)),
        "contrast": (0.15, _made("intensity.contrast.ContrastTransform", factor, True, False, 1)),
        "low resolution": (0.25, _made(fewer, (0.5, 1), False, True, (0,) if flat else None, None, 0.5)),
        "gamma": (0.4, _made("intensity.gamma.GammaTransform", exponent, 0, False, 1, 1)),
    }


def _tensors(patch: Patch, wider: float) -> dict[str, torch.Tensor]:
    """nnU-Net has the thick axis first."""
    arrays = case_of(patch, wider=wider)
    if is_flat(patch):
        first = (arrays[0].shape[3] - patch[2]) // 2
        arrays = tuple(array[..., first : first + patch[2]].transpose(0, 3, 1, 2) for array in arrays)
    image, label = (torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)
    return {"image": image, "segmentation": label.to(torch.int16)}


def _row(transform: Any, sample: dict[str, torch.Tensor]) -> Draw:  # noqa: ANN401
    """These transforms write to their input, and draw from global random states."""
    return lambda seed: transform(**{key: value.clone() for key, value in sample.items()})
