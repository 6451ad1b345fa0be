"""Lesions of other patients, pasted into a patch: sparse lesions become frequent, and appear in other bones.

After TumorCP (MICCAI 2021, https://github.com/YaoZhang93/TumorCP), but only the lesion's difference to its
surroundings is copied, so that brightness and texture of the receiving marrow stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from crmo_seg.data.augment.base import RandSometimesd, air_of, smoothing_axes
from crmo_seg.data.augment.kernels import blur
from crmo_seg.data.augment.window import read_window
from crmo_seg.data.sample import FOREGROUND, IMAGE, Sample, label_key, labelled_key
from crmo_seg.keys import BONES
from crmo_seg.volume import Array

_MARGIN = 3
_SOFTNESS = 0.7
_TRIES = 4
_SMALLEST_SHARE_LEFT = 0.3


@dataclass(frozen=True, eq=False)
class Lesion:
    """A lesion cut out of its patient.

    Attributes:
        mask: (X, Y, Z) bool.
        difference: (sequence, X, Y, Z), signal less the mean of the tissue around the lesion.
        value: of its class in the label.
    """

    mask: Array
    difference: Array
    value: int


class RandPasteLesiond(RandSometimesd):
    """Pastes a lesion of a donor: into bone where the patch's bones are labelled, else anywhere in the body.

    Does nothing where there are no donors, or the patch has no such label. Which voxels are bone, the head ``bones``
    says.

    Args:
        prob: of acting on a patch.
        head: whose foreground is pasted.
        strength: smallest and largest factor of the lesion's difference to its surroundings.
        largest_sides: box in voxels around a foreground voxel of the donor in which the lesion is cut out.

    Attributes:
        donors: prepared samples, from ``training_pipeline``; their arrays are read inside such a box only.
    """

    def __init__(self, prob: float, head: str, strength: Sequence[float], largest_sides: Sequence[int]) -> None:
        super().__init__(prob)
        self.head = head
        self.strength = strength
        self.largest_sides = tuple(largest_sides)
        self.donors: Sequence[Sample] = ()

    def act(self, sample: Sample) -> Sample:
        """Paste, if a lesion is found and fits."""
        if not sample.get(labelled_key(self.head)) or not len(self.donors):
            return sample
        lesion = self._draw_lesion()
        allowed = allowed_voxels(sample, self.head)
        candidates = np.flatnonzero(allowed)
        if lesion is None or not len(candidates):
            return sample
        centre = np.unravel_index(candidates[self.R.randint(len(candidates))], allowed.shape)
        return paste(sample, self.head, self._flipped(lesion), centre, self.between(*self.strength))

    def _draw_lesion(self) -> Lesion | None:
        for _ in range(_TRIES):
            donor = self.donors[int(self.R.randint(len(self.donors)))]
            regions = list(donor[FOREGROUND].get(self.head, {}).values())
            if regions:
                voxels = regions[int(self.R.randint(len(regions)))]
                position = voxels[int(self.R.randint(len(voxels)))]
                value = int(donor[label_key(self.head)][(0, *position)])
                return lesion_at(donor, self.head, value, position, self.largest_sides)
        return None

    def _flipped(self, lesion: Lesion) -> Lesion:
        axes = tuple(axis for axis in range(3) if self.R.rand() < 0.5)
        moved = tuple(axis + 1 for axis in axes)
        return Lesion(np.flip(lesion.mask, axes), np.flip(lesion.difference, moved), lesion.value)


def lesion_at(
    donor: Sample, head: str, value: int, position: Sequence[int], largest_sides: Sequence[int]
) -> Lesion | None:
    """The connected lesion at a voxel of a prepared sample, cut off at a box; None where nothing surrounds it.

    Args:
        donor: image and labels may be memory maps.
        head: of the label.
        value: of the class.
        position: one of its voxels.
        largest_sides: of the box around that voxel.
    """
    shape = np.array(donor[IMAGE].shape[1:])
    first = np.maximum(np.array(position) - np.array(largest_sides) // 2, 0)
    label = _box(donor[label_key(head)], first, np.minimum(largest_sides, shape - first))[0]
    found, _ = ndimage.label(label == value)
    x, y, z = np.array(position) - first
    (tight,) = ndimage.find_objects((found == found[x, y, z]).astype(np.uint8))
    low = np.maximum([part.start - _MARGIN for part in tight], -first)
    high = np.minimum([part.stop + _MARGIN for part in tight], shape - first)
    padded = _box(donor[label_key(head)], first + low, high - low)[0]
    image = _box(donor[IMAGE], first + low, high - low).astype(np.float32)
    mask = np.zeros(padded.shape, dtype=bool)
    inner = tuple(slice(part.start - start, part.stop - start) for part, start in zip(tight, low, strict=True))
    mask[inner] = found[tight] == found[x, y, z]
    around = _surroundings(mask, padded, _bones(donor, first + low, high - low))
    if not around.any():
        return None
    return Lesion(mask, image - image[:, around].mean(axis=1).reshape(-1, 1, 1, 1), value)


def _box(array: Array, first: Array, sides: Array) -> Array:
    return read_window(array, first.tolist(), np.asarray(sides).tolist(), np.zeros(len(array)), array.dtype)


def _bones(donor: Sample, first: Array, sides: Array) -> Array | None:
    return _box(donor[label_key(BONES)], first, sides)[0] > 0 if donor.get(labelled_key(BONES)) else None


def _surroundings(mask: Array, label: Array, bones: Array | None) -> Array:
    """Healthy voxels near the lesion; of bone, where that is known and there are some."""
    near = ndimage.binary_dilation(mask, iterations=_MARGIN) & (label == 0)
    marrow: Array = near & bones if bones is not None else near
    return marrow if marrow.any() else near


def allowed_voxels(sample: Sample, head: str) -> Array:
    """Where in a patch a lesion may lie: healthy bone where bones are labelled, else the healthy body."""
    healthy: Array = np.asarray(sample[label_key(head)])[0] == 0
    if sample.get(labelled_key(BONES)) and head != BONES:
        return np.asarray(healthy & (np.asarray(sample[label_key(BONES)])[0] > 0))
    # The normalised signal's mean over the body is 0, so the middle between it and air separates body from air.
    return np.asarray(healthy & (np.asarray(sample[IMAGE])[0] > air_of(sample)[0] / 2))


def paste(sample: Sample, head: str, lesion: Lesion, centre: Sequence[int], strength: float) -> Sample:
    """The patch with a lesion about a voxel, clipped to where it may lie; as it was where little of it is left.

    Args:
        sample: a patch; not written to.
        head: of the label.
        lesion: what is pasted.
        centre: voxel of the patch.
        strength: factor of the lesion's difference to its surroundings.
    """
    shape = np.array(sample[IMAGE].shape[1:])
    first = np.array(centre) - np.array(lesion.mask.shape) // 2
    low, high = np.maximum(-first, 0), np.minimum(lesion.mask.shape, shape - first)
    inner = tuple(slice(start, stop) for start, stop in zip(low, high, strict=True))
    target = tuple(slice(start, stop) for start, stop in zip(first + low, first + high, strict=True))
    mask = lesion.mask[inner] & allowed_voxels(sample, head)[target]
    if mask.sum() < _SMALLEST_SHARE_LEFT * lesion.mask.sum():
        return sample
    image, label = np.array(sample[IMAGE], dtype=np.float32), np.array(sample[label_key(head)])
    axes = smoothing_axes(sample)
    opacity = blur(mask.astype(np.float32), (_SOFTNESS,) * len(axes), axes) * strength
    image[:, *target] += opacity * lesion.difference[:, *inner]
    label[0][target][mask] = lesion.value
    return sample | {IMAGE: image, label_key(head): label}
