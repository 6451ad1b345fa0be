"""Amounts of artefacts drawn for one study, and where on the body they lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from crmo_seg.phantom.scan.protocol import Artefacts, BoxMm, MetalVoid, Point, SuppressionFailure
from crmo_seg.phantom.scan.settings import ArtefactSettings
from crmo_seg.phantom.solids.shapes import Bounds

UNEVEN_REGIONS: Final = (
    "neck", "shoulder_left", "shoulder_right", "foot_left", "foot_right", "hand_left", "hand_right",
)  # fmt: skip
"""Where the body's shape bends the field, so that fat suppression fails."""
BREATHING_REGION: Final = "chest"
BRACES_REGION: Final = "jaw"
LARGEST_SHIFT_VOXELS: Final = 3
COARSEST_ACQUIRED_MM: Final = 2.2
"""Images are not interpolated from larger voxels."""
SMALLEST_INTERPOLATION: Final = 1.05


def draw_artefacts(
    settings: ArtefactSettings,
    region_bounds: Mapping[str, Bounds],
    field: BoxMm,
    in_plane_mm: float,
    rng: np.random.Generator,
) -> Artefacts:
    """Artefacts of a study with this field of view; those of regions that are missing do not come."""
    strong = settings.strong_noise.draw(rng)
    shift = round(settings.seam_shift_mm.draw(rng) / in_plane_mm)
    interpolation = min(settings.interpolation.draw(rng), COARSEST_ACQUIRED_MM / in_plane_mm)
    interpolated = interpolation >= SMALLEST_INTERPOLATION
    return Artefacts(
        noise=settings.noise.draw(rng) if strong == 0 else strong,
        noise_unevenness=settings.noise_unevenness.draw(rng),
        bias=settings.bias.draw(rng),
        seam_step=settings.seam_step.draw(rng),
        seam_shift_voxels=min(shift, LARGEST_SHIFT_VOXELS),
        seam_blend=bool(rng.random() < settings.seam_blend),
        cross_talk=settings.cross_talk.draw(rng),
        suppression_failures=_draw_failures(settings, region_bounds, rng),
        end_failure=settings.end_failure.draw(rng),
        edge_failure=settings.edge_failure.draw(rng),
        ghosting=settings.ghosting.draw(rng),
        ghost_box=_ghost_box(region_bounds, field),
        motion_voxels=settings.motion_voxels.draw(rng),
        interpolation=interpolation if interpolated else 1.0,
        gibbs=bool(rng.random() < settings.gibbs) and interpolated,
        wrap_mm=settings.wrap_mm.draw(rng),
        metal=_draw_metal(settings, region_bounds, rng),
    )


def _draw_failures(
    settings: ArtefactSettings, region_bounds: Mapping[str, Bounds], rng: np.random.Generator
) -> tuple[SuppressionFailure, ...]:
    places = [region_bounds[name] for name in UNEVEN_REGIONS if name in region_bounds]
    strengths = [settings.suppression_failure.draw(rng)] + [float(rng.uniform(0.2, 1.0)) for _ in range(2)]
    count = min(int(rng.integers(1, 4)), len(places)) if strengths[0] > 0 else 0
    chosen = rng.permutation(len(places))[:count].tolist()
    return tuple(_failure(places[index], strengths[rank], rng) for rank, index in enumerate(chosen))


def _failure(bounds: Bounds, strength: float, rng: np.random.Generator) -> SuppressionFailure:
    half = np.maximum((bounds[1] - bounds[0]) / 2, 25.0)
    centre = (bounds[0] + bounds[1]) / 2 + rng.uniform(-0.6, 0.6, 3) * half
    return SuppressionFailure(_point(centre), _point(half * rng.uniform(0.6, 1.2)), strength)


def _draw_metal(
    settings: ArtefactSettings, region_bounds: Mapping[str, Bounds], rng: np.random.Generator
) -> MetalVoid | None:
    radius = settings.metal_radius_mm.draw(rng)
    if radius == 0 or BRACES_REGION not in region_bounds:
        return None
    low, high = region_bounds[BRACES_REGION]
    front = (low + high) / 2
    front[1] = high[1] - radius / 2
    return MetalVoid(_point(front), radius)


def _ghost_box(region_bounds: Mapping[str, Bounds], field: BoxMm) -> BoxMm:
    """The chest; where the field does not show it, vessels in the middle of the field."""
    low, high = np.array(field)
    chest = region_bounds.get(BREATHING_REGION)
    if chest is not None and (chest[0] < high).all() and (chest[1] > low).all():
        return _point(chest[0]), _point(chest[1])
    return _point(low + (high - low) / 3), _point(high - (high - low) / 3)


def _point(values: np.ndarray) -> Point:
    x, y, z = values.tolist()
    return x, y, z
