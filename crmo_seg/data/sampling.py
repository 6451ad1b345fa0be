"""Place a patch in a prepared case, on foreground or anywhere, and cut it out."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from monai.transforms import Transform

from crmo_seg.data.augment.base import Seeded
from crmo_seg.data.augment.resample import cut
from crmo_seg.data.augment.window import WINDOW, Window, in_plane_only, slice_ratio
from crmo_seg.data.sample import AIR, CENTRE_ON_FOREGROUND, FOREGROUND, IMAGE, Sample, array_keys, labelled_key
from crmo_seg.plan import Plan
from crmo_seg.volume import Array, Float64Array


class PlacePatchd(Seeded, Transform):
    """A prepared sample -> the same with ``window``, the place of a patch; no array is read.

    With ``data["centre_on_foreground"]`` the patch will hold one of the voxels ``data["foreground"]`` (n, 3), at a
    random place inside; otherwise it lies anywhere.
    """

    def __init__(self, plan: Plan) -> None:
        self.patch = plan.patch
        self.in_plane_only = in_plane_only(plan)
        self.slice_ratio = slice_ratio(plan)

    def __call__(self, data: Mapping[Hashable, Any]) -> Sample:
        """Draw the window."""
        sample: Sample = {str(key): value for key, value in data.items()}
        anchor, point = self._draw(sample)
        window = Window(self.patch, anchor, point, np.eye(3), self.slice_ratio, self.in_plane_only)
        return sample | {WINDOW: window}

    def _draw(self, sample: Sample) -> tuple[Float64Array, Float64Array]:
        sides = np.array(self.patch)
        positions = sample[FOREGROUND]
        if sample[CENTRE_ON_FOREGROUND] and len(positions):
            anchor = self.R.randint(0, sides)
            point = positions[self.R.randint(len(positions))]
        else:
            anchor = sides // 2
            point = anchor + self.R.randint(0, np.maximum(np.array(sample[IMAGE].shape[1:]) - sides, 0) + 1)
        return anchor.astype(np.float64), np.asarray(point, dtype=np.float64)


class CutPatchd(Transform):
    """``window`` -> the patch: each array is read inside the window only and interpolated at most once.

    Outside the case lies air: ``data["air"]`` where the prepared sample has it, else the image's smallest value, for
    which the whole image is read.
    """

    def __init__(self, plan: Plan) -> None:
        self.heads = [head.name for head in plan.heads]

    def __call__(self, data: Mapping[Hashable, Any]) -> Sample:
        """Cut image and labels alike."""
        window = data[WINDOW].settled(data[IMAGE].shape[1:])
        air = data[AIR] if AIR in data else np.asarray(data[IMAGE].min(axis=(1, 2, 3)))
        patch: Sample = {key: self._cut(data[key], window, key, air) for key in array_keys(self.heads)}
        patch |= {labelled_key(head): data[labelled_key(head)] for head in self.heads}
        return patch | {WINDOW: window, AIR: air}

    def _cut(self, array: Array, window: Window, key: str, air: Array) -> Array:
        return cut(array, window, air if key == IMAGE else np.zeros(len(array), dtype=array.dtype))
