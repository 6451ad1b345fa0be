"""Parts of a body by name, as boxes: what single-region scans show and where artefacts sit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import Side, bone_named
from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.solids.grid import bounds_of
from crmo_seg.phantom.solids.shapes import Bounds, Vector

_HAND: Final = ("carpus", "metacarpals", "hand_phalanges")
_FOOT: Final = ("calcaneus", "talus", "tarsus", "metatarsals", "foot_phalanges")
_PELVIS: Final = ("ilium", "ischium", "pubis", "sacrum")
_KNEE_REACH: Final = 0.085
_ANKLE_REACH: Final = 0.075
_SHOULDER_REACH: Final = 0.085
"""Half the side of the box around a joint, in statures."""


def region_bounds(marks: Landmarks, skeleton: Sequence[SolidBone]) -> Mapping[str, Bounds]:
    """Boxes of named regions, RAS+ mm: lowest and highest corner."""
    boxes = {name: _of_bones(skeleton, named) for name, named in _BY_BONES.items()}
    for side in Side:
        joints, unit_mm = marks.joints[side], marks.unit_mm
        boxes |= {
            f"hand_{side.value}": _of_bones(skeleton, _sided(_HAND, side)),
            f"foot_{side.value}": _of_bones(skeleton, _sided(_FOOT, side)),
            f"knee_{side.value}": _around(joints.knee, _KNEE_REACH * unit_mm),
            f"ankle_{side.value}": _around(joints.ankle, _ANKLE_REACH * unit_mm),
            f"shoulder_{side.value}": _around(joints.shoulder, _SHOULDER_REACH * unit_mm),
        }
    both = {f"{name}s": _joined([boxes[f"{name}_{side.value}"] for side in Side]) for name in ("knee", "ankle")}
    return MappingProxyType(boxes | both)


def _names(*names: str) -> Callable[[SolidBone], bool]:
    return lambda bone: bone_named(bone.full_name).name in names


def _starts(*starts: str) -> Callable[[SolidBone], bool]:
    return lambda bone: bone.full_name.startswith(starts)


def _sided(names: Sequence[str], side: Side) -> Callable[[SolidBone], bool]:
    full_names = {f"{name}_{side.value}" for name in names}
    return lambda bone: bone.full_name in full_names


_BY_BONES: Final[Mapping[str, Callable[[SolidBone], bool]]] = MappingProxyType(
    {
        "spine": _starts("vertebra_", "sacrum"),
        "pelvis": _names(*_PELVIS),
        "chest": _starts("rib_", "manubrium", "sternum", "clavicle"),
        "thighs": _names("femur"),
        "trunk": _starts("vertebra_", "rib_", "ilium", "sacrum", "ischium"),
        "neck": _starts("vertebra_C"),
        "jaw": _names("mandible"),
    }
)


def _of_bones(skeleton: Sequence[SolidBone], wanted: Callable[[SolidBone], bool]) -> Bounds:
    return bounds_of([shape for bone in skeleton if wanted(bone) for shape in bone.shapes])


def _around(centre: Vector, reach_mm: float) -> Bounds:
    return centre - reach_mm, centre + reach_mm


def _joined(boxes: Sequence[Bounds]) -> Bounds:
    return np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)
