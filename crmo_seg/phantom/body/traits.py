"""Lasting individual size and place of organs: numbers that depend on the person and a name only."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np

from crmo_seg.phantom.body.landmarks import Landmarks
from crmo_seg.phantom.solids.shapes import Vector


@dataclass(frozen=True, eq=False)
class Traits:
    """Where and how large an organ of this person is; the mean for a child without a variation.

    Attributes:
        marks: of the child in the reference pose.
    """

    marks: Landmarks

    def rng(self, name: str) -> np.random.Generator:
        """Numbers for an organ, the same at each visit."""
        variation = self.marks.child.variation
        return np.random.default_rng(np.random.SeedSequence((variation.seed if variation else 0, crc32(name.encode()))))

    def ratios(self, name: str, deviation: float = 0.08) -> Vector:
        """Factors for three radii, around 1; all three share half of their variance."""
        drawn = np.clip(self.rng(name).standard_normal(4), -2, 2)
        factors: Vector = np.exp(deviation * self._strength * (0.7 * drawn[0] + 0.7 * drawn[1:]))
        return factors

    def shift(self, name: str, deviation: float = 0.003) -> Vector:
        """Shift in mm; the deviation is in statures."""
        drawn = np.clip(self.rng(name + " shift").standard_normal(3), -2, 2)
        moved: Vector = drawn * deviation * self._strength * self.marks.unit_mm
        return moved

    def at(self, level: str, x: float, y: float, z: float) -> Vector:
        """A point in statures from the midline, above the middle of a vertebra or ``hip``, RAS+ mm."""
        marks = self.marks
        height = marks.hip_z if level == "hip" else float(marks.vertebrae[level].centre[2])
        return marks.at(x, y, z, above=height)

    @property
    def u(self) -> float:
        """One stature in mm."""
        return self.marks.unit_mm

    @property
    def _strength(self) -> float:
        variation = self.marks.child.variation
        return variation.strength if variation else 0.0
