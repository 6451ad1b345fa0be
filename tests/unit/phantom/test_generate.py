"""Whole patients on tiny grids: anatomy, lesions and chance."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from crmo_seg.anatomy import BONES_TABLE, Side, bone_named
from crmo_seg.phantom.draw.canvas import Canvas
from crmo_seg.phantom.edema.fates import Fate
from crmo_seg.phantom.generate import PhantomStudy, make_studies, scan_visit
from crmo_seg.phantom.scan.settings import NO_ARTEFACTS
from crmo_seg.phantom.settings import PhantomSettings, as_tiny, read_preset
from crmo_seg.phantom.visit import plan_visits, visit_protocol

SETTINGS = as_tiny(read_preset("whole_body"))
ILL = replace(SETTINGS, edema=replace(SETTINGS.edema, lesion_free=0.0))
CLEAN = replace(
    ILL,
    scan=replace(
        ILL.scan, artefacts=NO_ARTEFACTS, in_plane_mm=(2.0, 2.0), slice_thickness_mm=(4.0, 4.0), most_slices=(80, 80)
    ),
)


@pytest.fixture(scope="module")
def studies() -> list[PhantomStudy]:
    return [next(make_studies(ILL, 11, index)) for index in range(5)]


@pytest.fixture(scope="module")
def clean() -> PhantomStudy:
    """A child with several large lesions, without noise and artefacts, on a finer grid."""
    plans = (plan_visits(CLEAN, 3, index)[0] for index in range(50))
    return scan_visit(CLEAN, next(plan for plan in plans if sum(le.planned_ml > 2 for le in plan.lesions) >= 3))


def test_every_lesion_voxel_lies_in_its_own_bone(studies: list[PhantomStudy]) -> None:
    for study in studies:
        scan = study.scan
        assert (scan.bones.array[scan.edema.array] > 0).all()
        for lesion in study.lesions:
            labels = scan.bones.array[scan.lesions.array == lesion.number]
            assert set(np.unique(labels)) == {lesion.plan.bone.label}


def test_numbers_and_volumes_of_lesions_are_those_of_the_mask(studies: list[PhantomStudy]) -> None:
    for study in studies:
        scan = study.scan
        assert np.array_equal(scan.lesions.array > 0, scan.edema.array)
        total = scan.edema.array.sum() * scan.edema.geometry.voxel_volume_ml
        assert sum(lesion.volume_ml for lesion in study.lesions) == pytest.approx(total)


def test_a_lesion_is_as_large_as_planned(clean: PhantomStudy) -> None:
    """Voxels of 16 mm³: large lesions only."""
    large = [lesion for lesion in clean.lesions if lesion.plan.planned_ml > 1]
    assert len(large) >= 3
    ratios = [lesion.volume_ml / lesion.plan.planned_ml for lesion in large]
    assert np.median(ratios) == pytest.approx(0.95, abs=0.1)
    assert min(ratios) > 0.6


def test_contrast_is_as_drawn(clean: PhantomStudy) -> None:
    """The middle of a large lesion over muscle, in an image without coil, noise or partial volume."""
    scan, muscle = clean.scan, clean.scan.protocol.muscle_signal
    large = [lesion for lesion in clean.lesions if lesion.plan.planned_ml > 2 and not lesion.plan.nodular]
    assert large
    for lesion in large:
        signal = scan.images["stir"].array[scan.lesions.array == lesion.number] / muscle
        assert np.percentile(signal, 80) == pytest.approx(lesion.plan.signal_ratio, rel=0.2)


def test_left_is_left(studies: list[PhantomStudy]) -> None:
    """x grows to the patient's right; hands may lie across the belly."""
    for study in studies:
        bones = study.scan.bones
        for bone in BONES_TABLE:
            if bone.side is None or bone.group in ("hand", "arm") or not bone.complete:
                continue
            voxels = np.argwhere(bones.array == bone.label)
            if len(voxels):
                x = bones.geometry.to_world_mm(voxels)[:, 0].mean()
                assert (x > 0) == (bone.side is Side.RIGHT), bone.full_name


def test_every_bone_of_the_table_is_there(clean: PhantomStudy) -> None:
    """Of an older child, at 2 mm; a wide arm may lie outside the field."""
    older = replace(CLEAN, age_years=(12.0, 12.0))
    scan = next(make_studies(older, 5, 1)).scan
    present = set(np.unique(scan.bones.array))
    missing = [bone.full_name for bone in BONES_TABLE if bone.complete and bone.label not in present]
    assert missing == []


def test_nothing_lies_outside_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Canvas] = []
    from crmo_seg.phantom import generate

    original = generate.draw_subject
    monkeypatch.setattr(generate, "draw_subject", lambda *given: kept.append(original(*given)) or kept[-1])
    next(make_studies(ILL, 11, 1))
    canvas = kept[0]
    assert not canvas.bones[~canvas.body].any()
    assert not canvas.edema[~canvas.body].any()
    assert not canvas.findings[~canvas.body].any()


def test_the_same_seed_gives_the_same_voxels() -> None:
    first, second = (next(make_studies(SETTINGS, 7, 2)) for _ in range(2))
    assert np.array_equal(first.scan.images["stir"].array, second.scan.images["stir"].array)
    assert np.array_equal(first.scan.bones.array, second.scan.bones.array)
    other = next(make_studies(SETTINGS, 8, 2))
    assert first.scan.images["stir"].array.shape != other.scan.images["stir"].array.shape


def test_a_patient_does_not_depend_on_the_sequences_beside() -> None:
    both = replace(SETTINGS, sequences=("stir", "t1"))
    alone, beside = next(make_studies(SETTINGS, 7, 2)), next(make_studies(both, 7, 2))
    assert np.array_equal(alone.scan.images["stir"].array, beside.scan.images["stir"].array)
    assert np.array_equal(alone.scan.edema.array, beside.scan.edema.array)


def test_the_body_does_not_depend_on_the_lesions() -> None:
    free = replace(SETTINGS, edema=replace(SETTINGS.edema, lesion_free=1.0))
    first, second = plan_visits(ILL, 9, 0)[0], plan_visits(free, 9, 0)[0]
    assert first.lesions
    assert not second.lesions
    assert first.marks.child == second.marks.child
    assert visit_protocol(ILL, first) == visit_protocol(free, second)


@pytest.fixture(scope="module")
def visits() -> list[tuple[object, ...]]:
    return [plan_visits(ILL, 21, index, visits=3) for index in range(6)]


def test_a_child_grows_from_visit_to_visit(visits: list) -> None:  # type: ignore[type-arg]
    for patient in visits:
        heights = [plan.marks.child.height_mm for plan in patient]
        assert heights == sorted(heights)
        assert len({plan.person.variation_seed for plan in patient}) == 1
        assert [plan.visit for plan in patient] == sorted(plan.visit for plan in patient)
        assert [plan.case_id[-3:] for plan in patient] == ["-v1", "-v2", "-v3"]
        assert patient[0].marks.child.pose != patient[1].marks.child.pose


def test_fates_name_every_lesion_of_two_visits(visits: list) -> None:  # type: ignore[type-arg]
    for patient in visits:
        assert patient[0].fates == {}
        for before, after in pairwise(patient):
            earlier = {lesion.lesion_key for lesion in before.lesions}
            now = {lesion.lesion_key for lesion in after.lesions}
            assert set(after.fates) == earlier | now
            assert {key for key, fate in after.fates.items() if fate is Fate.NEW} == now - earlier
            assert {key for key, fate in after.fates.items() if fate is Fate.RESOLVED} == earlier - now


def test_the_oldest_child_has_its_last_visit_within_the_range() -> None:
    oldest = replace(SETTINGS, age_years=(17.0, 17.0))
    assert plan_visits(oldest, 0, 0, visits=3)[-1].marks.child.age_years == pytest.approx(17)


@pytest.mark.parametrize("preset", ["spine", "region"])
def test_other_views_have_bones_and_truth(preset: str) -> None:
    settings = read_preset(preset)
    settings = replace(settings, scan=replace(settings.scan, in_plane_mm=(2.0, 2.0), fine_voxels=1e6))
    study = next(make_studies(settings, 2, 0))
    assert np.unique(study.scan.bones.array).size > 2
    assert study.scan.images["stir"].array.max() > 0
    axis = study.scan.protocol.slice_axis
    spacing = study.scan.images["stir"].geometry.spacing_mm
    assert int(np.argmax(spacing)) == axis
    if preset == "spine":
        labels = {bone_named(name).label for name in ("vertebra_T5", "vertebra_L3", "sacrum")}
        assert labels <= set(np.unique(study.scan.bones.array))


def test_a_given_protocol_is_kept() -> None:
    plan = plan_visits(SETTINGS, 1, 1)[0]
    protocol = replace(visit_protocol(SETTINGS, plan), slice_pitch_mm=10.0, slice_thickness_mm=9.0)
    assert scan_visit(SETTINGS, plan, protocol).scan.protocol == protocol


def test_settings_are_data() -> None:
    assert PhantomSettings() == replace(PhantomSettings())
