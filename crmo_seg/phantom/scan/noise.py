"""Rician noise: the magnitude of a signal with Gaussian noise in its real and its imaginary channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.phantom.scan.fields import SmoothField, columns, control_grid, waves
from crmo_seg.phantom.scan.interpolation import band_limited, noise_left
from crmo_seg.phantom.solids.shapes import FloatArray

Filters: TypeAlias = Sequence[tuple[int, FloatArray]]
"""Axes with the weights of their frequencies, see ``interpolation``."""

STEP_MM: Final = 60.0


def unevenness_field(axes: tuple[FloatArray, ...], unevenness: float, rng: np.random.Generator) -> SmoothField | None:
    """How the noise of parallel imaging varies: most in the middle, far from the coils; mean 1; None if even.

    A stand-in for the geometry factor of parallel imaging (Pruessmann 1999, Magn Reson Med 42:952).
    """
    if unevenness == 0:
        return None
    grid = control_grid(axes, STEP_MM)
    x, y, _ = (
        (points - (axis[0] + axis[-1]) / 2) / max(float(axis[-1] - axis[0]) / 2, STEP_MM)
        for points, axis in zip(grid.points, axes, strict=True)
    )
    middle = np.exp(-2 * (x**2 + y**2)) * (1 + 0.3 * waves(grid.points, rng, (150, 500)))
    factor = 1 + unevenness * np.clip(middle, 0, None)
    return grid.field(factor / grid.mean(factor))


def add_rician(
    image: FloatArray,
    sigma: float,
    rng: np.random.Generator,
    unevenness: SmoothField | None = None,
    filters: Filters = (),
) -> FloatArray:
    """Noise of standard deviation ``sigma`` in each channel, and magnitude (Gudbjartsson 1995, 10.1002/mrm.1910340618).

    With filters, image and noise are band-limited alike before the magnitude is taken: the noise is then correlated
    between neighbouring voxels. ``image`` (X, Y, Z) is used up.
    """
    if sigma == 0 and not filters:
        return image
    if not filters:
        return _white(image, sigma, rng, unevenness)
    sigma /= float(np.prod([noise_left(window) for _, window in filters]))
    imaginary = np.zeros_like(image)
    for channel in (image, imaginary):
        for part in columns(len(image)):
            channel[part] += _draw(channel[part].shape, part, sigma, rng, unevenness)
    return _magnitude(_limited(image, filters), _limited(imaginary, filters))


def _white(image: FloatArray, sigma: float, rng: np.random.Generator, unevenness: SmoothField | None) -> FloatArray:
    for part in columns(len(image)):
        image[part] += _draw(image[part].shape, part, sigma, rng, unevenness)
        _magnitude(image[part], _draw(image[part].shape, part, sigma, rng, unevenness))
    return image


def _limited(channel: FloatArray, filters: Filters) -> FloatArray:
    for axis, window in filters:
        channel = band_limited(channel, window, axis)
    return channel


def _draw(
    shape: tuple[int, ...], part: slice, sigma: float, rng: np.random.Generator, unevenness: SmoothField | None
) -> FloatArray:
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise *= np.float32(sigma)
    if unevenness is not None:
        noise *= unevenness.columns(part)
    return noise


def _magnitude(real: FloatArray, imaginary: FloatArray) -> FloatArray:
    """Both are used up; the result is in ``real``."""
    np.square(real, out=real)
    np.square(imaginary, out=imaginary)
    real += imaginary
    return np.sqrt(real, out=real)
