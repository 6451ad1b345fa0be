"""Whether fat is suppressed: under the skin it is dark in STIR and in water images, and bright without suppression."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from crmo_seg.inference.quality.wording import image_name
from crmo_seg.keys import STIR
from crmo_seg.prediction import QualityFlag
from crmo_seg.preprocess import body_mask
from crmo_seg.volume import Array, Float64Array, Geometry, Volume

FAT_SUPPRESSED: Final = (STIR, "t2_dixon_water")
"""Sequences in which fat is to be dark; the others are not checked."""

RIM_MM: Final = (3.0, 8.0)
"""Depth below the skin at which subcutaneous fat lies (an assumption)."""

INSIDE_MM: Final = (12.0, 25.0)
"""Depth at which muscle prevails; near the rim, so that a coil's sensitivity changes little between both."""

LARGEST_RIM_RATIO: Final = 1.5
"""Of the rim's median signal to the inside's. Set on phantoms (an assumption for patients): of 110 STIR and Dixon water
images none is above 1.35 (a single limb; whole bodies 0.96); T1-weighted whole bodies have 2.2 and more, on coarse
grids 1.2. A spine or a jaw, where muscle is thin, often stays below in T1 as well: no flag is no proof."""

_COARSE_MM: Final = 3.5
_LEAST_VOXELS: Final = 100
_MARGIN: Final = 1


def fat_flags(name: str, image: Volume) -> Iterator[QualityFlag]:
    """A warning where fat is clearly bright in a sequence that should suppress it; none where it cannot be told."""
    ratio = rim_ratio(image) if name in FAT_SUPPRESSED else None
    if ratio is not None and ratio > LARGEST_RIM_RATIO:
        text = f"Fat under the skin is bright in the {image_name(name)}: without suppression marrow may pass for edema."
        yield QualityFlag("fat_not_suppressed", "warning", text, round(ratio, 2))


def rim_ratio(image: Volume) -> float | None:
    """Median signal under the skin over that deeper inside; None where the image shows too little of either.

    The body is what Otsu's threshold leaves: with bright fat its outline is the skin, with dark fat that of the
    muscles, so that either way a ratio well above 1 means bright fat.
    """
    coarse = _block_means(image)
    depth_mm = _depth_mm(_outline(coarse), coarse.geometry)
    signal = coarse.array - coarse.array.min()
    rim, inside = (signal[(depth_mm >= low) & (depth_mm < high)] for low, high in (RIM_MM, INSIDE_MM))
    if min(rim.size, inside.size) < _LEAST_VOXELS or not np.median(inside):
        return None
    return float(np.median(rim) / np.median(inside))


def _block_means(image: Volume) -> Volume:
    """The image on voxels of about ``_COARSE_MM``: means of whole blocks, incomplete ones at the ends left out."""
    sides = [max(1, round(_COARSE_MM / mm)) for mm in image.geometry.spacing_mm]
    x, y, z = (max(1, size // side) for size, side in zip(image.array.shape, sides, strict=True))
    a, b, c = (min(side, size) for size, side in zip(image.array.shape, sides, strict=True))
    whole = image.array[: x * a, : y * b, : z * c]
    means = whole.reshape(x, a, y, b, z, c).mean(axis=(1, 3, 5), dtype=np.float32)
    return Volume(means, Geometry(image.geometry.affine @ np.diag([a, b, c, 1.0]), means.shape))


def _outline(coarse: Volume) -> NDArray[np.bool_]:
    """The body without specks and holes; holes are filled slice by slice, as slices may be open at the neck."""
    axis = int(np.argmax(coarse.geometry.spacing_mm))
    slices = np.moveaxis(body_mask(coarse), axis, 0)
    filled = np.stack([ndimage.binary_fill_holes(one) for one in slices])
    body: NDArray[np.bool_] = ndimage.binary_opening(np.moveaxis(filled, 0, axis))
    return body


def _depth_mm(body: NDArray[np.bool_], geometry: Geometry) -> Float64Array:
    """Distance of voxel centres from the skin, negative outside; an edge of the image that cuts the body is no skin."""
    padded: Array = np.pad(body, _MARGIN, mode="edge")
    distance = ndimage.distance_transform_edt(padded, sampling=geometry.spacing_mm)[1:-1, 1:-1, 1:-1]
    depth: Float64Array = distance - min(geometry.spacing_mm) / 2
    return depth
