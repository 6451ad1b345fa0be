"""What the scan shows of the body, and what it cuts off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.anatomy import BONES_TABLE
from crmo_seg.inference.quality.wording import enumeration
from crmo_seg.lesions import LesionMap
from crmo_seg.prediction import QualityFlag
from crmo_seg.sites import MINIMUM_MIDLINE_ML
from crmo_seg.volume import Array, Volume

REGIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "head": "head",
        "spine": "spine",
        "thorax": "thorax",
        "shoulder_girdle": "shoulders",
        "arm": "arms",
        "hand": "hands",
        "pelvis": "pelvis",
        "leg": "legs",
        "foot": "feet",
    }
)
"""Groups of ``anatomy.BONES_TABLE`` from head to foot, in a radiologist's words."""

MINIMUM_REGION_ML: Final = MINIMUM_MIDLINE_ML
"""Less bone than this is no evidence that a region is covered: stray voxels of a network (an assumption)."""

MINIMUM_CUT_MM2: Final = 100.0
"""Less bone than this on a face of the image cuts no region (an assumption): a square centimetre, half a femur's
shaft."""

BONE_FLAGS: Final = frozenset({"no_bones", "body_regions", "region_cut"})
"""Codes of the flags that are told from the bones alone."""

_BODY_AXIS: Final = 2
_LABELS: Final = 256
_NAMES: Final = tuple(REGIONS.values())


def coverage_flags(image: Volume, bones: Volume | None) -> Iterator[QualityFlag]:
    """What is covered, as information; a warning where rows are blank or no bone was found.

    Args:
        image: a sequence.
        bones: fine labels on the same grid; None where the model has no such head.
    """
    yield from _field_of_view(image)
    if bones is not None:
        yield from bone_flags(bones)


def bone_flags(bones: Volume) -> Iterator[QualityFlag]:
    """The flags of ``BONE_FLAGS``: which regions a mask of bones shows, fine labels, and which the image cuts."""
    yield _body_regions(covered_regions(bones))
    cut = cut_regions(bones)
    if cut:
        text = f"The edge of the image cuts the {enumeration(cut)}; what lies beyond was not examined."
        yield QualityFlag("region_cut", "info", text, cut)


def border_flags(lesion_map: LesionMap | None) -> Iterator[QualityFlag]:
    """A warning where lesions reach the edge of the image."""
    ids = lesions_at_border(lesion_map.labels.array) if lesion_map is not None else ()
    if ids:
        names = enumeration([str(one) for one in ids])
        subject = f"Lesion {names} reaches" if len(ids) == 1 else f"Lesions {names} reach"
        text = f"{subject} the edge of the image and may be larger than measured."
        yield QualityFlag("lesion_at_border", "warning", text, float(len(ids)))


def covered_rows(image: Volume) -> NDArray[np.bool_]:
    """Which rows along the body (the array axis closest to head-foot) hold more than one value.

    Composed studies have blank rows where no station was scanned.
    """
    axis = image.geometry.world_axes.index(_BODY_AXIS)
    others = tuple(other for other in range(3) if other != axis)
    rows: NDArray[np.bool_] = image.array.max(axis=others) > image.array.min(axis=others)
    return rows


def covered_regions(bones: Volume) -> tuple[str, ...]:
    """Regions with at least ``MINIMUM_REGION_ML`` of bone, from head to foot."""
    volumes_ml = _voxels_by_region(bones.array) * bones.geometry.voxel_volume_ml
    return tuple(name for name, ml in zip(_NAMES, volumes_ml, strict=True) if ml >= MINIMUM_REGION_ML)


def cut_regions(bones: Volume) -> tuple[str, ...]:
    """Covered regions that have at least ``MINIMUM_CUT_MM2`` of bone on one face of the image."""
    is_cut = np.zeros(len(_NAMES), dtype=bool)
    for axis, spacing_mm in enumerate(bones.geometry.spacing_mm):
        pixel_mm2 = 1000.0 * bones.geometry.voxel_volume_ml / spacing_mm
        for face in _faces(bones.array, axis):
            is_cut |= _voxels_by_region(face) * pixel_mm2 >= MINIMUM_CUT_MM2
    covered = covered_regions(bones)
    return tuple(name for name, cut in zip(_NAMES, is_cut, strict=True) if cut and name in covered)


def lesions_at_border(labels: Array) -> tuple[int, ...]:
    """Ids of lesions with a voxel on the first or last slice, row or column.

    >>> lesions_at_border(np.pad(np.full((1, 1, 1), 7), ((0, 1), (1, 1), (1, 1))))
    (7,)
    """
    faces = [face for axis in range(3) for face in _faces(labels, axis)]
    return tuple(sorted({int(one) for face in faces for one in np.unique(face) if one}))


def _field_of_view(image: Volume) -> Iterator[QualityFlag]:
    rows = covered_rows(image)
    row_mm = image.geometry.spacing_mm[image.geometry.world_axes.index(_BODY_AXIS)]
    covered_mm = round(float(rows.sum()) * row_mm, 1)
    yield QualityFlag(
        "field_of_view", "info", f"The field of view covers {covered_mm:.0f} mm along the body.", covered_mm
    )
    blank_mm = round(float(_inner_blanks(rows)) * row_mm, 1)
    if blank_mm:
        text = f"Within the field of view {blank_mm:.0f} mm along the body are blank; no lesion can be found there."
        yield QualityFlag("blank_rows", "warning", text, blank_mm)


def _inner_blanks(rows: NDArray[np.bool_]) -> int:
    """Blank rows between covered ones."""
    covered = np.flatnonzero(rows)
    return int(covered[-1] - covered[0] + 1 - len(covered)) if len(covered) else 0


def _body_regions(covered: tuple[str, ...]) -> QualityFlag:
    if not covered:
        return QualityFlag("no_bones", "warning", "No bones were found, so the model may not know such images.", ())
    missing = [name for name in _NAMES if name not in covered]
    text = f"Bones were found of the {enumeration(covered)}"
    text += f", none of the {enumeration(missing)}." if missing else "."
    return QualityFlag("body_regions", "info", text, covered)


def _voxels_by_region(labels: Array) -> NDArray[np.int64]:
    """Voxels of each region in ``REGIONS``; values that are no bone are left out."""
    by_label = np.bincount(labels[labels > 0], minlength=_LABELS)
    voxels = np.zeros(len(_NAMES), dtype=np.int64)
    for bone in BONES_TABLE:
        voxels[_NAMES.index(REGIONS[bone.group])] += by_label[bone.label]
    return voxels


def _faces(array: Array, axis: int) -> Iterator[Array]:
    yield from (array.take(0, axis), array.take(-1, axis))
