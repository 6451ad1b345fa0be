"""A protocol drawn for one body: which view, how large a field, how many stations, which artefacts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.draw_artefacts import draw_artefacts
from crmo_seg.phantom.scan.framing import Slices, draw_slices, fitted, region_field, spine_field, whole_body_field
from crmo_seg.phantom.scan.protocol import Artefacts, BoxMm, Point, Profile, Protocol, View
from crmo_seg.phantom.scan.settings import ScanSettings
from crmo_seg.phantom.solids.shapes import Bounds

VIEWS: Final[tuple[View, ...]] = ("coronal_whole_body", "sagittal_spine", "region")
PROFILES: Final[tuple[Profile, ...]] = ("gaussian", "trapezoid")
PLANES: Final = (1, 0, 2)
"""Of single regions: coronal, sagittal, axial, and how often."""
PLANE_SHARES: Final = (0.6, 0.25, 0.15)
PHASE_ACROSS: Final = 0.8
"""Share of whole bodies with phase encoding from left to right; else head to feet."""
SPINE: Final = "spine"
TRUNK: Final = "trunk"
SPINE_STATION_MM: Final = 330.0
"""A longer spine takes two stations."""
STRONGER_BIAS_AT_3T: Final = 1.4


@dataclass(frozen=True)
class _Look:
    """What is looked at, and how."""

    view: View
    region: str | None
    slice_axis: int
    phase_axis: int


def draw_protocol(
    settings: ScanSettings, body_bounds: Bounds, region_bounds: Mapping[str, Bounds], rng: np.random.Generator
) -> Protocol:
    """One acquisition of a body.

    Args:
        settings: ranges and shares.
        body_bounds: lowest and highest corner of the body with its limbs, mm RAS+.
        region_bounds: the same of parts of it: ``spine``, those in ``settings.regions``, ``trunk`` (what the field
            never leaves out), and for artefacts ``neck, shoulder_left, shoulder_right, foot_left, foot_right,
            hand_left, hand_right, chest, jaw``. Artefacts of missing parts do not come.
        rng: three numbers are taken, whatever is drawn.

    Raises:
        InputError: where the bounds of what is to be scanned are missing.
    """
    look_rng, shape_rng, artefact_rng = (np.random.default_rng(seed) for seed in rng.integers(2**63, size=3).tolist())
    look = _draw_look(settings, region_bounds, look_rng)
    narrowing = settings.artefacts.arms_outside.draw(artefact_rng) if look.view == VIEWS[0] else 0.0
    slices = draw_slices(settings, look.view, look.slice_axis, shape_rng)
    wanted = _field(settings, look, body_bounds, region_bounds, narrowing, shape_rng)
    slices, field = fitted(settings, wanted, slices, shape_rng)
    artefacts = draw_artefacts(settings.artefacts, region_bounds, field, slices.in_plane_mm, artefact_rng)
    outside = bool(field[0][0] > body_bounds[0][0] or field[1][0] < body_bounds[1][0])
    artefacts = replace(artefacts, arms_outside=narrowing > 0 and outside)
    return _protocol(settings, look, slices, field, artefacts, shape_rng)


def _protocol(
    settings: ScanSettings,
    look: _Look,
    slices: Slices,
    field: BoxMm,
    artefacts: Artefacts,
    rng: np.random.Generator,
) -> Protocol:
    three_tesla = bool(rng.random() < settings.three_tesla)
    folds = artefacts.arms_outside and look.phase_axis == 0
    bias = artefacts.bias * (STRONGER_BIAS_AT_3T if three_tesla else 1)
    overlap = float(rng.uniform(*settings.overlap))
    return Protocol(
        view=look.view,
        slice_axis=look.slice_axis,
        phase_axis=look.phase_axis,
        in_plane_mm=slices.in_plane_mm,
        slice_pitch_mm=slices.pitch_mm,
        slice_thickness_mm=slices.thickness_mm,
        field_of_view=field,
        sub_slices=slices.sub_slices,
        profile=PROFILES[int(rng.integers(2))],
        stations=_draw_stations(settings, look.view, field[1][2] - field[0][2], overlap, rng),
        overlap=overlap,
        field_strength_t=3.0 if three_tesla else 1.5,
        tilt_deg=_draw_tilt(settings, look, rng),
        muscle_signal=float(np.exp(rng.uniform(*np.log(settings.muscle_signal)))),
        artefacts=replace(artefacts, bias=bias, wrap_mm=artefacts.wrap_mm if folds else 0.0),
        region=look.region,
    )


def _draw_look(settings: ScanSettings, region_bounds: Mapping[str, Bounds], rng: np.random.Generator) -> _Look:
    shares = np.array(settings.view_shares)
    view = VIEWS[int(rng.choice(len(VIEWS), p=shares / shares.sum()))]
    if view == "coronal_whole_body":
        return _Look(view, None, 1, 0 if rng.random() < PHASE_ACROSS else 2)
    names = (SPINE,) if view == "sagittal_spine" else settings.regions
    known = [name for name in names if name in region_bounds]
    if not known:
        raise InputError("region bounds", f"hold none of {', '.join(names)}", f"give one, or no share to {view}")
    if view == "sagittal_spine":
        return _Look(view, SPINE, 0, 2 if rng.random() < 0.6 else 1)
    plane = int(rng.choice(PLANES, p=PLANE_SHARES))
    across = [axis for axis in range(3) if axis != plane]
    return _Look(view, known[int(rng.integers(len(known)))], plane, across[int(rng.integers(2))])


def _field(
    settings: ScanSettings,
    look: _Look,
    body: Bounds,
    region_bounds: Mapping[str, Bounds],
    narrowing: float,
    rng: np.random.Generator,
) -> Bounds:
    if look.region is None:
        return whole_body_field(settings, body, region_bounds.get(TRUNK, body), narrowing, rng)
    bounds = region_bounds[look.region]
    return spine_field(body, bounds, rng) if look.view == "sagittal_spine" else region_field(bounds, rng)


def _draw_stations(
    settings: ScanSettings, view: View, length_mm: float, overlap: float, rng: np.random.Generator
) -> int:
    station_mm = float(rng.uniform(*settings.station_mm))
    if view == "coronal_whole_body":
        needed = math.ceil((length_mm / station_mm - overlap) / (1 - overlap))
        return min(max(needed, settings.stations[0]), settings.stations[1])
    return 2 if view == "sagittal_spine" and length_mm > SPINE_STATION_MM else 1


def _draw_tilt(settings: ScanSettings, look: _Look, rng: np.random.Generator) -> Point:
    """Around the two axes in the slices; whole bodies are seldom tilted."""
    share = settings.oblique * (0.2 if look.view == "coronal_whole_body" else 1)
    comes, amount, direction = rng.random(), float(rng.uniform(*settings.tilt_deg)), float(rng.uniform(0, 2 * np.pi))
    if comes >= share:
        return 0.0, 0.0, 0.0
    parts = iter((amount * math.cos(direction), amount * math.sin(direction)))
    x, y, z = (0.0 if axis == look.slice_axis else next(parts) for axis in range(3))
    return x, y, z
