"""Cut patches out of prepared cases; a patch is centred on foreground or anywhere."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
from monai.transforms import Randomizable, Transform
from numpy.typing import NDArray

from crmo_seg.data.sample import CENTRE_ON_FOREGROUND, FOREGROUND, IMAGE, Sample, array_keys, labelled_key
from crmo_seg.plan import Plan, Triple
from crmo_seg.preprocess import pad_to


class SamplePatchd(Randomizable, Transform):
    """A prepared sample -> a patch of the plan's size.

    With ``data["centre_on_foreground"]`` the patch holds a random foreground voxel at a random place inside;
    otherwise it lies anywhere. Cases smaller than the patch are padded with air.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.heads = [head.name for head in plan.heads]

    def __call__(self, data: Mapping[Hashable, object]) -> Sample:
        """Cut the same window out of image and labels."""
        sample = {str(key): value for key, value in data.items()}
        arrays = {key: self._padded(sample, key) for key in array_keys(self.heads)}
        start = self._draw_start(sample, arrays[IMAGE].shape[1:])
        window = (
            slice(None),
            *(slice(first, first + side) for first, side in zip(start, self.plan.patch, strict=True)),
        )
        patch: Sample = {key: np.ascontiguousarray(array[window]) for key, array in arrays.items()}
        return patch | {labelled_key(head): sample[labelled_key(head)] for head in self.heads}

    def _padded(self, sample: Sample, key: str) -> NDArray[np.generic]:
        array = sample[key]
        return pad_to(array, self.plan.patch, value=float(array.min()) if key == IMAGE else 0)

    def _draw_start(self, sample: Sample, shape: tuple[int, ...]) -> Triple:
        last = np.array(shape) - self.plan.patch
        positions = sample[FOREGROUND]
        if sample[CENTRE_ON_FOREGROUND] and len(positions):
            inside = self.R.randint(0, np.array(self.plan.patch))
            wanted = positions[self.R.randint(len(positions))] - inside
        else:
            wanted = self.R.randint(0, last + 1)
        x, y, z = (int(start) for start in np.clip(wanted, 0, last))
        return x, y, z
