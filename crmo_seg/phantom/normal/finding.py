"""A look-alike before it is drawn: what it is, where it lies, how bright it is."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.solids.shapes import Capsule, Vector

Confinement: TypeAlias = Literal["marrow", "soft"]
Grade: TypeAlias = Literal["trace", "minor", "major"]

FINDING_KINDS: Final[tuple[str, ...]] = (
    "none",
    "flame",
    "patch",
    "speckle",
    "basivertebral_vein",
    "nutrient_vessel",
    "effusion",
    "muscle_edema",
    "lymph_node",
    "vessel",
)
"""The kinds; the index is the value of a voxel in a volume of findings, 0 stands for no finding."""
FOCUS_KINDS: Final = frozenset({"flame", "patch", "speckle"})
"""The kinds that readers of healthy marrow count as areas of increased signal."""

VISIBLE_STRENGTH: Final = 1.5
"""Fainter foci than this many times muscle are seen on a dedicated scan of the joint only, not on the whole body's."""
MAJOR_STRENGTH: Final = 2.5
MAJOR_EXTENSION: Final = 0.25
"""A focus is major when it is both bright and takes more than this share of its region."""


@dataclass(frozen=True, eq=False)
class Finding:
    """A look-alike.

    Attributes:
        key: stable name of the finding in its patient, for example ``flame femur_left distal metaphysis``.
        kind: one of ``FINDING_KINDS``.
        bone: full name of its bone, None in soft tissue.
        place: an ellipsoid (for a flame: its foot on the growth plate, the third axis towards the joint, the third
            radius its length), or the axis of a vessel.
        strength: signal over that of muscle where its share is 1.
        border_mm: over this length it fades into its surroundings.
        confined: the tissue that it does not leave.
        extension: share of its region (site of the bone) that it takes, 0 to 1; 0 where that means nothing.
        wave_vectors: (n, 3) radians per mm in the place's own axes: its streaks, patches or specks.
        wave_phases: (n,) radians.
    """

    key: str
    kind: str
    bone: str | None
    place: LesionSite | Capsule
    strength: float
    border_mm: float
    confined: Confinement
    extension: float
    wave_vectors: Vector
    wave_phases: Vector


@dataclass(frozen=True)
class Streams:
    """Random numbers by name: what one part draws does not change another part."""

    seed: int

    def of(self, name: str) -> np.random.Generator:
        """The generator of a name.

        >>> Streams(1).of("femur").random() == Streams(1).of("femur").random()
        True
        """
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def grade(finding: Finding) -> Grade | None:
    """How conspicuous a focus of marrow is: by its signal and extension; None for other kinds.

    The healthy-children studies (doi:10.1016/j.ejrad.2022.110365, 10.1016/j.ejrad.2022.110425) graded intensity 0 to 2
    and extension 1 to 4 and called a combination of both major; their cut-offs were not readable, these are ours.
    """
    if finding.kind not in FOCUS_KINDS:
        return None
    if finding.strength < VISIBLE_STRENGTH:
        return "trace"
    return "major" if finding.strength >= MAJOR_STRENGTH and finding.extension > MAJOR_EXTENSION else "minor"


def draw_waves(rng: np.random.Generator, count: int, wavelength_mm: tuple[float, float]) -> tuple[Vector, Vector]:
    """Wave vectors of random directions, shape (count, 3) in radians per mm, and phases, shape (count,)."""
    directions = rng.standard_normal((count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = rng.uniform(*wavelength_mm, (count, 1))
    return directions * (2 * np.pi / lengths), rng.uniform(0, 2 * np.pi, count)
