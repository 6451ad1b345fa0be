"""The scan and its masks as a page carries them: cropped to the body, in grey levels, compressed, as text.

What is shown is the scan's own grid. Only where it would make the page too large is it made coarser: first in grey
levels, whose loss the noise hides, then in plane.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.io.nifti import nifti_bytes
from crmo_seg.lesions import LesionMap
from crmo_seg.report.views import acquired_plane, grey_range
from crmo_seg.volume import Array, Geometry, Volume

LARGEST_SIGNAL_BYTES: Final = 6_000_000
"""Of the compressed signal; base64 makes it a third longer, and a page with a viewer is to stay below 15 MB."""

_QUANTUM: Final = (1, 2, 4)  # 256, 128 or 64 grey levels
_FACTORS: Final = (1, 2, 3, 4)  # voxels that are joined along each in-plane axis
_SAMPLED_SLICES: Final = 4
_WHITE: Final = 255.0
_AIR_LEVEL: Final = 25
_AIR_SHARE: Final = 0.03  # of the range of grey: low, so that no faint foot is cut off
_LEAST_BRIGHT_SHARE: Final = 0.002  # of a plane of voxels: less is noise
_WHITE_PERCENTILE: Final = 98.0

Box = tuple[slice, slice, slice]
Zoom = tuple[int, int, int]


@dataclass(frozen=True)
class ScanData:
    """Text for a page: NIfTI files (gzip, base64) on one canonical grid.

    Attributes:
        signal: uint8, 0 black to 255.
        white: the value that is best shown as white at first; what is brighter is mostly fluid.
        lesions: their ids, and around each in the plane of acquisition a rim of its id plus ``rim_offset``.
        rim_offset: the largest id.
        bones: fine labels; empty where there are none.
        spacing_mm: of what is shown, along right, anterior, superior.
        reduced: whether neighbouring voxels were joined.
    """

    signal: str
    white: int
    lesions: str
    rim_offset: int
    bones: str
    spacing_mm: tuple[float, float, float]
    reduced: bool


def scan_data(
    image: Volume, lesion_map: LesionMap, bones: Volume | None, *, largest_bytes: int = LARGEST_SIGNAL_BYTES
) -> ScanData:
    """Signal, lesions and bones of a page's viewer.

    Args:
        image: signal in any orientation.
        lesion_map: lesions on the same grid.
        bones: fine labels on the same grid, or None.
        largest_bytes: that the signal may take, compressed.
    """
    image, lesions = image.canonical(), lesion_map.labels.canonical()
    box = shown_box(image, lesions)
    window = grey_range(image.array[::2, ::2, ::2])
    signal = _cropped(image, box)
    zoom, quantum = _reduction(signal, window, largest_bytes)
    shown = _joined(signal, zoom)
    levels = _levels(shown.array, window, quantum)
    marked = _largest_label(_cropped(lesions, box), zoom)
    rim_offset = max((lesion.lesion_id for lesion in lesion_map.lesions), default=0)
    return ScanData(
        signal=_text(shown.with_array(levels)),
        white=_white(levels),
        lesions=_text(_rimmed(marked, rim_offset)),
        rim_offset=rim_offset,
        bones=_text(_largest_label(_cropped(bones.canonical(), box), zoom)) if bones else "",
        spacing_mm=shown.geometry.spacing_mm,
        reduced=zoom != (1, 1, 1),
    )


def shown_box(image: Volume, lesions: Volume) -> Box:
    """The box of a canonical grid that holds all that is brighter than air, and every lesion.

    No slice is left out, so that slices keep their numbers.
    """
    sample = image.array[::2, :, ::2]
    low, high = grey_range(sample)
    bright = sample > low + _AIR_SHARE * (high - low)
    normal = acquired_plane(image.geometry).normal
    x, y, z = (
        slice(0, image.array.shape[axis]) if axis == normal else _extent(bright, lesions.array, axis, step)
        for axis, step in enumerate((2, 1, 2))
    )
    return x, y, z


def _extent(bright: Array, lesions: Array, axis: int, step: int) -> slice:
    """Along one axis; everything where nothing is bright."""
    others = tuple(other for other in range(3) if other != axis)
    body = np.flatnonzero(bright.mean(axis=others) > _LEAST_BRIGHT_SHARE) * step
    found = np.concatenate((body - step, body + 2 * step - 1, np.flatnonzero(lesions.any(axis=others))))
    n = lesions.shape[axis]
    return slice(max(int(found.min()), 0), min(int(found.max()) + 1, n)) if body.size else slice(0, n)


def _cropped(volume: Volume, box: Box) -> Volume:
    affine = volume.geometry.affine.copy()
    affine[:3, 3] = volume.geometry.to_world_mm(np.array([part.start for part in box]))
    array = volume.array[box]
    x, y, z = array.shape
    return Volume(array, Geometry(affine, (x, y, z)))


def _reduction(signal: Volume, window: tuple[float, float], largest_bytes: int) -> tuple[Zoom, int]:
    """The finest reduction whose size, judged by a few slices, is small enough."""
    normal = acquired_plane(signal.geometry).normal
    step = max(1, signal.array.shape[normal] // _SAMPLED_SLICES)
    few = [slice(None)] * 3
    few[normal] = slice(step // 2, None, step)
    sample = signal.array[tuple(few)]
    share = sample.size / signal.array.size
    zoom, quantum = (1, 1, 1), _QUANTUM[0]
    for factor, quantum in product(_FACTORS, _QUANTUM):
        x, y, z = (1 if axis == normal else min(factor, signal.array.shape[axis]) for axis in range(3))
        zoom = (x, y, z)
        levels = _levels(_means(sample, zoom), window, quantum)
        size = Volume(levels, Geometry(np.eye(4), levels.shape))
        if len(nifti_bytes(size)) / share <= largest_bytes:
            break
    return zoom, quantum


def _levels(array: Array, window: tuple[float, float], quantum: int) -> NDArray[np.uint8]:
    low, high = window
    scaled = np.clip((array - np.float32(low)) * np.float32(_WHITE / (high - low)), 0, _WHITE).astype(np.uint8)
    levels: NDArray[np.uint8] = scaled // quantum * quantum
    return levels


def _white(levels: NDArray[np.uint8]) -> int:
    sample = levels[::2, :, ::2]
    body = sample[sample > _AIR_LEVEL]
    return int(np.percentile(body, _WHITE_PERCENTILE)) if body.size else int(_WHITE)


def _rimmed(labels: Volume, rim_offset: int) -> Volume:
    """With the voxels just outside each lesion marked too, so that an outline leaves the lesion to be seen."""
    normal = acquired_plane(labels.geometry).normal
    cross = ndimage.generate_binary_structure(3, 1)
    flat = [slice(None)] * 3
    flat[normal] = slice(1, 2)
    array = labels.array.astype(np.int32)
    for box in ndimage.find_objects(array):
        if box is not None:
            wider = tuple(slice(max(part.start - 1, 0), part.stop + 1) for part in box)
            inside = array[wider]
            spread = ndimage.grey_dilation(np.where(inside > rim_offset, 0, inside), footprint=cross[tuple(flat)])
            inside[...] = np.where((inside == 0) & (spread > 0), spread + rim_offset, inside)
    return labels.with_array(array)


def _joined(volume: Volume, zoom: Zoom) -> Volume:
    return volume if zoom == (1, 1, 1) else Volume(_means(volume.array, zoom), _coarser(volume.geometry, zoom))


def _largest_label(volume: Volume, zoom: Zoom) -> Volume:
    """The largest label of each block, so that no lesion is lost."""
    if zoom == (1, 1, 1):
        return volume
    largest = _blocks(volume.array, zoom).max(axis=(1, 3, 5)).astype(volume.array.dtype)
    return Volume(largest, _coarser(volume.geometry, zoom))


def _means(array: Array, zoom: Zoom) -> NDArray[np.float32]:
    if zoom == (1, 1, 1):
        return array
    means: NDArray[np.float32] = _blocks(array, zoom).mean(axis=(1, 3, 5), dtype=np.float32)
    return means


def _blocks(array: Array, zoom: Zoom) -> Array:
    """Shape (X, x, Y, y, Z, z); what does not fill a block is filled with the last voxels."""
    missing = [(0, -n % factor) for n, factor in zip(array.shape, zoom, strict=True)]
    filled = np.pad(array, missing, mode="edge")
    shape = [part for n, factor in zip(filled.shape, zoom, strict=True) for part in (n // factor, factor)]
    return filled.reshape(shape)


def _coarser(geometry: Geometry, zoom: Zoom) -> Geometry:
    """A voxel's centre is the middle of the voxels that it joins."""
    factors = np.array(zoom)
    affine = geometry.affine.copy()
    affine[:3, 3] = geometry.to_world_mm((factors - 1) / 2)
    affine[:3, :3] = affine[:3, :3] * factors
    x, y, z = (-(-n // factor) for n, factor in zip(geometry.shape, zoom, strict=True))
    return Geometry(affine, (x, y, z))


def _text(volume: Volume) -> str:
    return base64.b64encode(nifti_bytes(volume)).decode("ascii")
