"""How well are vertebral heights measured? Bodies of the phantom, some of them lowered, against what was drawn.

python benchmarks/vertebral_height.py [--children 12] [--seed 7]

Spines are drawn as masks, by their voxels' centres, on three grids. In each, two levels between T4 and L4 are lowered
by a known share: one as a whole, one in front. No image is made and no network runs: this is the error of the
measurement, not of a mask.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, NamedTuple

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.axial import BODY_SHARE, spine
from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.solids.grid import Grid, bounds_of, grid_around, rasterise
from crmo_seg.phantom.solids.shapes import Drum
from crmo_seg.sites.vertebral_loss import VertebralLoss, measure_vertebrae
from crmo_seg.volume import Volume

GRIDS: Final = {
    "coronal, 1.25 mm, slices 6 mm": (1.25, 6.0, 1.25),
    "sagittal, 1 mm, slices 4 mm": (4.0, 1.0, 1.0),
    "1.5 mm": (1.5, 1.5, 1.5),
}
LOWERABLE: Final = (*(f"L{n}" for n in range(4, 0, -1)), *(f"T{n}" for n in range(12, 3, -1)))
LOSSES: Final = (0.15, 0.30, 0.45)


class Lowered(NamedTuple):
    """A level, the share of its height that it loses, and whether in front only."""

    level: str
    share: float
    wedge: bool


@dataclass(frozen=True)
class Measured:
    """A level as drawn and as measured."""

    found: VertebralLoss
    true_mm: float
    lowered: Lowered | None


def draw_spine(marks: Landmarks, spacing_mm: tuple[float, float, float], lowered: Sequence[Lowered]) -> Volume:
    """Fine labels of C1 to L5, arches included."""
    bones = spine(marks)
    grid = grid_around(bounds_of([shape for bone in bones for shape in bone.shapes]), spacing_mm, 8.0)
    labels = np.zeros(grid.geometry.shape, dtype=np.uint8)
    by_level = {one.level: one for one in lowered}
    for bone in bones:
        _draw(labels, grid, bone, by_level.get(bone.full_name.removeprefix("vertebra_")))
    return Volume(labels, grid.geometry)


def _draw(labels: np.ndarray, grid: Grid, bone: SolidBone, lowered: Lowered | None) -> None:
    body, *arch = bone.shapes
    if lowered is not None and isinstance(body, Drum) and not lowered.wedge:
        body = replace(body, half_height=body.half_height * (1 - lowered.share))
    patch = rasterise(grid, (body, *arch), blend_mm=bone.blend_mm)
    inside = patch.distance_mm <= 0
    if lowered is not None and isinstance(body, Drum) and lowered.wedge:
        inside &= ~_cut_off(body, grid, patch.box, lowered.share)
    labels[patch.box][inside] = bone_named(bone.full_name).label


def _cut_off(body: Drum, grid: Grid, box: tuple[slice, slice, slice], share: float) -> np.ndarray:
    """Voxels above a plane from the upper end of the back wall, down to the front wall lowered by the share."""
    indices = np.moveaxis(np.indices([part.stop - part.start for part in box]), 0, -1)
    points = grid.geometry.to_world_mm(indices + [part.start for part in box])
    axes = np.eye(3) if body.axes is None else body.axes
    _, ahead, up = np.moveaxis((points - body.centre) @ axes.T, -1, 0)
    depth = float(body.radii[1])
    roof = body.half_height * (1 - 2 * share * (ahead + depth) / (2 * depth))
    above: np.ndarray = (up > roof) & (ahead > -depth)
    return above


def measure_children(count: int, seed: int, spacing_mm: tuple[float, float, float]) -> Iterator[Measured]:
    """Every level of some children, two of them lowered in each."""
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        marks = find_landmarks(draw_child(rng, age_years=(4.0, 16.0)))
        levels = rng.choice(len(LOWERABLE) // 3, 2, replace=False) * 3 + rng.integers(0, 3)  # never side by side
        lowered = [
            Lowered(LOWERABLE[i], float(rng.choice(LOSSES)), wedge)
            for i, wedge in zip(levels, (False, True), strict=True)
        ]
        by_level = {one.level: one for one in lowered}
        for found in measure_vertebrae(draw_spine(marks, spacing_mm, lowered)):
            level = found.heights.level
            yield Measured(found, marks.vertebrae[level].pitch_mm * BODY_SHARE, by_level.get(level))


def lines_of(name: str, measured: Sequence[Measured]) -> Iterator[str]:
    """What is printed of one grid."""
    whole = [one for one in measured if one.lowered is None]
    heights = [one.found.heights for one in measured]
    with_mean, with_front = (sum(getattr(one, mm) is not None for one in heights) for mm in ("mean_mm", "front_mm"))
    yield f"{name}: {len(measured)} vertebrae, {with_mean} measured, {with_front} of them in front and at the back"
    for part in ("mean", "middle", "front", "back"):
        pairs = [(getattr(one.found.heights, f"{part}_mm"), one.true_mm) for one in whole]
        errors = np.abs([found - true for found, true in pairs if found is not None])
        if len(errors):
            yield f"  {part:7} of {len(errors):3} not lowered: error {_spread(errors)} mm"
    graded = [one for one in whole if one.found.grade is not None]
    yield f"  not lowered: {sum(bool(one.found.grade) for one in graded)} of {len(graded)} with a grade have 1 or more"
    for share, wedge in product(LOSSES, (False, True)):
        here = [one.found for one in measured if one.lowered and one.lowered[1:] == (share, wedge)]
        losses = np.array([100 * one.largest_loss for one in here if one.largest_loss is not None])
        if len(losses):
            how = "in front" if wedge else "whole"
            yield f"  lowered by {share:.0%}, {how}: largest loss {_spread(losses)} %, grades {_grades(here)}"


def _spread(values: np.ndarray) -> str:
    return f"median {np.median(values):.1f}, 95th percentile {np.percentile(values, 95):.1f}, most {values.max():.1f}"


def _grades(found: Sequence[VertebralLoss]) -> str:
    return " ".join("-" if one.grade is None else str(one.grade) for one in found)


def main() -> None:
    """Print a block for each grid."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--children", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for name, spacing_mm in GRIDS.items():
        print("\n".join(lines_of(name, list(measure_children(given.children, given.seed, spacing_mm)))), flush=True)


if __name__ == "__main__":
    main()
