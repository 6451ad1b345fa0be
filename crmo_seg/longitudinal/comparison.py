"""Two visits compared: aligned, matched, classified."""

from __future__ import annotations

from dataclasses import dataclass

from crmo_seg.errors import InputError
from crmo_seg.lesions import LesionMap
from crmo_seg.longitudinal.align import Alignment, align_visits, already_aligned
from crmo_seg.longitudinal.carry import carry_lesions, labels_of_lesions
from crmo_seg.longitudinal.change import LesionChange, classify_changes
from crmo_seg.longitudinal.match import match_lesions
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.volume import Volume


@dataclass(frozen=True, eq=False)
class VisitMasks:
    """What a comparison looks at of one visit.

    Attributes:
        lesion_map: lesions and their ids.
        bones: fine labels on the same grid; None where there are none.
    """

    lesion_map: LesionMap
    bones: Volume | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """What became of the lesions of two visits, and how well the visits could be brought together."""

    alignment: Alignment
    changes: tuple[LesionChange, ...]


def compare_visits(before: VisitMasks, now: VisitMasks, settings: CompareSettings = DEFAULT_SETTINGS) -> Comparison:
    """Align two visits, match their lesions and tell what changed.

    Raises:
        InputError: where nothing can align them: no bones at one of the visits and two grids, or no bone in both.
    """
    alignment = _alignment(before, now, settings)
    base = settings.base_tolerance_mm
    first = carry_lesions(before.lesion_map, alignment, base, back=False)
    second = carry_lesions(now.lesion_map, alignment, base, back=True)
    groups = match_lesions(first, second, settings)
    return Comparison(alignment, classify_changes(first, second, groups, alignment.scale**3, settings))


def _alignment(before: VisitMasks, now: VisitMasks, settings: CompareSettings) -> Alignment:
    if before.bones is not None and now.bones is not None:
        labels = labels_of_lesions(before.lesion_map, before.bones) | labels_of_lesions(now.lesion_map, now.bones)
        return align_visits(before.bones, now.bones, labels, settings)
    grid = before.lesion_map.labels.geometry
    if not grid.same_grid(now.lesion_map.labels.geometry):
        remedy = "predict both with a model that marks bones, or bring both to one grid by a registration of your own"
        raise InputError("the visits", "have no marks of bones to be aligned by, and lie on two grids", remedy)
    return already_aligned(grid)
