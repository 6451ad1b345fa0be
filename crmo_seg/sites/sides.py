"""The side of every bone: trunk by the midline, limbs by the joints that link them to it.

A hand on the belly lies across the midline, so a limb is never parted at it. Each connected part of a limb takes the
side of what it is jointed to: the femur that of its half of the pelvis, the tibia that of its femur, and so on to the
toes. On a part of the body without a midline the bones themselves tell: both legs side by side, a fibula lateral to its
tibia, a limb lateral to its girdle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from crmo_seg.anatomy import Side
from crmo_seg.sites.classes import Part, parts_of_classes
from crmo_seg.sites.midline import Midline, find_midline
from crmo_seg.volume import Float64Array, Volume

TRUNK: Final = ("rib", "clavicle", "scapula", "pelvis")
LIMBS: Final = ("humerus", "radius", "ulna", "hand", "femur", "patella", "tibia", "fibula", "foot")
PARENTS: Final = {
    "humerus": ("scapula",),
    "radius": ("humerus",),
    "ulna": ("humerus",),
    "hand": ("radius", "ulna"),
    "femur": ("pelvis",),
    "patella": ("femur",),
    "tibia": ("femur", "patella"),
    "fibula": ("tibia", "femur"),
    "foot": ("tibia", "fibula"),
}
"""What a bone is jointed to, towards the trunk."""

LARGEST_GAP_MM: Final = 40.0
"""Between bones of one limb: the unossified wrist of a small child, with slices left out (an assumption)."""
TOUCHING_MM: Final = 12.0
"""A part whose voxels lie so near to parents of both sides is two bones that touch (an assumption)."""
SMALLEST_SHARE: Final = 0.1
"""With less on the other side of the midline a part lies on one side as a whole."""
SMALLEST_LINK_ML: Final = 0.05
"""Smaller parts are specks, and take the side of the nearest larger one."""
LATERAL_MM: Final = 5.0
"""A bone lateral to another is at least so far from it."""

SIGNS: Final = {Side.RIGHT: 1, Side.LEFT: -1}
ARM_REACH_MM: Final = 100.0
"""A forearm or a hand that is linked to nothing may lie across the midline, unless it is so far from it."""
_CROSSING: Final = ("radius", "ulna", "hand")
_MOST_LINKED: Final = 150
_LATERAL_TO: Final = (("fibula", ("tibia",)), ("humerus", ("rib", "scapula", "clavicle")), ("femur", ("pelvis",)))


@dataclass(eq=False)
class _Piece:
    """A part with its side so far: 1 right, -1 left, 0 open."""

    part: Part
    sign: int = 0

    def __post_init__(self) -> None:
        surface = self.part.points_mm[self.part.on_surface]
        self.surface = surface if len(surface) else self.part.points_mm
        self.tree = cKDTree(self.surface)
        self.low, self.high = self.surface.min(axis=0), self.surface.max(axis=0)


def sides_of_bones(head_classes: Volume, laterality: Side | None = None) -> NDArray[np.int8]:
    """1 right, -1 left, 0 unknown or no paired bone; the shape of the volume.

    Args:
        head_classes: values of the ``bones`` head, ``HEAD_CLASSES`` index + 1, 0 is no bone.
        laterality: the side that is shown where the image itself does not tell (DICOM PS3.3, Laterality (0020,0060)).
    """
    midline = find_midline(head_classes)
    pieces = [piece for part in parts_of_classes(head_classes, TRUNK) for piece in _trunk_pieces(part, midline)]
    limbs = [_Piece(part) for part in parts_of_classes(head_classes, LIMBS)]
    large, specks = _without_specks(limbs, head_classes.geometry.voxel_volume_ml)
    pieces += large
    if midline is None:
        _tell_by_lateral_bones(pieces)
    _spread(pieces)
    pieces = [half for piece in pieces for half in _parted(piece, pieces)]
    _tell_by_midline([*pieces, *specks], midline)
    _spread(pieces)
    _tell_specks(specks, pieces)
    return _painted([*pieces, *specks], head_classes, laterality)


def _trunk_pieces(part: Part, midline: Midline | None) -> list[_Piece]:
    return [_Piece(part)] if midline is None else _split_at(part, midline)


def _split_at(part: Part, midline: Midline) -> list[_Piece]:
    """Both sides of the midline, or the whole part where hardly any of it lies on the other one."""
    right = midline.is_right(part.points_mm)
    share = float(right.mean())
    if not SMALLEST_SHARE < share < 1 - SMALLEST_SHARE:
        return [_Piece(part, 1 if share > 0.5 else -1)]
    return [_Piece(part.subset(right), 1), _Piece(part.subset(~right), -1)]


def _without_specks(pieces: Sequence[_Piece], voxel_ml: float) -> tuple[list[_Piece], list[_Piece]]:
    """Pieces that are worth linking, and the specks."""
    by_size = sorted(pieces, key=lambda piece: -len(piece.part.indices))
    large = [piece for piece in by_size[:_MOST_LINKED] if len(piece.part.indices) * voxel_ml >= SMALLEST_LINK_ML]
    return large, by_size[len(large) :]


def _tell_by_lateral_bones(pieces: Sequence[_Piece]) -> None:
    """Sides from bones that lie lateral to a neighbour of the same limb."""
    for outer_name, inner_names in _LATERAL_TO:
        inner = [piece for piece in pieces if piece.part.name in inner_names]
        for outer in (piece for piece in pieces if piece.part.name == outer_name):
            near = [piece for piece in inner if _gap_mm(outer, piece) < LARGEST_GAP_MM]
            offset = _offset_mm(outer.part.points_mm, near) if near else 0.0
            if abs(offset) >= LATERAL_MM:
                outer.sign = 1 if offset > 0 else -1


def _offset_mm(outer: Float64Array, inner: Iterable[_Piece]) -> float:
    """How much further to the right a bone lies than its neighbours, where they lie side by side if they do."""
    other = np.concatenate([piece.part.points_mm for piece in inner])
    low, high = max(outer[:, 2].min(), other[:, 2].min()), min(outer[:, 2].max(), other[:, 2].max())
    here, there = (points[(points[:, 2] >= low) & (points[:, 2] <= high), 0] for points in (outer, other))
    if not len(here) or not len(there):
        here, there = outer[:, 0], other[:, 0]
    return float(np.median(here) - np.median(there))


def _spread(pieces: Sequence[_Piece]) -> None:
    """Open pieces take the side of the told one that they are linked to over the smallest gaps (Prim's order)."""
    links = _links(pieces)
    best: dict[int, tuple[float, int]] = {}
    for index, piece in enumerate(pieces):
        if piece.sign:
            _offer(best, pieces, links[index], piece.sign)
    while best:
        index = min(best, key=lambda key: best[key][0])
        _, pieces[index].sign = best.pop(index)
        _offer(best, pieces, links[index], pieces[index].sign)


def _offer(
    best: dict[int, tuple[float, int]], pieces: Sequence[_Piece], links: Sequence[tuple[float, int]], sign: int
) -> None:
    for gap, other in links:
        if not pieces[other].sign and gap < best.get(other, (np.inf, 0))[0]:
            best[other] = (gap, sign)


def _links(pieces: Sequence[_Piece]) -> dict[int, list[tuple[float, int]]]:
    """For each piece the gaps, mm, to those that may belong to the same limb."""
    links: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for first, piece in enumerate(pieces):
        for second in range(first + 1, len(pieces)):
            other = pieces[second]
            if (piece.sign and other.sign) or not _may_be_jointed(piece.part.name, other.part.name):
                continue
            gap = _gap_mm(piece, other)
            if gap <= LARGEST_GAP_MM:
                links[first].append((gap, second))
                links[second].append((gap, first))
    return links


def _may_be_jointed(first: str, second: str) -> bool:
    same_limb_bone = first == second and first in LIMBS
    return same_limb_bone or second in PARENTS.get(first, ()) or first in PARENTS.get(second, ())


def _gap_mm(first: _Piece, second: _Piece) -> float:
    """Least distance of voxel centres; infinite where boxes lie further apart than a joint."""
    apart = np.maximum(first.low - second.high, second.low - first.high)
    if float(np.linalg.norm(np.maximum(apart, 0))) > LARGEST_GAP_MM:
        return float("inf")
    small, large = sorted((first, second), key=lambda piece: len(piece.surface))
    low, high = large.low - LARGEST_GAP_MM, large.high + LARGEST_GAP_MM
    near = np.all((small.surface >= low) & (small.surface <= high), axis=1)
    distances, _ = large.tree.query(small.surface[near], distance_upper_bound=LARGEST_GAP_MM)
    return float(distances.min(initial=np.inf))


def _parted(piece: _Piece, pieces: Sequence[_Piece]) -> list[_Piece]:
    """Two bones that touch, such as knees in thick slices, are parted halfway between the parents of both sides."""
    names = PARENTS.get(piece.part.name, ())
    parents = {
        sign: [one for one in pieces if one.part.name in names and one.sign == sign and _gap_mm(piece, one) < np.inf]
        for sign in (1, -1)
    }
    if not all(any(_gap_mm(piece, one) <= TOUCHING_MM for one in side) for side in parents.values()):
        return [piece]
    points = piece.part.points_mm
    to_right, to_left = (np.min([one.tree.query(points)[0] for one in parents[sign]], axis=0) for sign in (1, -1))
    right = to_right < to_left
    share = float(right.mean())
    if not SMALLEST_SHARE < share < 1 - SMALLEST_SHARE:
        return [piece]
    return [_Piece(piece.part.subset(right), 1), _Piece(piece.part.subset(~right), -1)]


def _tell_by_midline(pieces: Sequence[_Piece], midline: Midline | None) -> None:
    """What is linked to nothing takes its side of the midline, but for arms, which may lie across it."""
    if midline is None:
        return
    for piece in (piece for piece in pieces if not piece.sign):
        right_mm = float(np.median(midline.right_mm(piece.surface)))
        if piece.part.name not in _CROSSING or abs(right_mm) > ARM_REACH_MM:
            piece.sign = 1 if right_mm > 0 else -1


def _tell_specks(specks: Sequence[_Piece], pieces: Sequence[_Piece]) -> None:
    """Specks take the side of the nearest larger piece of the same limb, else they keep that of the midline."""
    for speck in specks:
        others = (piece for piece in pieces if _may_be_jointed(piece.part.name, speck.part.name))
        gap, sign = min(((_gap_mm(speck, piece), piece.sign) for piece in others), default=(np.inf, 0))
        if sign and np.isfinite(gap):
            speck.sign = sign


def _painted(pieces: Iterable[_Piece], head_classes: Volume, laterality: Side | None) -> NDArray[np.int8]:
    sides = np.zeros(head_classes.array.shape, dtype=np.int8)
    otherwise = SIGNS[laterality] if laterality else 0
    for piece in pieces:
        sides[tuple(piece.part.indices.T)] = piece.sign or otherwise
    return sides
