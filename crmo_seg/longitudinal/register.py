"""One bone brought to its place at the other visit: iterated closest points, from several starts.

Points are compared only where both pictures could show them, so that a bone that one picture cuts off is aligned by
the part that both have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.longitudinal.affine import AffineMap, fit_affine, fit_similarity, turning
from crmo_seg.longitudinal.bone_units import Cloud, in_view
from crmo_seg.volume import Float64Array

SIMILARITY_STEPS: Final = 25
AFFINE_STEPS: Final = 10
STIFFNESS: Final = 0.05
"""A direction in which a bone reaches less than about a fifth of its length keeps the scale of the whole."""
SCALE_SLACK: Final = 1.15
"""A bone grows by a factor at most this far from that of the body."""
KEPT: Final = 0.97
"""Share of the pairs that counts; the furthest are errors of the masks. With fewer, the ends of a bone are lost."""
CUT_SLACK: Final = 1.03
"""The same for a bone that a picture cuts off: its length is not known."""
LEAST_PAIRS: Final = 12
STILL_MM: Final = 0.02
ELONGATED: Final = 2.5
"""A bone this much longer than it is wide has an axis of its own."""
JOINT_WEIGHT: Final = 0.05
"""A millimetre that a joint gapes counts as much as this share of a millimetre between surfaces."""
HIDDEN_MM: Final = 20.0
"""What a bone costs that is moved out of the picture whole: else the least of it would fit best."""


@dataclass(frozen=True, eq=False)
class Registration:
    """A bone's way from the first visit to the second.

    Attributes:
        map: of points.
        residual_mm: mean distance between its surface and the other's, where both pictures reach.
        overlap: Dice of the two, where both pictures reach.
        visible: share of it that arrives in the picture of the second visit.
        visible_back: share of the second visit's bone that lies in the picture of the first.
    """

    map: AffineMap
    residual_mm: float
    overlap: float
    visible: float
    visible_back: float


@dataclass(frozen=True, eq=False)
class Joint:
    """Where a bone meets its parent at both visits; the second place is known by the parent's registration."""

    before_mm: Float64Array
    now_mm: Float64Array

    def gap_mm(self, moved: AffineMap) -> float:
        """By how far a map of the bone tears the joint."""
        return float(np.linalg.norm(moved(self.before_mm) - self.now_mm))


def register(before: Cloud, now: Cloud, prior: AffineMap, joint: Joint | None = None) -> Registration:
    """The best of the registrations from all starts.

    Args:
        before: the bone at the first visit.
        now: at the second.
        prior: how its parent, or the whole body, moved and grew.
        joint: with the parent; tells the two ends of a long bone apart.
    """
    tried = [_refine(before, now, start, prior.scale) for start in _starts(before, now, prior, joint)]

    def badness(one: Registration) -> float:
        torn_mm = joint.gap_mm(one.map) if joint is not None else 0.0
        return one.residual_mm + JOINT_WEIGHT * torn_mm + HIDDEN_MM * (2 - one.visible - one.visible_back)

    return min(tried, key=badness)


def measure(before: Cloud, now: Cloud, moved: AffineMap) -> Registration:
    """How well a map brings a bone to its place."""
    source, target = _pairs(before, now, moved)
    distance = np.linalg.norm(moved(source) - target, axis=1)
    residual = float(distance.mean()) if len(distance) >= LEAST_PAIRS else float("inf")
    return Registration(moved, residual, *_shares(before, now, moved))


def _starts(before: Cloud, now: Cloud, prior: AffineMap, joint: Joint | None) -> Sequence[AffineMap]:
    """Where the parent's motion would bring it; the same, moved onto the bone or the joint; and both ways along it."""
    starts = [prior, prior.sending(before.centroid_mm, now.centroid_mm)]
    if joint is not None:
        starts.append(prior.sending(joint.before_mm, joint.now_mm))
    if not (_is_elongated(before) and _is_elongated(now)):
        return starts
    axis, other_axis = before.axes[0], now.axes[0]
    expected = prior.matrix @ axis
    slack = _slack(before, now)
    growth = float(np.clip(_length(now.ends_mm) / _length(before.ends_mm) / prior.scale, 1 / slack, slack))
    stretch = np.eye(3) + (growth - 1) * np.outer(axis, axis)
    for sign in (1.0, -1.0):
        turned = AffineMap(turning(expected, sign * other_axis) @ prior.matrix @ stretch, np.zeros(3))
        starts.append(turned.sending(before.centroid_mm, now.centroid_mm))
    return starts


def _slack(before: Cloud, now: Cloud) -> float:
    return CUT_SLACK if before.cut or now.cut else SCALE_SLACK


def _refine(before: Cloud, now: Cloud, start: AffineMap, scale: float) -> Registration:
    moved, slack = start, _slack(before, now)
    for step in range(SIMILARITY_STEPS + AFFINE_STEPS):
        source, target = _closest(before, now, moved)
        if len(source) < LEAST_PAIRS:
            break
        fitted = fit_similarity(source, target, scale_range=(scale / slack, scale * slack))
        if step >= SIMILARITY_STEPS:
            fitted = _stretched(source, target, fitted, slack)
        shift = float(np.abs(fitted(source) - moved(source)).max())
        moved = fitted
        if shift < STILL_MM and step >= SIMILARITY_STEPS:
            break
    return measure(before, now, _to_both_ends(before, now, moved))


def _to_both_ends(before: Cloud, now: Cloud, moved: AffineMap) -> AffineMap:
    """A whole long bone stretched along its axis to the other's length, and moved along it to the other's middle.

    Closest points of a shaft say little about that: what keeps its share of the way between both ends is kept.
    """
    if before.cut or now.cut or not _is_elongated(before) or not _is_elongated(now):
        return moved
    axis = moved.matrix @ before.axes[0]
    axis /= np.linalg.norm(axis)
    arrived = moved(before.ends_mm)
    ratio = _length(now.ends_mm) / _length(arrived)
    matrix = (
        np.eye(3) + (float(np.clip(ratio, 1 / SCALE_SLACK, SCALE_SLACK)) - 1) * np.outer(axis, axis)
    ) @ moved.matrix
    middle, aim = arrived.mean(axis=0), now.ends_mm.mean(axis=0)
    to = middle + axis * float(axis @ (aim - middle))
    return AffineMap(matrix, np.zeros(3)).sending(before.ends_mm.mean(axis=0), to)


def _length(ends: Float64Array) -> float:
    return float(np.linalg.norm(ends[1] - ends[0]))


def _is_elongated(bone: Cloud) -> bool:
    return bool(bone.deviations_mm[0] >= ELONGATED * bone.deviations_mm[1])


def _stretched(source: Float64Array, target: Float64Array, similar: AffineMap, slack: float) -> AffineMap:
    """The affine map of the pairs; the similarity where that would tear the bone out of shape."""
    affine = fit_affine(source, target, similar, STIFFNESS)
    stretches = np.linalg.svd(affine.matrix, compute_uv=False)
    fits = similar.scale / slack <= stretches.min() and stretches.max() <= similar.scale * slack
    return affine if fits else similar


def _closest(before: Cloud, now: Cloud, moved: AffineMap) -> tuple[Float64Array, Float64Array]:
    """Pairs without the furthest of them."""
    source, target = _pairs(before, now, moved)
    distance = np.linalg.norm(moved(source) - target, axis=1)
    near = distance <= np.quantile(distance, KEPT) if len(distance) else np.zeros(0, dtype=np.bool_)
    return source[near], target[near]


def _pairs(before: Cloud, now: Cloud, moved: AffineMap) -> tuple[Float64Array, Float64Array]:
    """Each point of either surface with the closest one of the other, where both pictures reach; (n, 3) twice."""
    arrived, returned = moved(before.surface_mm), moved.inverse(now.surface_mm)
    visible = in_view(arrived, now.bones.geometry)
    _, nearest_now = now.tree.query(arrived[visible])
    visible_back = in_view(returned, before.bones.geometry)
    _, nearest_before = before.tree.query(returned[visible_back])
    source = np.concatenate([before.surface_mm[visible], before.surface_mm[nearest_before]])
    target = np.concatenate([now.surface_mm[nearest_now], now.surface_mm[visible_back]])
    return source, target


def _shares(before: Cloud, now: Cloud, moved: AffineMap) -> tuple[float, float, float]:
    """Dice from points drawn inside either, where both pictures reach, and how much of each the other one shows."""
    arrived, returned = moved(before.inside_mm), moved.inverse(now.inside_mm)
    visible, visible_back = in_view(arrived, now.bones.geometry), in_view(returned, before.bones.geometry)
    if not visible.any() or not visible_back.any():
        return 0.0, float(visible.mean()), float(visible_back.mean())
    there = float(now.holds(arrived[visible]).mean())
    back = float(before.holds(returned[visible_back]).mean())
    dice = 2 * there * back / (there + back) if there + back > 0 else 0.0
    return dice, float(visible.mean()), float(visible_back.mean())
