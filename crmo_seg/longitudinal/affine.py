"""Maps from one visit's space to the other's, and their fits to pairs of points; RAS+ mm throughout."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from crmo_seg.volume import Float64Array

_LEAST_WEIGHT = 1e-9


@dataclass(frozen=True, eq=False)
class AffineMap:
    """The map x -> ``matrix`` x + ``offset_mm``.

    Attributes:
        matrix: float64 (3, 3).
        offset_mm: float64 (3,).

    >>> AffineMap(2 * np.eye(3), np.ones(3))(np.array([[1.0, 0.0, 0.0]])).tolist()
    [[3.0, 1.0, 1.0]]
    """

    matrix: Float64Array
    offset_mm: Float64Array

    def __call__(self, points_mm: Float64Array) -> Float64Array:
        """Points, shape (..., 3), in the other space."""
        mapped: Float64Array = points_mm @ self.matrix.T + self.offset_mm
        return mapped

    @cached_property
    def inverse(self) -> AffineMap:
        """The way back."""
        back = np.asarray(np.linalg.inv(self.matrix), dtype=np.float64)
        return AffineMap(back, -back @ self.offset_mm)

    @property
    def volume_factor(self) -> float:
        """By how much volumes grow."""
        return float(abs(np.linalg.det(self.matrix)))

    @property
    def scale(self) -> float:
        """By how much lengths grow, in the mean over directions."""
        return float(self.volume_factor ** (1 / 3))

    def sending(self, point_mm: Float64Array, to_mm: Float64Array) -> AffineMap:
        """The same matrix, moved so that a point arrives at another."""
        return AffineMap(self.matrix, to_mm - self.matrix @ point_mm)


IDENTITY = AffineMap(np.eye(3), np.zeros(3))


def fit_similarity(
    source: Float64Array,
    target: Float64Array,
    weights: Float64Array | None = None,
    scale_range: tuple[float, float] = (0.5, 2.0),
) -> AffineMap:
    """Rotation, shift and one scale that bring points closest to their partners (Umeyama 1991, doi:10.1109/34.88573).

    Args:
        source: (n, 3), n >= 3 and not all on a line.
        target: (n, 3).
        weights: (n,), relative.
        scale_range: the scale is kept within.
    """
    weight = np.full(len(source), 1.0) if weights is None else weights
    weight = weight / max(float(weight.sum()), _LEAST_WEIGHT)
    source_mean, target_mean = weight @ source, weight @ target
    centred = source - source_mean
    covariance = (target - target_mean).T @ (centred * weight[:, None])
    left, stretch, right = np.linalg.svd(covariance)
    mirror = np.array([1.0, 1.0, np.sign(np.linalg.det(left @ right))])
    variance = float(weight @ (centred**2).sum(axis=1))
    scale = float(np.clip(stretch @ mirror / max(variance, _LEAST_WEIGHT), *scale_range))
    matrix = scale * (left * mirror) @ right
    return AffineMap(matrix, target_mean - matrix @ source_mean)


def fit_robust_similarity(source: Float64Array, target: Float64Array, width_mm: float) -> AffineMap:
    """A similarity that a minority of wrong pairs does not move: reweighted least squares with Cauchy weights.

    Args:
        source: (n, 3), n >= 3.
        target: (n, 3).
        width_mm: pairs that are further apart than this lose their weight.
    """
    fitted = fit_similarity(source, target)
    for width in (8 * width_mm, 4 * width_mm, 2 * width_mm, *[width_mm] * 7):
        distance = np.linalg.norm(fitted(source) - target, axis=1)
        fitted = fit_similarity(source, target, 1 / (1 + (distance / width) ** 2))
    return fitted


def fit_affine(source: Float64Array, target: Float64Array, prior: AffineMap, stiffness: float) -> AffineMap:
    """An affine map pulled towards a prior in the directions in which the points do not reach far.

    Minimises the mean square distance of pairs plus ``stiffness`` * mean square radius * the square of the
    matrix' difference to the prior's: a long bone is stretched along its axis, but not across it.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred = source - source_mean
    spread = centred.T @ centred / len(source)
    cross = (target - target_mean).T @ centred / len(source)
    pull = stiffness * float(np.trace(spread)) * np.eye(3)
    matrix = np.linalg.solve((spread + pull).T, (cross + prior.matrix @ pull).T).T
    return AffineMap(matrix, target_mean - matrix @ source_mean)


def turning(direction: Float64Array, towards: Float64Array) -> Float64Array:
    """The smallest rotation (3, 3) that takes one direction to another (Rodrigues).

    >>> turning(np.array([1.0, 0, 0]), np.array([0.0, 2, 0])).round(6).tolist()[0]
    [0.0, -1.0, 0.0]
    """
    one, other = direction / np.linalg.norm(direction), towards / np.linalg.norm(towards)
    axis, cosine = np.cross(one, other), float(one @ other)
    if cosine < -1 + 1e-9:  # opposite: half a turn about any axis across
        across = np.cross(one, np.eye(3)[np.abs(one).argmin()])
        across /= np.linalg.norm(across)
        half_turn: Float64Array = 2 * np.outer(across, across) - np.eye(3)
        return half_turn
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation: Float64Array = np.eye(3) + cross + cross @ cross / (1 + cosine)
    return rotation
