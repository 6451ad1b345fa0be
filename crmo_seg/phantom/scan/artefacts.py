"""Artefacts of one station's image: cross-talk, ghosts, motion, wrap, metal. All but wrap leave the shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from crmo_seg.phantom.scan.fields import waves
from crmo_seg.phantom.scan.protocol import BoxMm, MetalVoid
from crmo_seg.phantom.solids.shapes import FloatArray

Number = TypeVar("Number", bound=np.generic)

GHOSTS: Final = 3
"""Copies on either side."""
GHOST_EDGE_VOXELS: Final = 2
"""How far what breathes or pulsates moves: its edges ghost, and some of all it holds."""
GHOST_INSIDE: Final = 0.25
WRAP_SIGNAL: Final = 0.6
"""What is left of the signal from outside the field, where gradients and coils are weaker."""
DENTS: Final = 0.15
"""Irregularity of a metal void, of its radius."""
RIM: Final = 0.35
"""Width of the bright rim of a metal void, of its radius."""


def cross_talk(image: FloatArray, axis: int, amount: float, rng: np.random.Generator) -> None:
    """Darken every second slice, in place: its neighbours' pulses have saturated it.

    Slices are excited in two rounds, the second of which suffers.
    """
    if amount == 0:
        return
    count = image.shape[axis]
    factors = 1 - amount * rng.uniform(0.7, 1.3, count) * ((np.arange(count) + int(rng.integers(2))) % 2)
    image *= np.expand_dims(np.clip(factors, 0, 1).astype(np.float32), [other for other in range(3) if other != axis])


def ghost(
    image: FloatArray,
    axes: tuple[FloatArray, ...],
    box_mm: BoxMm,
    *,
    amount: float,
    phase_axis: int,
    rng: np.random.Generator,
) -> None:
    """Add faint copies, shifted along the phase axis, of what moves in a box, in place; they wrap at the field's edge.

    Periodic motion splits k-space lines into side bands (Wood 1985, doi:10.1118/1.595782).
    """
    rows = _rows_within(axes[2], box_mm)
    period = image.shape[phase_axis] * float(rng.uniform(0.07, 0.28))
    signs = rng.choice((-1.0, 1.0), 2 * GHOSTS)
    if amount == 0 or rows.stop - rows.start <= GHOST_EDGE_VOXELS:
        return
    part = image[:, :, rows]
    moving = _moving(part, _window(axes, rows, box_mm))
    for index, sign in enumerate(signs.tolist()):
        step = (index // 2 + 1) * (1 if index % 2 else -1)
        part += np.roll(moving, round(step * period), axis=phase_axis) * np.float32(amount * sign / abs(step))
    np.abs(part, out=part)


def blur(image: FloatArray, axis: int, voxels: float, rng: np.random.Generator) -> FloatArray:
    """Mean of the image at some places that a moving body had, around its true one."""
    places = np.sort(rng.uniform(-1, 1, 4)) * voxels
    places -= places.mean()
    if voxels == 0:
        return image
    total = np.zeros_like(image)
    for place in places.tolist():
        low = int(np.floor(place))
        total += _moved(image, low, axis) * np.float32((1 - place + low) / len(places))
        total += _moved(image, low + 1, axis) * np.float32((place - low) / len(places))
    return total


def crop(array: NDArray[Number], axis: int, voxels: int) -> NDArray[Number]:
    """Without the margins of a wider field on both sides of an axis; a view."""
    index = [slice(None)] * 3
    index[axis] = slice(voxels, array.shape[axis] - voxels)
    return array[tuple(index)]


def fold(image: FloatArray, axis: int, voxels: int) -> FloatArray:
    """Crop the margins of a wider field, and add them at the opposite side."""
    if voxels == 0:
        return image
    lines = np.moveaxis(image, axis, 0)
    inside = lines[voxels:-voxels].copy()
    inside[-voxels:] += WRAP_SIGNAL * lines[:voxels]
    inside[:voxels] += WRAP_SIGNAL * lines[-voxels:]
    return np.ascontiguousarray(np.moveaxis(inside, 0, axis))


def metal(image: FloatArray, axes: tuple[FloatArray, ...], void: MetalVoid, rng: np.random.Generator) -> None:
    """No signal in a dented ball; where its signal went, bright pieces of a rim, in place."""
    reach = void.radius_mm * (1 + 2 * RIM)
    box = tuple(
        slice(*np.searchsorted(axis, (centre - reach, centre + reach)).tolist())
        for axis, centre in zip(axes, void.centre_mm, strict=True)
    )
    part = image[box]
    i, j, k = (axis[here] - np.float32(centre) for axis, here, centre in zip(axes, box, void.centre_mm, strict=True))
    x, y, z = i[:, None, None], j[None, :, None], k[None, None, :]
    wavelength = (1.2 * void.radius_mm, 3 * void.radius_mm)
    dents, pieces = waves((x, y, z), rng, wavelength), waves((x, y, z), rng, wavelength)
    distance = np.sqrt(x**2 + y**2 + z**2) / np.float32(void.radius_mm) + np.float32(DENTS) * dents
    inside = np.clip((1 - distance) / 0.15, 0, 1)
    rim = np.clip(1 - np.abs(distance - 1 - RIM / 3) / (RIM / 2), 0, 1) * np.clip(pieces, 0, 2)
    part *= (1 - inside) * (1 + rim)


def _moving(part: FloatArray, window: Sequence[FloatArray]) -> FloatArray:
    moving: FloatArray = part * np.float32(GHOST_INSIDE)
    moving[:, :, GHOST_EDGE_VOXELS:] += np.abs(part[:, :, GHOST_EDGE_VOXELS:] - part[:, :, :-GHOST_EDGE_VOXELS])
    for weights in window:
        moving *= weights
    return moving


def _window(axes: tuple[FloatArray, ...], rows: slice, box_mm: BoxMm) -> list[FloatArray]:
    """Along each axis 1 in the middle of the box, 0 outside, open form."""
    weights = []
    for axis, (values, low, high) in enumerate(zip((*axes[:2], axes[2][rows]), *box_mm, strict=True)):
        offset = np.abs(values - (low + high) / 2) / max((high - low) / 2, 1e-6)
        window = np.clip(2 * (1 - offset), 0, 1).astype(np.float32)
        weights.append(np.expand_dims(window, [other for other in range(3) if other != axis]))
    return weights


def _rows_within(z: FloatArray, box_mm: BoxMm) -> slice:
    first, stop = np.searchsorted(z, (box_mm[0][2], box_mm[1][2])).tolist()
    return slice(first, stop)


def _moved(image: FloatArray, step: int, axis: int) -> FloatArray:
    """The image moved by whole voxels; the edge is repeated."""
    if step == 0:
        return image
    index = np.clip(np.arange(image.shape[axis]) - step, 0, image.shape[axis] - 1)
    moved: FloatArray = np.take(image, index, axis=axis)
    return moved
