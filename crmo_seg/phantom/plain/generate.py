"""One synthetic patient from a preset, a seed and an index.

Everything random comes from ``numpy.random.SeedSequence(seed, spawn_key=(index,))``, one stream for each of body,
lesions, tissue and scanner: a patient does not depend on how many others are made, nor the body on the lesions.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from crmo_seg.phantom.body.child import draw_child
from crmo_seg.phantom.body.landmarks import Landmarks, find_landmarks
from crmo_seg.phantom.body.organs import joint_fluid, soft_organs
from crmo_seg.phantom.body.outline import outline
from crmo_seg.phantom.body.skeleton import build_skeleton
from crmo_seg.phantom.body.solid_bone import SolidBone
from crmo_seg.phantom.plain.canvas import Canvas, empty_canvas, paint_bone, paint_flesh, paint_organs
from crmo_seg.phantom.plain.edema import PlannedLesion, plan_lesions
from crmo_seg.phantom.plain.presets import Preset
from crmo_seg.phantom.plain.signal import apply_scanner, draw_tissue_signal
from crmo_seg.phantom.solids.grid import bounds_of, grid_around
from crmo_seg.volume import Volume


@dataclass(frozen=True, eq=False)
class PatientPlan:
    """A patient before any voxel: cheap, for statistics.

    Attributes:
        case_id: for example ``phantom-0003``.
        patient_id: for example ``P0003``.
        marks: joints and sizes of the child.
        skeleton: its bones.
        lesions: where edema shall be.
    """

    case_id: str
    patient_id: str
    marks: Landmarks
    skeleton: tuple[SolidBone, ...]
    lesions: tuple[PlannedLesion, ...]


@dataclass(frozen=True, eq=False)
class TrueLesion:
    """A lesion as drawn: the plan, and the marrow that its voxels cover."""

    plan: PlannedLesion
    volume_ml: float


@dataclass(frozen=True, eq=False)
class PhantomStudy:
    """A study with its truth; all volumes on one RAS+ grid with coronal slices.

    Attributes:
        case_id: for example ``phantom-0003``.
        patient_id: for example ``P0003``.
        age_years: of the child.
        image: STIR, float32.
        edema: bool.
        bones: fine labels of ``anatomy.BONES_TABLE``, uint8.
        lesions: those that were large enough to be drawn.
    """

    case_id: str
    patient_id: str
    age_years: float
    image: Volume
    edema: Volume
    bones: Volume
    lesions: tuple[TrueLesion, ...]


def plan_patient(preset: Preset, seed: int, index: int) -> PatientPlan:
    """Body and lesions of a patient, without voxels."""
    body, edema, _, _ = _streams(seed, index)
    marks = find_landmarks(draw_child(body, age_years=preset.age_years))
    skeleton = build_skeleton(marks)
    lesions = plan_lesions(skeleton, edema, volume_ml=preset.lesion_ml, lesion_free=preset.lesion_free)
    return PatientPlan(f"phantom-{index:04d}", f"P{index:04d}", marks, skeleton, lesions)


def make_patient(preset: Preset, seed: int, index: int) -> PhantomStudy:
    """A patient's study; the same arguments give the same voxels."""
    plan = plan_patient(preset, seed, index)
    _, _, tissue, scanner = _streams(seed, index)
    canvas, lesions = _draw(plan, preset, tissue)
    image = apply_scanner(canvas.signal, canvas.grid, scanner)
    geometry = canvas.grid.geometry
    return PhantomStudy(
        case_id=plan.case_id,
        patient_id=plan.patient_id,
        age_years=plan.marks.child.age_years,
        image=Volume(image, geometry),
        edema=Volume(canvas.edema, geometry),
        bones=Volume(canvas.bones, geometry),
        lesions=lesions,
    )


def _streams(seed: int, index: int) -> tuple[np.random.Generator, ...]:
    sequence = np.random.SeedSequence(seed, spawn_key=(index,))
    return tuple(np.random.default_rng(child) for child in sequence.spawn(4))


def _draw(plan: PatientPlan, preset: Preset, rng: np.random.Generator) -> tuple[Canvas, tuple[TrueLesion, ...]]:
    flesh = outline(plan.marks, plan.skeleton)
    grid = grid_around(bounds_of([part.shape for part in flesh]), preset.spacing_mm, preset.air_mm)
    canvas, tissue = empty_canvas(grid), draw_tissue_signal(rng)
    paint_flesh(canvas, flesh, tissue)
    paint_organs(canvas, (*soft_organs(plan.marks, rng), *joint_fluid(plan.marks, rng)), tissue)
    by_bone: dict[str, list[PlannedLesion]] = defaultdict(list)
    for lesion in plan.lesions:
        by_bone[lesion.bone.full_name].append(lesion)
    drawn: list[TrueLesion] = []
    openness = plan.marks.child.physis_openness
    for bone in plan.skeleton:
        planned = by_bone[bone.full_name]
        volumes = paint_bone(canvas, bone, planned, tissue, physis_openness=openness)
        drawn += [TrueLesion(lesion, ml) for lesion, ml in zip(planned, volumes, strict=True) if ml > 0]
    return canvas, tuple(drawn)
