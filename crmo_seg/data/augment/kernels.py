"""Changes of one sequence's signal as pure functions of numpy arrays (X, Y, Z) float32."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Array

Signal = NDArray[np.float32]

LEVELS = 4096
"""Steps of a contrast curve; coarser than float32, far finer than noise."""

_SMALLEST_SPREAD = 1e-7


def through_curve(signal: Signal, curve: Array) -> Signal:
    """Map signal between its smallest and largest value by a curve.

    Args:
        signal: any range.
        curve: (LEVELS,) values from 0 to 1 for signal from its smallest to its largest.

    >>> through_curve(np.array([[[2.0, 3.0, 6.0]]], np.float32), np.linspace(0, 1, LEVELS)).round(2).tolist()
    [[[2.0, 3.0, 6.0]]]
    """
    low, high = float(signal.min()), float(signal.max())
    if high - low < _SMALLEST_SPREAD:
        return signal.copy()
    position = signal - np.float32(low)
    position *= np.float32((LEVELS - 1) / (high - low))
    position += np.float32(0.5)
    table = np.asarray(curve * (high - low) + low, dtype=np.float32)
    mapped: Signal = table.take(position.astype(np.int16), mode="clip")
    return mapped


def gamma(signal: Signal, exponent: float, *, inverted: bool = False) -> Signal:
    """Raise the signal, scaled to 0 to 1, to a power; mean and standard deviation stay (nnU-Net's ``retain_stats``).

    Args:
        signal: any range.
        exponent: above 1 darkens, below 1 brightens.
        inverted: whether the bright end is stretched instead of the dark one.
    """
    steps = np.linspace(0, 1, LEVELS)
    curve = 1 - (1 - steps) ** exponent if inverted else steps**exponent
    return with_statistics_of(signal, through_curve(signal, curve))


def with_statistics_of(wanted: Signal, signal: Signal) -> Signal:
    """``signal`` with the mean and standard deviation of ``wanted``."""
    factor = float(wanted.std()) / max(float(signal.std()), _SMALLEST_SPREAD)
    changed: Signal = signal - signal.mean()
    changed *= np.float32(factor)
    changed += wanted.mean()
    return changed


def contrast(signal: Signal, factor: float) -> Signal:
    """Stretch about the mean, within the range that the signal had."""
    mean = signal.mean()
    changed: Signal = signal - mean
    changed *= np.float32(factor)
    changed += mean
    np.clip(changed, signal.min(), signal.max(), out=changed)
    return changed


def brightness(signal: Signal, factor: float) -> Signal:
    """Multiply; as the normalised signal has mean 0, this is contrast about the mean of the body."""
    return signal * np.float32(factor)


def blur(signal: Signal, sigmas: Sequence[float], axes: Sequence[int]) -> Signal:
    """Gaussian along some axes, each with its own standard deviation in voxels; edge voxels continue outside."""
    for axis, sigma in zip(axes, sigmas, strict=True):
        signal = _blur_axis(signal, gaussian_weights(sigma), axis)
    return signal


def gaussian_weights(sigma: float) -> NDArray[np.float32]:
    """Weights of the voxels within two standard deviations, at least one to each side.

    >>> [round(float(weight), 3) for weight in gaussian_weights(0.5)]
    [0.107, 0.787, 0.107]
    """
    reach = max(1, round(2 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    normalised: NDArray[np.float32] = (weights / weights.sum()).astype(np.float32)
    return normalised


def _blur_axis(signal: Signal, weights: NDArray[np.float32], axis: int) -> Signal:
    """A few shifted sums: faster than scipy's and torch's convolutions for kernels this short."""
    reach, size = len(weights) // 2, signal.shape[axis]
    padded = np.pad(signal, [(reach, reach) if other == axis else (0, 0) for other in range(3)], mode="edge")

    def shifted(step: int) -> Signal:
        return padded[(slice(None),) * axis + (slice(step, step + size),)]

    blurred: Signal = shifted(reach) * weights[reach]
    for step in range(reach):
        pair = shifted(step) + shifted(2 * reach - step)
        pair *= weights[step]
        blurred += pair
    return blurred


def low_resolution(signal: Signal, share: float, axes: Sequence[int]) -> Signal:
    """Take the nearest of fewer voxels, then interpolate linearly back (nnU-Net's low resolution).

    Args:
        signal: any range.
        share: voxels that are left along each axis, 0 to 1.
        axes: along which.
    """
    sizes = signal.shape
    for axis in axes:
        count = max(1, round(sizes[axis] * share))
        centres = (np.arange(count) + 0.5) * (sizes[axis] / count)
        signal = signal.take(centres.astype(int), axis=axis)
    for axis in sorted(axes, reverse=True):
        signal = _stretched(signal, sizes[axis], axis)
    return np.ascontiguousarray(signal)


def _stretched(signal: Signal, size: int, axis: int) -> Signal:
    count = signal.shape[axis]
    position = np.clip((np.arange(size) + 0.5) * (count / size) - 0.5, 0, count - 1)
    before = np.minimum(position.astype(int), max(count - 2, 0))
    after = np.minimum(before + 1, count - 1)
    fraction = (position - before).astype(np.float32).reshape([-1 if other == axis else 1 for other in range(3)])
    near = signal.take(before, axis=axis)
    far: Signal = signal.take(after, axis=axis)
    far -= near
    far *= fraction
    far += near
    return far


def ghosts(signal: Signal, air: float, *, axis: int, step: int, strength: float) -> Signal:
    """Add faint copies of what is above air, moved along the phase direction and wrapped around.

    Periodic motion during the acquisition copies the object at equal distances, the nearest ones strongest.
    McRobbie et al., MRI from Picture to Proton, doi:10.1017/9781107706958.

    Args:
        signal: any range.
        air: its value where there is nothing.
        axis: phase direction.
        step: voxels between copies.
        strength: of the two nearest copies; those at twice the step are half as strong.
    """
    tissue = signal - np.float32(air)
    changed = signal.copy()
    for copies, weight in ((1, strength), (2, strength / 2)):
        for direction in (-1, 1):
            changed += np.roll(tissue, direction * copies * step, axis) * np.float32(weight)
    return changed


def alternating_slices(signal: Signal, air: float, *, loss: float, first: int) -> Signal:
    """Every second slice loses a share of its signal above air: cross-talk of interleaved slices."""
    changed = signal.copy()
    darker = changed[..., first::2]
    darker -= (darker - np.float32(air)) * np.float32(loss)
    return changed


def shaded(signal: Signal, air: float, gain: Array) -> Signal:
    """Multiply what is above air by a gain; air stays."""
    changed = signal - np.float32(air)
    changed *= gain
    changed += np.float32(air)
    return changed
