from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.anatomy import BONES_TABLE, Side, bone_of_label
from crmo_seg.lesions import find_lesions
from crmo_seg.phantom.plain.generate import PhantomStudy, make_patient
from crmo_seg.phantom.plain.presets import PLAIN, PLAIN_TINY
from crmo_seg.phantom.plain.signal import NOISE_SIGMA
from crmo_seg.volume import Array

SEED = 0
INDICES = range(4)


@pytest.fixture(scope="module")
def studies() -> list[PhantomStudy]:
    return [make_patient(PLAIN_TINY, SEED, index) for index in INDICES]


@pytest.fixture(scope="module")
def full() -> PhantomStudy:
    ill_child_of_twelve = replace(PLAIN, age_years=(12.0, 12.0), lesion_free=0.0)
    return make_patient(ill_child_of_twelve, SEED, 1)


def bytes_of(study: PhantomStudy) -> str:
    arrays = (study.image.array, study.edema.array, study.bones.array)
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def centre_x(study: PhantomStudy, mask: Array) -> float:
    return float(study.bones.geometry.to_world_mm(np.argwhere(mask))[:, 0].mean())


def test_the_full_grid_holds_every_complete_bone(full: PhantomStudy) -> None:
    missing = {bone.label for bone in BONES_TABLE if bone.complete} - set(np.unique(full.bones.array).tolist())
    assert {bone_of_label(label).full_name for label in missing} == set()


def test_the_full_grid_is_as_long_as_the_child(full: PhantomStudy) -> None:
    extent = np.array(full.image.geometry.shape) * full.image.geometry.spacing_mm
    assert full.image.geometry.spacing_mm == (1.25, 6.0, 1.25)
    assert full.image.geometry.orientation == "RAS"
    assert 1350 < extent[2] < 1850
    assert 350 < extent[0] < 560
    assert 180 < extent[1] < 280


@pytest.mark.parametrize("which", ["full", "tiny"])
def test_left_is_left(which: str, full: PhantomStudy, studies: list[PhantomStudy]) -> None:
    study = full if which == "full" else studies[0]
    for bone in BONES_TABLE:
        mask = study.bones.array == bone.label
        if bone.side is not None and mask.any():
            assert np.sign(centre_x(study, mask)) == (1 if bone.side is Side.RIGHT else -1), bone.full_name


def test_heads_are_above_feet(full: PhantomStudy) -> None:
    def height(name: str) -> float:
        label = next(bone.label for bone in BONES_TABLE if bone.full_name == name)
        return float(full.bones.geometry.to_world_mm(np.argwhere(full.bones.array == label))[:, 2].mean())

    order = ["skull", "vertebra_C1", "vertebra_T6", "vertebra_L5", "femur_left", "tibia_left", "foot_phalanges_left"]
    heights = [height(name) for name in order]
    assert heights == sorted(heights, reverse=True)


def test_edema_lies_in_the_bone_that_the_table_names(full: PhantomStudy) -> None:
    assert full.lesions
    labels = full.bones.array[full.edema.array]
    assert (labels > 0).all()
    assert set(labels.tolist()) == {lesion.plan.bone.label for lesion in full.lesions}


def test_edema_does_not_touch_the_surface_of_its_bone(full: PhantomStudy) -> None:
    """Marrow only: within a slice every neighbour of an edema voxel still belongs to a bone."""
    edema, bones = full.edema.array, full.bones.array
    for axis in (0, 2):
        for step in (-1, 1):
            assert (np.roll(bones, step, axis)[edema] > 0).mean() > 0.95


def test_the_table_adds_up_to_the_mask(full: PhantomStudy, studies: list[PhantomStudy]) -> None:
    for study in (full, *studies):
        drawn = np.count_nonzero(study.edema.array) * study.edema.geometry.voxel_volume_ml
        assert sum(lesion.volume_ml for lesion in study.lesions) == pytest.approx(drawn)
        assert all(lesion.volume_ml <= lesion.plan.planned_ml * 1.3 + 0.1 for lesion in study.lesions)
        assert len(find_lesions(study.edema).lesions) <= len(study.lesions)


def test_air_holds_noise_only(full: PhantomStudy) -> None:
    corner = full.image.array[:12, :, :12]
    assert corner.mean() == pytest.approx(NOISE_SIGMA * np.sqrt(np.pi / 2), rel=0.05)  # Rayleigh
    assert corner.max() < 7 * NOISE_SIGMA


def test_edema_is_bright_but_not_the_brightest(full: PhantomStudy) -> None:
    image, edema = full.image.array, full.edema.array
    bright_elsewhere = np.count_nonzero((image > np.median(image[edema])) & ~edema)
    assert np.median(image[edema]) > 200
    assert bright_elsewhere > 3 * np.count_nonzero(edema)


def test_kinds_and_ids(studies: list[PhantomStudy]) -> None:
    study = studies[3]
    assert (study.case_id, study.patient_id) == ("phantom-0003", "P0003")
    kinds = [volume.array.dtype for volume in (study.image, study.edema, study.bones)]
    assert kinds == [np.float32, np.bool_, np.uint8]
    assert np.isfinite(study.image.array).all()
    assert 3 <= study.age_years <= 7


def test_the_same_arguments_give_the_same_bytes(studies: list[PhantomStudy]) -> None:
    """Made alone, a patient is the one that was made among others."""
    assert bytes_of(make_patient(PLAIN_TINY, SEED, 2)) == bytes_of(studies[2])


def test_patients_and_seeds_differ(studies: list[PhantomStudy]) -> None:
    sums = {bytes_of(study) for study in [*studies, make_patient(PLAIN_TINY, SEED + 1, 0)]}
    assert len(sums) == len(studies) + 1
