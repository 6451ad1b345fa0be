"""Artefacts of whole-body MRI that scanners of one hospital may not show, and another's do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from crmo_seg.cases import LABEL_PREFIX
from crmo_seg.data.augment import kernels
from crmo_seg.data.augment.base import RandSignald, RandSometimesd, air_of
from crmo_seg.data.augment.fields import FEWEST_POINTS, smooth_field
from crmo_seg.data.sample import IMAGE, Sample
from crmo_seg.volume import Array

_IN_PLANE = 2


class RandBiasFieldd(RandSignald):
    """Smooth shading by the receive coils: tissue is multiplied by a field of low order, air stays.

    Args:
        prob: of acting on a patch.
        strength: largest change at a control point, either way, as a factor's logarithm; 0.5 is 0.6 to 1.65.
    """

    def __init__(self, prob: float, strength: float) -> None:
        super().__init__(prob)
        self.strength = strength

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Shade."""
        limit = self.between(0, self.strength)
        control = np.exp(self.R.uniform(-limit, limit, size=(FEWEST_POINTS,) * 3))
        return kernels.shaded(signal, air, smooth_field(control, signal.shape))


class RandGhostingd(RandSignald):
    """Faint copies along one in-plane axis, from breathing and pulsation.

    Args:
        prob: of acting on a patch.
        channel_prob: of acting on each sequence then.
        strength: largest share of the nearest copies.
    """

    def __init__(self, prob: float, channel_prob: float, strength: float) -> None:
        super().__init__(prob, channel_prob)
        self.strength = strength

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Add the copies."""
        axis = int(self.R.randint(_IN_PLANE))
        step = int(self.R.randint(max(1, signal.shape[axis] // 8), max(2, signal.shape[axis] // 3 + 1)))
        return kernels.ghosts(signal, air, axis=axis, step=step, strength=self.between(0, self.strength))


class RandSliceCrosstalkd(RandSignald):
    """Every second slice is darker, as in interleaved multi-slice inversion recovery with small gaps.

    Args:
        prob: of acting on a patch.
        loss: largest share of the signal that is lost.
    """

    def __init__(self, prob: float, loss: float) -> None:
        super().__init__(prob)
        self.loss = loss

    def change(self, signal: Array, air: float, axes: tuple[int, ...]) -> Array:
        """Darken."""
        first = int(self.R.randint(2))
        return kernels.alternating_slices(signal, air, loss=self.between(0, self.loss), first=first)


class RandStationSeamd(RandSometimesd):
    """A border between two stations: beyond it another gain, and the body moved a little, its labels with it.

    The border crosses the patch at a right angle to an in-plane axis; the part beyond it moves along the other in-plane
    axis. Where the move would push the last voxel of a label out of the patch, only the gain changes.

    Args:
        prob: of acting on a patch.
        axes: in-plane axes along which stations follow each other; in a coronal scan head to feet, axis 1.
        gain: smallest and largest factor of the signal above air.
        shift: largest move in voxels, either way.
    """

    def __init__(self, prob: float, axes: Sequence[int], gain: Sequence[float], shift: int) -> None:
        super().__init__(prob)
        self.axes = tuple(axes)
        self.gain = gain
        self.shift = shift

    def act(self, sample: Sample) -> Sample:
        """Change the part beyond the seam."""
        axis = self.axes[int(self.R.randint(len(self.axes)))]
        image = np.asarray(sample[IMAGE], dtype=np.float32)
        seam = int(self.R.randint(1, max(2, image.shape[1 + axis])))
        beyond = (slice(None),) * (1 + axis) + (slice(seam, None),)
        steps = int(self.R.randint(-self.shift, self.shift + 1))
        air = air_of(sample).reshape(-1, 1, 1, 1)
        changed = {IMAGE: _with_gain(image, beyond, air, self._gains(len(image)))}
        labels = _labels(sample)
        moved = {key: _moved(label, beyond, 1 - axis, steps, 0) for key, label in labels.items()}
        if _none_is_lost(labels, moved):
            changed = {IMAGE: _moved(changed[IMAGE], beyond, 1 - axis, steps, air)} | moved
        return sample | changed

    def _gains(self, channels: int) -> Array:
        low, high = self.gain
        return np.asarray(self.R.uniform(low, high, size=(channels, 1, 1, 1)), dtype=np.float32)


class RandFieldOfViewd(RandSometimesd):
    """A scan that shows less: beyond a box lies air, in the labels background, as around a scan of a joint or a spine.

    Where the box would leave nothing of a label, everything stays.

    Args:
        prob: of acting on a patch.
        share: smallest and largest part of the patch that is shown along each axis, up to 1.
    """

    def __init__(self, prob: float, share: Sequence[float]) -> None:
        super().__init__(prob)
        self.share = share

    def act(self, sample: Sample) -> Sample:
        """Empty what lies outside of the box."""
        box = (slice(None), *(self._shown(size) for size in np.shape(sample[IMAGE])[1:]))
        labels = _labels(sample)
        shown = {key: _inside_only(label, box, 0) for key, label in labels.items()}
        if not _none_is_lost(labels, shown):
            return sample
        air = air_of(sample).reshape(-1, 1, 1, 1)
        return sample | {IMAGE: _inside_only(np.asarray(sample[IMAGE], dtype=np.float32), box, air)} | shown

    def _shown(self, size: int) -> slice:
        length = max(1, round(size * self.between(*self.share)))
        first = int(self.R.randint(size - length + 1))
        return slice(first, first + length)


class RandDropSequenced(RandSometimesd):
    """Some of several sequences are missing, never all: their signal is air. A single sequence stays.

    Args:
        prob: of acting on a patch.
    """

    def act(self, sample: Sample) -> Sample:
        """Drop."""
        image = np.array(sample[IMAGE], dtype=np.float32)
        missing = self.R.permutation(len(image))[: self.R.randint(1, max(2, len(image)))]
        if len(image) == 1:
            return sample
        image[missing] = air_of(sample)[missing].reshape(-1, 1, 1, 1)
        return sample | {IMAGE: image}


def _labels(sample: Sample) -> dict[str, Array]:
    return {key: np.asarray(value) for key, value in sample.items() if key.startswith(LABEL_PREFIX)}


def _none_is_lost(before: Mapping[str, Array], after: Mapping[str, Array]) -> bool:
    """Whether every label that had a voxel has one still."""
    return all(after[key].any() or not label.any() for key, label in before.items())


def _with_gain(image: Array, beyond: tuple[slice, ...], air: Array, gains: Array) -> Array:
    changed = image.copy()
    changed[beyond] = (image[beyond] - air) * gains + air
    return changed


def _inside_only(array: Array, box: tuple[slice, ...], fill: Array | int) -> Array:
    shown = np.empty_like(array)
    shown[:] = fill
    shown[box] = array[box]
    return shown


def _moved(array: Array, beyond: tuple[slice, ...], axis: int, steps: int, fill: Array | int) -> Array:
    """The part beyond the seam, ``steps`` voxels further along an axis; what comes in from outside is filled."""
    if steps == 0:
        return array
    changed = array.copy()
    kept = slice(max(0, steps), changed.shape[1 + axis] + min(0, steps))
    source = slice(max(0, -steps), array.shape[1 + axis] - max(0, steps))
    before = (slice(None),) * (1 + axis)
    part = changed[beyond]
    part[:] = fill
    part[(*before, kept)] = array[beyond][(*before, source)]
    return changed
