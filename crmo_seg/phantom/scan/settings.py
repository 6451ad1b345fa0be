"""Ranges and shares from which protocols are drawn.

Values of protocols are typical ones of clinical practice, in ranges on purpose wider than any single site's. How often
noise and cross-talk disturb is published for STIR: 93 and 102 of 1038 readings in 107 children (abstract of "Analysis
of whole-body MRI artifacts in a pediatric population with a special emphasis on the effect of hands position"). How
often the other artefacts come, and how strong any of them is, is an assumption.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Final, TypeAlias

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.checks import require

Range: TypeAlias = tuple[float, float]

_SOURCE: Final = "scan settings"


@dataclass(frozen=True)
class Chance:
    """An artefact that comes with a probability, and then by an amount from a range.

    >>> Chance(0.0, (1.0, 2.0)).draw(np.random.default_rng(0))
    0.0
    """

    share: float
    amount: Range

    def __post_init__(self) -> None:
        low, high = self.amount
        if not (0 <= self.share <= 1 and 0 <= low <= high):
            raise InputError(_SOURCE, f"an artefact has share {self.share}, amount {self.amount}", _CHANCE_REMEDY)

    def draw(self, rng: np.random.Generator) -> float:
        """The amount, or 0; always takes two numbers from the stream."""
        comes, where = rng.random(2).tolist()
        low, high = self.amount
        return float(low + (high - low) * where) if comes < self.share else 0.0


_CHANCE_REMEDY: Final = "give a share of 0 to 1 and an amount that rises from 0 or more"


@dataclass(frozen=True)
class ArtefactSettings:
    """How often each artefact comes and how strong it is; see ``protocol.Artefacts`` for units.

    Attributes:
        noise: of every study.
        strong_noise: of some, instead.
        noise_unevenness: parallel imaging.
        bias: coil sensitivity that is left.
        seam_step: logarithm of gain.
        seam_shift_mm: rounded to 0-3 voxels.
        seam_blend: share of studies whose stations fade into each other.
        cross_talk: of every second slice.
        suppression_failure: at one to three of the places where the field is uneven.
        end_failure: at the ends of the stations.
        edge_failure: at the left and right edge.
        ghosting: of what breathes or pulsates.
        motion_voxels: in one station.
        interpolation: image voxels per acquired voxel.
        gibbs: share of the interpolated images with a sharp edge of k-space.
        arms_outside: share of the body's width that the field leaves out.
        wrap_mm: of fields narrower than the body.
        metal_radius_mm: braces; needs the region ``jaw``.
    """

    noise: Chance = Chance(1.0, (0.025, 0.09))
    strong_noise: Chance = Chance(0.09, (0.12, 0.25))
    noise_unevenness: Chance = Chance(0.5, (0.2, 1.2))
    bias: Chance = Chance(0.95, (0.1, 0.7))
    seam_step: Chance = Chance(0.8, (0.02, 0.18))
    seam_shift_mm: Chance = Chance(0.4, (1.0, 5.0))
    seam_blend: float = 0.5
    cross_talk: Chance = Chance(0.10, (0.06, 0.25))
    suppression_failure: Chance = Chance(0.30, (0.3, 1.0))
    end_failure: Chance = Chance(0.25, (0.2, 0.9))
    edge_failure: Chance = Chance(0.20, (0.2, 0.9))
    ghosting: Chance = Chance(0.5, (0.02, 0.15))
    motion_voxels: Chance = Chance(0.15, (0.7, 2.5))
    interpolation: Chance = Chance(0.4, (1.1, 2.0))
    gibbs: float = 0.3
    arms_outside: Chance = Chance(0.2, (0.08, 0.22))
    wrap_mm: Chance = Chance(0.25, (10.0, 40.0))
    metal_radius_mm: Chance = Chance(0.04, (8.0, 22.0))


NO_ARTEFACTS: Final = ArtefactSettings(
    **{one.name: Chance(0.0, (0.0, 0.0)) for one in fields(ArtefactSettings) if isinstance(one.default, Chance)},
    seam_blend=0.0,
    gibbs=0.0,
)
"""A perfect scanner."""


@dataclass(frozen=True)
class ScanSettings:
    """What protocols are drawn from.

    Attributes:
        coronal_whole_body: relative frequency of this view.
        sagittal_spine: the same.
        region: the same; single regions are drawn from those in ``regions`` whose bounds are given.
        in_plane_mm: the spine and single regions use the finer half.
        slice_thickness_mm: the spine and single regions use the thinner half.
        gap: of the thickness.
        sub_slice_mm: about how far apart the planes lie that are drawn for each slice.
        stations: fewest and most for a whole body.
        station_mm: length of a station.
        overlap: of neighbouring stations, of a station's length.
        most_slices: range of the most coronal slices of a scan; toes that lie beyond are left out.
        widest_mm: widest field of view.
        three_tesla: share of studies at 3 T; the others are at 1.5 T.
        oblique: share of tilted studies of spine and regions; of the whole body a fifth of that.
        tilt_deg: of those.
        muscle_signal: stored value of muscle.
        regions: names of regions that are scanned alone.
        fine_voxels: most voxels to draw; larger fields get larger voxels. This bounds memory.
        artefacts: how often and how strong.

    Raises:
        InputError: where a range is impossible.
    """

    coronal_whole_body: float = 0.75
    sagittal_spine: float = 0.12
    region: float = 0.13
    in_plane_mm: Range = (0.8, 1.8)
    slice_thickness_mm: Range = (3.0, 8.0)
    gap: Range = (0.0, 0.2)
    sub_slice_mm: float = 3.0
    stations: tuple[int, int] = (3, 6)
    station_mm: Range = (330.0, 480.0)
    overlap: Range = (0.08, 0.2)
    most_slices: tuple[int, int] = (30, 45)
    widest_mm: float = 500.0
    three_tesla: float = 0.3
    oblique: float = 0.5
    tilt_deg: Range = (1.0, 8.0)
    muscle_signal: Range = (40.0, 400.0)
    regions: tuple[str, ...] = (
        "pelvis", "chest", "thighs", "knees", "knee_left", "knee_right", "ankles", "foot_left", "foot_right",
        "shoulder_left", "shoulder_right", "hand_left", "hand_right",
    )  # fmt: skip
    fine_voxels: float = 36e6
    artefacts: ArtefactSettings = field(default_factory=ArtefactSettings)

    def __post_init__(self) -> None:
        for name in ("in_plane_mm", "slice_thickness_mm", "stations", "station_mm", "most_slices", "muscle_signal"):
            low, high = getattr(self, name)
            require(_SOURCE, 0 < low <= high, f"{name} is {(low, high)}", "give two numbers above 0, the smaller first")
        for name, most in (("gap", 0.5), ("overlap", 0.49), ("tilt_deg", 30.0)):
            low, high = getattr(self, name)
            require(_SOURCE, 0 <= low <= high <= most, f"{name} is {(low, high)}", f"give two numbers of 0 to {most}")
        shares = self.view_shares
        require(
            _SOURCE, min(shares) >= 0 and sum(shares) > 0, f"the shares of the views are {shares}", "give one above 0"
        )
        require(_SOURCE, self.sub_slice_mm > 0, f"sub_slice_mm is {self.sub_slice_mm}", "give more than 0")
        require(_SOURCE, self.stations[0] >= 1, f"stations is {self.stations}", "give 1 or more")
        require(_SOURCE, self.widest_mm > 0 and self.fine_voxels >= 1e4, "the field is too small", "give a larger one")

    @property
    def view_shares(self) -> tuple[float, float, float]:
        """Relative frequency of whole body, spine and region."""
        return self.coronal_whole_body, self.sagittal_spine, self.region


def as_tiny(settings: ScanSettings) -> ScanSettings:
    """The same scanner with coarse grids, one plane a slice, coronal whole bodies only; for tests."""
    return replace(
        settings,
        coronal_whole_body=1.0,
        sagittal_spine=0.0,
        region=0.0,
        in_plane_mm=(4.0, 4.0),
        slice_thickness_mm=(8.0, 8.0),
        gap=(0.0, 0.0),
        sub_slice_mm=8.0,
    )


TINY: Final = as_tiny(ScanSettings())
"""Coarse whole bodies for tests."""
