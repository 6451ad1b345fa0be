"""Long bones: their axis, their two ends, and where the growth plates lie, from the mask of the bone alone.

A growth plate is taken as a plane across the bone at a share of its length from the end; of an incomplete bone, at a
share of the width of its end. An end that the image cuts has no plate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crmo_seg.volume import Float64Array, Geometry

End: TypeAlias = Literal["proximal", "distal"]


class PlateRule(NamedTuple):
    """Where a plate lies and how far its metaphysis reaches.

    Attributes:
        of_length: distance of the plate from the end of the bone over the length of the bone.
        of_width: the same over the largest width of that end.
        square: length of the metaphysis over that width.
    """

    of_length: float
    of_width: float
    square: float


PLATE_RULES: Final[Mapping[tuple[str, End], PlateRule]] = MappingProxyType(
    {
        ("humerus", "proximal"): PlateRule(0.130, 0.97, 1.1),
        ("humerus", "distal"): PlateRule(0.072, 0.38, 0.8),
        ("radius", "proximal"): PlateRule(0.045, 0.60, 2.0),
        ("radius", "distal"): PlateRule(0.098, 0.97, 1.7),
        ("ulna", "distal"): PlateRule(0.075, 1.10, 2.7),
        ("femur", "distal"): PlateRule(0.078, 0.44, 1.0),
        ("tibia", "proximal"): PlateRule(0.076, 0.40, 1.3),
        ("tibia", "distal"): PlateRule(0.098, 0.84, 1.4),
        ("fibula", "proximal"): PlateRule(0.071, 1.42, 4.0),
        ("fibula", "distal"): PlateRule(0.100, 1.90, 3.0),
        ("clavicle", "proximal"): PlateRule(0.036, 0.27, 1.7),
    }
)
"""Shares are those of the phantom's bones over all ages (docs/sites.md). Held against children: the bony epiphysis of
the tibia is 15.3 mm high at ten years (Davis et al., Am J Sports Med 2013;41:1579-85), with its cartilage about 18 mm,
by this rule 22. The metaphysis is a square as wide as the plate (AO Pediatric Comprehensive Classification, J Orthop
Trauma 2007;21(10 Suppl):S135-60); for radius and ulna, tibia and fibula about as wide as both together (an assumption).
The medial end of the clavicle counts as its proximal one."""

HEAD_OF_WIDTH: Final = 0.69
"""Distance of the plate of the femoral head from the top of the head over the diameter of the head."""
NECK_SHAFT_DEG: Final = 132.0
"""Angle of femoral neck and shaft, an assumption between the steep neck of a small child and that of an adolescent."""

LONG_BONES: Final = frozenset(name for name, _ in PLATE_RULES)

LENGTH_OF_HEAD: Final = 8.0
"""Length of a femur over the diameter of its head."""

_END_SHARE: Final = 0.2
_REACH: Final = 0.6  # of a bone's length
_FACING: Final = 0.5  # cosine between the axis of a bone and a face of the image that can cut it across
_LARGEST_CUT_SHARE: Final = 0.2
_SLICE_MM: Final = 3.0
_LEAST_VOXELS: Final = 30
_SLENDER: Final = 2.0
_END_ZONE_MM: Final = 4.0


@dataclass(frozen=True, eq=False)
class Plate:
    """A growth plate as a plane.

    Attributes:
        end: of the bone.
        centre_mm: RAS+ mm.
        normal: towards the joint.
        square_mm: length of the metaphysis beside it.
        reach_mm: further from it, the other end of the bone may be near.
    """

    end: End
    centre_mm: Float64Array
    normal: Float64Array
    square_mm: float
    reach_mm: float

    def heights_mm(self, points_mm: Float64Array) -> Float64Array:
        """How far beyond the plate points lie, shape (n,); negative on the side of the shaft."""
        heights: Float64Array = (points_mm - self.centre_mm) @ self.normal
        return heights


@dataclass(frozen=True, eq=False)
class LongBone:
    """A long bone of one side.

    Attributes:
        centre_mm: its middle, RAS+ mm.
        axis: unit vector from the proximal to the distal end.
        plates: those that the image shows.
        plates_of_kind: how many such a bone has, one at each end that has a rule.
        length_mm: along the axis; None where the image cuts it.
    """

    centre_mm: Float64Array
    axis: Float64Array
    plates: tuple[Plate, ...]
    plates_of_kind: int
    length_mm: float | None


@dataclass(frozen=True, eq=False)
class _End:
    """An end of a bone, before its plate is placed."""

    name: End
    outward: Float64Array
    tip_mm: float
    width_mm: float


def measure_long_bone(
    name: str, indices: NDArray[np.int64], geometry: Geometry, towards_trunk: Float64Array | None
) -> LongBone | None:
    """Axis and plates of a bone; None for too few voxels or a bone without plates.

    Args:
        name: for example ``femur``.
        indices: its voxels, shape (n, 3).
        geometry: of the mask.
        towards_trunk: direction from the bone to what it is jointed to at its proximal end; None takes the head's.
    """
    if name not in LONG_BONES or len(indices) < _LEAST_VOXELS:
        return None
    points = geometry.to_world_mm(indices)
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    axis = _axis(points)
    upward = np.array([0.0, 0.0, 1.0]) if towards_trunk is None else towards_trunk
    axis = axis if axis @ upward < 0 else -axis
    cut = {end: _is_cut(indices, points - centre, outward, geometry) for end, outward in _outward(axis)}
    is_whole = not any(cut.values())
    shown = [(end, outward) for end, outward in _outward(axis) if not cut[end]]
    plates = [_plate(name, end, points - centre, outward, is_whole=is_whole) for end, outward in shown]
    placed = tuple(replace(one, centre_mm=one.centre_mm + centre) for one in plates if one)
    length_mm = float(np.ptp(points @ axis)) if is_whole else None
    plates_of_kind = sum((name, end) in PLATE_RULES for end in ("proximal", "distal")) + (name == "femur")
    return LongBone(centre, axis, placed, plates_of_kind, length_mm)


def _outward(axis: Float64Array) -> tuple[tuple[End, Float64Array], tuple[End, Float64Array]]:
    return ("proximal", -axis), ("distal", axis)


def _axis(points_mm: Float64Array) -> Float64Array:
    """Direction of the greatest length; of a short stump the direction closest to that of the body."""
    _, sizes, directions = np.linalg.svd(points_mm - points_mm.mean(axis=0), full_matrices=False)
    if sizes[0] >= _SLENDER * sizes[1]:
        longest: Float64Array = directions[0]
        return longest
    upright: Float64Array = directions[int(np.abs(directions[:, 2]).argmax())]
    return upright


def _is_cut(indices: NDArray[np.int64], points: Float64Array, outward: Float64Array, geometry: Geometry) -> bool:
    """Whether the last voxels of an end lie at a border of the image that faces it.

    A border alongside, such as the first slice of a coronal stack, shaves a bone without shortening it.
    """
    along = points @ outward
    last = indices[along > along.max() - max(_END_ZONE_MM, max(geometry.spacing_mm) / 2)]
    facing = outward @ (geometry.affine[:3, :3] / np.array(geometry.spacing_mm))
    beyond = ((facing > _FACING) & (last == np.array(geometry.shape) - 1)) | ((facing < -_FACING) & (last == 0))
    return bool(beyond.any(axis=1).mean() > _LARGEST_CUT_SHARE)


def _plate(name: str, end: End, points: Float64Array, outward: Float64Array, *, is_whole: bool) -> Plate | None:
    """The plate of one end; points relative to the middle of the bone."""
    if (name, end) == ("femur", "proximal"):
        return _head_plate(points, outward)
    rule = PLATE_RULES.get((name, end))
    if rule is None:
        return None
    along = points @ outward
    length = float(np.ptp(along))
    reach = _END_SHARE * length if is_whole else min(_END_SHARE * 3 * length, length)
    width = _largest_width(points[along > along.max() - reach], outward)
    depth = rule.of_length * length if is_whole else rule.of_width * width
    near = points[np.abs(along - (along.max() - depth)) < _SLICE_MM]
    middle = near.mean(axis=0) if len(near) else outward * (along.max() - depth)
    centre = middle + outward * (along.max() - depth - middle @ outward)
    return Plate(end, centre, outward, rule.square * width, _REACH * width * rule.of_width / rule.of_length)


def _largest_width(points: Float64Array, outward: Float64Array) -> float:
    """Largest extent at right angles to the axis, in slices along it."""
    along = points @ outward
    widths = [0.0]
    for low in np.arange(along.min(), along.max(), _SLICE_MM):
        inside = points[(along >= low) & (along < low + _SLICE_MM)]
        if len(inside) >= 4:
            across = inside - np.outer(inside @ outward, outward)
            _, _, directions = np.linalg.svd(across - across.mean(axis=0), full_matrices=False)
            widths.append(float(np.ptp(across @ directions[0])))
    return float(np.max(widths))


def _head_plate(points: Float64Array, outward: Float64Array) -> Plate | None:
    """Across the neck of the femur: the head is what lies furthest from the line of the shaft near the top."""
    along = points @ outward
    length = float(np.ptp(along))
    middle = points[np.abs(along) < 0.25 * length]
    if not len(middle):  # of a badly marked bone both ends may be there and no shaft
        return None
    shaft = middle.mean(axis=0)
    top = points[along > along.max() - _END_SHARE * length]
    across = top - shaft - np.outer((top - shaft) @ outward, outward)
    distance = np.linalg.norm(across, axis=1)
    aside = across[distance >= np.percentile(distance, 85)].mean(axis=0)
    if float(np.linalg.norm(aside)) < 1.0:
        return None
    angle = np.deg2rad(180 - NECK_SHAFT_DEG)
    normal = outward * np.cos(angle) + aside / np.linalg.norm(aside) * np.sin(angle)
    heights = top @ normal
    diameter = _largest_width(top[heights > heights.max() - 0.1 * length], normal)
    height = heights.max() - HEAD_OF_WIDTH * diameter
    away = np.abs(heights - height)
    # A badly marked head may have a gap where its plate would be: then what is closest.
    middle = top[away <= max(_SLICE_MM, away.min())].mean(axis=0)
    centre = middle + normal * (height - middle @ normal)
    return Plate("proximal", centre, normal, diameter, _REACH * diameter * LENGTH_OF_HEAD)
