"""Slices out of the finer planes of a drawing: each is a mean over its profile."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.phantom.scan.protocol import Profile, Protocol
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import FloatArray, Vector
from crmo_seg.volume import Array, Geometry

SMALLEST_WEIGHT: Final = 0.01
"""Planes that add less are left out."""
RAMP: Final = 0.3
"""Width of each flank of the trapezoid, of the thickness."""
_SAMPLES: Final = 64
_VOTES: Final = 60000
"""Weights of labels are whole numbers of this sum: exact ties, and it fits 16 bits."""


def image_geometry(protocol: Protocol) -> Geometry:
    """The grid of the images in the body's frame, not tilted: RAS+, voxel centres half a voxel inside the field."""
    return _geometry_of(protocol, np.array(protocol.spacing_mm))


def fine_grid(protocol: Protocol) -> Grid:
    """The grid to draw on: ``sub_slices`` planes for each slice, and beyond the field what will wrap into it."""
    spacing = np.array(protocol.spacing_mm)
    spacing[protocol.slice_axis] /= protocol.sub_slices
    geometry = _geometry_of(protocol, spacing)
    shape, affine = list(geometry.shape), geometry.affine.copy()
    shape[protocol.phase_axis] += 2 * protocol.wrap_voxels
    affine[protocol.phase_axis, 3] -= protocol.wrap_voxels * protocol.in_plane_mm
    return Grid(Geometry(affine, (shape[0], shape[1], shape[2])))


@lru_cache(maxsize=4)
def slice_weights(protocol: Protocol) -> FloatArray:
    """How much each drawn plane adds to each slice, shape (slices, planes); every row sums to 1.

    The profile's full width at half maximum is the slice thickness; its flanks reach into the neighbouring slices, and
    gaps get little weight, as with the imperfect excitation of a real scanner.
    """
    count = image_geometry(protocol).shape[protocol.slice_axis]
    step = protocol.slice_pitch_mm / protocol.sub_slices
    planes = (np.arange(count * protocol.sub_slices) + 0.5) * step
    centres = (np.arange(count) + 0.5) * protocol.slice_pitch_mm
    inside = (np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5
    offsets = (planes[None, :, None] + inside * step) - centres[:, None, None]
    weights = _response(offsets / protocol.slice_thickness_mm, protocol.profile).mean(axis=-1)
    weights /= weights.sum(axis=1, keepdims=True)
    weights[weights < SMALLEST_WEIGHT] = 0
    normalised: FloatArray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    normalised.setflags(write=False)  # shared by all who ask for this protocol
    return normalised


def to_slices(array: FloatArray, weights: FloatArray, axis: int) -> FloatArray:
    """Mean of the planes of each slice; fine (X, Y, Z) in, with ``len(weights)`` slices along ``axis`` out."""
    planes = np.moveaxis(array, axis, 0)
    out = np.zeros(_sliced_shape(array, weights, axis), np.float32)
    part = np.empty(planes.shape[1:], np.float32)
    for target, row in zip(np.moveaxis(out, axis, 0), weights, strict=True):
        for index, weight in _taps(row):
            np.multiply(planes[index], weight, out=part)
            target += part
    return out


def labels_to_slices(labels: NDArray[np.uint8], weights: FloatArray, axis: int) -> NDArray[np.uint8]:
    """The label, 0 included, with the largest weight among the planes of each slice.

    Of equals the one in the plane that weighs most, else in the first plane: so thin structures are neither thickened
    nor lost on average.
    """
    planes = np.moveaxis(labels, axis, 0)
    out = np.zeros(_sliced_shape(labels, weights, axis), np.uint8)
    for target, row in zip(np.moveaxis(out, axis, 0), weights, strict=True):
        votes = [(planes[index], np.uint16(round(float(weight) * _VOTES))) for index, weight in _taps(row)]
        target[...] = _plurality(votes)
    return out


def _plurality(votes: list[tuple[NDArray[np.uint8], np.uint16]]) -> NDArray[np.uint8]:
    """The label with most votes in each voxel of a plane; planes agree nearly everywhere."""
    ordered = sorted(votes, key=lambda vote: -int(vote[1]))
    labels = ordered[0][0].copy()
    differ = np.zeros(labels.shape, bool)
    for plane, _ in ordered[1:]:
        differ |= plane != labels
    labels[differ] = _most_votes([(plane[differ], weight) for plane, weight in ordered])
    return labels


def _most_votes(votes: list[tuple[NDArray[np.uint8], np.uint16]]) -> NDArray[np.uint8]:
    """Label of each voxel of a list with the largest sum of weights; of equals the earlier candidate."""
    labels = votes[0][0].copy()
    best = np.zeros(labels.shape, np.uint16)
    for candidate, _ in votes:
        score = np.zeros(labels.shape, np.uint16)
        for plane, weight in votes:
            score += (plane == candidate) * weight
        np.copyto(labels, candidate, where=score > best)
        np.maximum(best, score, out=best)
    return labels


def _taps(row: FloatArray) -> Iterator[tuple[int, np.float32]]:
    return ((int(index), row[index]) for index in np.flatnonzero(row))


def _sliced_shape(array: Array, weights: FloatArray, axis: int) -> tuple[int, ...]:
    return *array.shape[:axis], len(weights), *array.shape[axis + 1 :]


def _response(offset: Vector, profile: Profile) -> Vector:
    """Slice profile at a distance from the slice's centre, both in thicknesses; 0.5 at a distance of 0.5."""
    response: Vector
    if profile == "gaussian":
        response = np.exp2(-((2 * offset) ** 2))
    else:
        response = np.clip(0.5 + (0.5 - np.abs(offset)) / RAMP, 0, 1)
    return response


def _geometry_of(protocol: Protocol, spacing_mm: Vector) -> Geometry:
    low, high = (np.array(corner) for corner in protocol.field_of_view)
    images = np.array(protocol.spacing_mm)
    voxels = np.maximum(np.rint((high - low) / images), 1)
    shape = np.rint(voxels * images / spacing_mm).astype(int)
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = (low + high - voxels * images + spacing_mm) / 2
    return Geometry(affine, (int(shape[0]), int(shape[1]), int(shape[2])))
