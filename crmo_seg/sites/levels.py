"""Levels of vertebrae: counted from where one region of the spine ends and the next begins.

The last cervical vertebra is C7, the first thoracic T1, the last T12, the first lumbar L1, the last above the sacrum
L5. Between two such anchors there are seven, twelve and five. About 6 % of people have eleven thoracic vertebrae and as
many have six lumbar ones (doi:10.1186/s13018-018-0835-9); where another number fits the bone clearly better, where no
discs are seen, or nothing anchors the count, levels stay open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.sites.classes import BoneVoxels, class_value
from crmo_seg.sites.cuts import Cuts, best_cuts, cut_costs
from crmo_seg.sites.spine import SPINE_CLASSES, STEP_MM, CentreLine, bone_profile, fit_centre_line, in_front
from crmo_seg.sites.zones import Zones, find_zones
from crmo_seg.volume import Float64Array

LEVELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "lumbar_vertebra": tuple(f"vertebra_L{n}" for n in range(5, 0, -1)),
        "thoracic_vertebra": tuple(f"vertebra_T{n}" for n in range(12, 0, -1)),
        "cervical_vertebra": tuple(f"vertebra_C{n}" for n in range(7, 0, -1)),
    }
)
"""From below upward."""

RELATIVE_HEIGHTS: Final[Mapping[str, Float64Array]] = MappingProxyType(
    {
        "lumbar_vertebra": np.linspace(1.40, 1.30, 5),
        "thoracic_vertebra": np.linspace(1.20, 0.82, 12),
        "cervical_vertebra": np.array([0.68, 0.67, 0.66, 0.65, 0.64, 0.80, 0.55]),
    }
)
"""Vertebra with disc, from below upward; an assumption, so loosely held (``cuts.STIFFNESS``) that it needs to be right
to about a quarter only."""

MINIMUM_ML: Final = 1.0
"""Less of a region is no region."""
LARGEST_DISC_MM: Final = 20.0
"""Regions of the spine further apart than this are no neighbours."""
LEAST_NEIGHBOUR_MM: Final = 10.0
"""A neighbouring region that shows less may be a mistake of the mask, and anchors nothing."""
LARGEST_DISC: Final = 0.75
"""The same over the height of their vertebrae: in a wider gap a vertebra of a small child may be missing."""
BETTER: Final = 0.6
"""Another number of vertebrae that costs less than this share of the normal one makes levels doubtful."""
MOST_COST: Final = 0.85
"""Per cut: with more the cuts go through bone, and no discs can be seen."""

_BELOW: Final = MappingProxyType(
    {"lumbar_vertebra": "sacrum", "thoracic_vertebra": "lumbar_vertebra", "cervical_vertebra": "thoracic_vertebra"}
)
_ABOVE: Final = MappingProxyType(
    {"lumbar_vertebra": "thoracic_vertebra", "thoracic_vertebra": "cervical_vertebra", "cervical_vertebra": "skull"}
)
_USUAL_MM: Final = 16.0  # a vertebra of relative height 1 in a child of eight
_SCALES: Final = np.geomspace(0.55, 1.7, 12)


@dataclass(frozen=True, eq=False)
class Level:
    """One vertebra that was counted: its name without ``vertebra_``, its ends along the centre line, mm."""

    name: str
    low_mm: float
    high_mm: float


@dataclass(frozen=True, eq=False)
class CountedSpine:
    """Levels by region of the spine, from below upward, the line along which they are counted, and the regions."""

    line: CentreLine
    levels: Mapping[str, tuple[Level, ...]]
    zones: Zones


@dataclass(frozen=True)
class _Stretch:
    """A region of the spine in the picture: its ends along the line, and whether its first and last bone are there.

    Then ``gap_mm`` is the wider one of the discs towards its neighbours.
    """

    name: str
    low_mm: float
    high_mm: float
    has_lowest: bool
    has_highest: bool
    gap_mm: float


def count_vertebrae(voxels: BoneVoxels, voxel_ml: float, blur_mm: float) -> CountedSpine | None:
    """Levels of the vertebrae; None without any.

    Args:
        voxels: all bones, unsided classes.
        voxel_ml: volume of a voxel.
        blur_mm: by which the profile of bone along the spine is smoothed; about a voxel.
    """
    is_spine = voxels.are(SPINE_CLASSES)
    if np.count_nonzero(is_spine) * voxel_ml < MINIMUM_ML:
        return None
    points, values = voxels.points_mm[is_spine], voxels.values[is_spine]
    line = fit_centre_line(points)
    front = in_front(points, line)
    if not front.any():
        return None
    heights = line.heights_of(points[front])
    zones = find_zones(heights, values[front])
    values = zones.of(heights)
    ends = {name: _ends_of(line, voxels, name, voxel_ml) for name in ("sacrum", "skull")}
    ends |= {name: _ends(heights[values == class_value(name)], voxel_ml) for name in SPINE_CLASSES}
    stretches = [_stretch(name, ends, zones) for name in SPINE_CLASSES if ends[name] is not None]
    levels: dict[str, tuple[Level, ...]] = {}
    scale: float | None = None
    for stretch in sorted(stretches, key=lambda one: -(one.has_lowest + one.has_highest)):
        inside = heights[values == class_value(stretch.name)]
        found = _count(stretch, bone_profile(inside, stretch.low_mm, stretch.high_mm, blur_mm), scale)
        if found:
            levels[stretch.name] = found
            scale = scale or _scale_of(stretch, found)
    return CountedSpine(line, levels, zones)


def level_labels(counted: CountedSpine, voxels: BoneVoxels) -> tuple[np.ndarray, np.ndarray]:
    """Which voxels are of a counted vertebra, shape (n,), and their fine labels."""
    labels = np.zeros(len(voxels.values), dtype=np.uint8)
    is_spine = np.flatnonzero(voxels.are(SPINE_CLASSES))
    heights = counted.line.heights_of(voxels.points_mm[is_spine])
    classes = counted.zones.settle(heights, voxels.values[is_spine])
    for name, levels in counted.levels.items():
        here = classes == class_value(name)
        number = np.searchsorted([level.high_mm for level in levels[:-1]], heights[here])
        labels[is_spine[here]] = np.array([bone_named(level.name).label for level in levels], dtype=np.uint8)[number]
    return labels > 0, labels


def _ends(heights: Float64Array, voxel_ml: float) -> tuple[float, float] | None:
    """Lowest and highest end of a region, without specks."""
    if len(heights) * voxel_ml < MINIMUM_ML / 4:  # of the half in front of the line
        return None
    low, high = np.percentile(heights, (0.5, 99.5))
    return float(low) - STEP_MM / 2, float(high) + STEP_MM / 2


def _ends_of(line: CentreLine, voxels: BoneVoxels, name: str, voxel_ml: float) -> tuple[float, float] | None:
    points = voxels.points_mm[voxels.are((name,))]
    return _ends(line.heights_of(points), voxel_ml) if len(points) else None


def _stretch(name: str, ends: Mapping[str, tuple[float, float] | None], zones: Zones) -> _Stretch:
    """A region with its borders halfway to its neighbours; what lies beyond a doubtful border anchors nothing."""
    here = ends[name]
    assert here is not None
    low, high = here
    is_doubtful = dict(zip(SPINE_CLASSES[1:], zones.doubtful, strict=True))  # of the border below a region
    below = None if is_doubtful.get(name) else _anchor(ends, _BELOW[name])
    above = None if is_doubtful.get(_ABOVE[name]) else _anchor(ends, _ABOVE[name])
    has_lowest = below is not None and low - below[1] < LARGEST_DISC_MM and below[0] < low
    has_highest = above is not None and above[0] - high < LARGEST_DISC_MM and above[1] > high
    gaps = [low - below[1] if has_lowest and below else 0.0, above[0] - high if has_highest and above else 0.0]
    if has_lowest and below is not None and _BELOW[name] in SPINE_CLASSES:
        low = (low + below[1]) / 2
    if has_highest and above is not None and _ABOVE[name] in SPINE_CLASSES:
        high = (high + above[0]) / 2
    return _Stretch(name, low, high, has_lowest, has_highest, max(gaps))


def _anchor(ends: Mapping[str, tuple[float, float] | None], name: str) -> tuple[float, float] | None:
    """Ends of a neighbouring region that shows enough to anchor a count."""
    here = ends.get(name)
    return here if here is not None and here[1] - here[0] >= LEAST_NEIGHBOUR_MM else None


def _count(stretch: _Stretch, profile: Float64Array, scale: float | None) -> tuple[Level, ...]:
    """Levels of a region; empty where they cannot be told."""
    names, heights = LEVELS[stretch.name], RELATIVE_HEIGHTS[stretch.name]
    if stretch.has_lowest and stretch.has_highest:
        return _named(stretch, names, _all_of_them(profile, heights))
    if stretch.has_lowest:
        return _named(stretch, names, _some_of_them(profile, heights, scale))
    if stretch.has_highest:
        cuts = _some_of_them(profile[::-1], heights[::-1], scale)
        if cuts is not None:
            turned = Cuts(tuple(len(profile) - place for place in reversed(cuts.places)), cuts.cost)
            return _named(stretch, names[len(names) - len(turned.places) - 1 :], turned)
    return ()


def _all_of_them(profile: Float64Array, heights: Float64Array) -> Cuts | None:
    """Cuts into the normal number; None where one more or one less fits clearly better."""
    normal = _evenly(profile, heights)
    others = (_evenly(profile, np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(heights)), heights))
              for n in (len(heights) - 1, len(heights) + 1))  # fmt: skip
    if (
        normal is None
        or _mean_cost(normal) > MOST_COST
        or any(other and _mean_cost(other) < BETTER * _mean_cost(normal) for other in others)
    ):
        return None
    return normal


def _evenly(profile: Float64Array, heights: Float64Array) -> Cuts | None:
    steps = heights / heights.sum() * len(profile)
    return best_cuts(cut_costs(profile, float(steps.mean())), steps.tolist())


def _some_of_them(profile: Float64Array, heights: Float64Array, scale: float | None) -> Cuts | None:
    """Cuts from the anchored end on, with the best of several scales where none is known."""
    scales = _USUAL_MM * _SCALES if scale is None else np.array([0.9, 1.0, 1.1]) * scale
    tried = [
        best_cuts(cut_costs(profile, float(heights.mean() * one)), (heights * one / STEP_MM).tolist(), free_end=True)
        for one in scales
    ]
    found = [cuts for cuts in tried if cuts is not None and cuts.places]
    best = min(found, key=_mean_cost, default=None)
    return best if best is not None and _mean_cost(best) <= MOST_COST else None


def _mean_cost(cuts: Cuts) -> float:
    return cuts.cost / max(len(cuts.places), 1)


def _named(stretch: _Stretch, names: tuple[str, ...], cuts: Cuts | None) -> tuple[Level, ...]:
    if cuts is None:
        return ()
    borders = [stretch.low_mm, *(stretch.low_mm + place * STEP_MM for place in cuts.places), stretch.high_mm]
    if stretch.gap_mm > LARGEST_DISC * float(np.median(np.diff(borders))):
        return ()
    return tuple(Level(name, low, high) for name, low, high in zip(names, borders[:-1], borders[1:], strict=False))


def _scale_of(stretch: _Stretch, levels: tuple[Level, ...]) -> float | None:
    """Height of a vertebra of relative height 1, mm; the incomplete one at a free end does not count."""
    relative = dict(zip(LEVELS[stretch.name], RELATIVE_HEIGHTS[stretch.name], strict=True))
    whole = levels[0 if stretch.has_lowest else 1 : None if stretch.has_highest else -1]
    return float(np.median([(one.high_mm - one.low_mm) / relative[one.name] for one in whole])) if whole else None
