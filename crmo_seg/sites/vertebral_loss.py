"""Vertebral heights beside those of the neighbours: ratios, the largest loss, and its grade in the manner of Genant.

Genant's grades (doi:10.1002/jbmr.5650080915) are a reader's, for lateral radiographs of adults: 1 from about 20 %, 2
from 25 % and 3 from 40 % of front, middle or back height. Here only their limits are taken, for heights measured in a
mask: a measurement, no diagnosis. In 95 % of children without a fracture the front of T10 to L3 is more than 0.893 of
the back (Gaca 2010, PubMed 20093618), so that a loss of 20 % is beyond their usual wedge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from crmo_seg.sites.vertebral_height import COARSE_VOXELS, COARSEST, LEVELS, BodyHeights, body_heights
from crmo_seg.volume import Volume

GRADE_FROM: Final = (0.20, 0.25, 0.40)
"""Smallest losses of the grades 1 to 3, doi:10.1002/jbmr.5650080915."""
REACH: Final = 2
"""A neighbour that cannot be measured, or has lost height itself, is replaced by the next one, this far at most."""

COLUMNS: Final = (
    "level", "front_mm", "middle_mm", "back_mm", "mean_mm", "resolution_mm", "front_to_back", "middle_to_back",
    "front_to_reference", "middle_to_reference", "back_to_reference", "mean_to_reference", "reference_levels",
    "largest_loss_percent", "genant_style_grade", "note",
)  # fmt: skip
"""Of ``vertebrae.csv``."""


@dataclass(frozen=True)
class VertebralLoss:
    """One vertebra beside its neighbours; ratios are None where one of their heights is not known.

    Attributes:
        heights: in mm.
        reference_levels: neighbours between which the reference lies, by their distance; one where only one is known.
        front_to_back: ratio of heights.
        middle_to_back: ratio of heights.
        front_to_reference: front height over that of the neighbours.
        middle_to_reference: middle height over that of the neighbours.
        back_to_reference: back height over that of the neighbours.
        mean_to_reference: mean height over that of the neighbours.
    """

    heights: BodyHeights
    reference_levels: tuple[str, ...] = ()
    front_to_back: float | None = None
    middle_to_back: float | None = None
    front_to_reference: float | None = None
    middle_to_reference: float | None = None
    back_to_reference: float | None = None
    mean_to_reference: float | None = None

    @property
    def largest_loss(self) -> float | None:
        """Share of height lost where most is, 0 to 1; None without any ratio.

        >>> VertebralLoss(BodyHeights("T5"), front_to_back=0.75, back_to_reference=1.1).largest_loss
        0.25
        """
        ratios = [self.front_to_back, self.middle_to_back, self.mean_to_reference, *self._to_reference()]
        known = [ratio for ratio in ratios if ratio is not None]
        return max(1.0 - min(known), 0.0) if known else None

    @property
    def grade(self) -> int | None:
        """0 to 3 by ``GRADE_FROM``, of the largest loss.

        None where it is not known; and instead of 0 where not all three heights and a reference are: a wedge does not
        show in the mean height, nor a loss of the whole height without a reference.

        >>> VertebralLoss(BodyHeights("T5"), mean_to_reference=0.7).grade
        2
        >>> VertebralLoss(BodyHeights("T5"), mean_to_reference=0.95).grade is None
        True
        """
        if self.largest_loss is None:
            return None
        grade = int(np.searchsorted(GRADE_FROM, self.largest_loss + 1e-9, side="right"))
        return grade if grade or None not in self._to_reference() else None

    def to_dict(self) -> dict[str, Any]:
        """A row of ``vertebrae.csv``, and the entry of ``summary.json``: its keys are ``COLUMNS``."""
        own, loss = self.heights, self.largest_loss
        values = (
            own.level,
            *(_rounded(mm, 2) for mm in (own.front_mm, own.middle_mm, own.back_mm, own.mean_mm, own.resolution_mm)),
            *(_rounded(ratio, 3) for ratio in (self.front_to_back, self.middle_to_back, *self._to_reference())),
            _rounded(self.mean_to_reference, 3),
            " ".join(self.reference_levels),
            _rounded(None if loss is None else 100.0 * loss, 1),
            self.grade,
            own.note,
        )
        return dict(zip(COLUMNS, values, strict=True))

    def _to_reference(self) -> tuple[float | None, ...]:
        return self.front_to_reference, self.middle_to_reference, self.back_to_reference


def measure_vertebrae(bones: Volume, resolution_mm: float = 0.0) -> tuple[VertebralLoss, ...]:
    """Heights and losses of every vertebra with a level, C3 to L5, from the head down; empty without any.

    Args:
        bones: fine labels, in any orientation; bodies alone or with arches.
        resolution_mm: of the mask along the spine where that is worse than its voxels.
    """
    return beside_neighbours(body_heights(bones, resolution_mm))


def beside_neighbours(heights: Sequence[BodyHeights]) -> tuple[VertebralLoss, ...]:
    """Heights with their ratios; a neighbour that has lost height is passed over where another is in reach."""
    by_level = {one.level: one for one in heights}
    first = {level: _beside(level, by_level, by_level) for level in by_level}
    upright = {level: one for level, one in by_level.items() if not first[level].grade}
    losses = {level: _beside(level, by_level, upright) for level in by_level}
    chosen = (one if one.reference_levels else first[level] for level, one in losses.items())
    return tuple(_fine_enough(one) for one in chosen)


def _beside(level: str, by_level: Mapping[str, BodyHeights], candidates: Mapping[str, BodyHeights]) -> VertebralLoss:
    own = by_level[level]
    neighbours = [] if own.mean_mm is None else _neighbours(level, candidates)

    def to_reference(height_mm: float | None, heights_mm: Sequence[float | None]) -> float | None:
        return _ratio(height_mm, _between(level, neighbours, heights_mm))

    return VertebralLoss(
        own,
        reference_levels=tuple(one.level for one in neighbours),
        front_to_back=_ratio(own.front_mm, own.back_mm),
        middle_to_back=_ratio(own.middle_mm, own.back_mm),
        front_to_reference=to_reference(own.front_mm, [one.front_mm for one in neighbours]),
        middle_to_reference=to_reference(own.middle_mm, [one.middle_mm for one in neighbours]),
        back_to_reference=to_reference(own.back_mm, [one.back_mm for one in neighbours]),
        mean_to_reference=to_reference(own.mean_mm, [one.mean_mm for one in neighbours]),
    )


def _neighbours(level: str, candidates: Mapping[str, BodyHeights]) -> list[BodyHeights]:
    """The nearest measured one above, then the nearest below."""
    place = LEVELS.index(level)
    sides = (LEVELS[place + 1 : place + 1 + REACH], LEVELS[max(place - REACH, 0) : place][::-1])
    measured = {name for name, one in candidates.items() if one.mean_mm is not None}
    nearest = (next((name for name in side if name in measured), None) for side in sides)
    return [candidates[name] for name in nearest if name is not None]


def _between(level: str, neighbours: Sequence[BodyHeights], heights_mm: Sequence[float | None]) -> float | None:
    """Mean of the neighbours that have this height, or a point between them where one is further off."""
    places = [LEVELS.index(one.level) for one in neighbours]
    known = sorted((place, mm) for place, mm in zip(places, heights_mm, strict=True) if mm is not None)
    if not known:
        return None
    return float(np.interp(LEVELS.index(level), [place for place, _ in known], [mm for _, mm in known]))


def _ratio(height_mm: float | None, over_mm: float | None) -> float | None:
    return height_mm / over_mm if height_mm is not None and over_mm else None


def _fine_enough(loss: VertebralLoss) -> VertebralLoss:
    """The same, or nothing but a note where the voxels are too large for its usual height."""
    own = loss.heights
    if own.mean_mm is None or own.resolution_mm is None:
        return loss
    usual_mm = own.mean_mm / loss.mean_to_reference if loss.mean_to_reference else 0.0
    if own.resolution_mm <= COARSEST * max(own.mean_mm, usual_mm):
        return loss
    return VertebralLoss(BodyHeights(own.level, resolution_mm=own.resolution_mm, note=COARSE_VOXELS))


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)
