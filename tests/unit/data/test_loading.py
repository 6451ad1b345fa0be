from pathlib import Path

import numpy as np
import pytest
from builders import make_geometry, make_plan

from crmo_seg.anatomy import BONES_TABLE, HEAD_CLASSES, bone_named
from crmo_seg.cases import Case
from crmo_seg.data.loading import MOST_LESIONS, MOST_POSITIONS, LoadCased
from crmo_seg.data.sample import CASE, FOREGROUND, IMAGE, Sample, label_key, labelled_key
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import write_nifti
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD
from crmo_seg.volume import Volume

GEOMETRY = make_geometry((12, 6, 16), (2.0, 6.0, 2.0))


def write(folder: Path, name: str, array: np.ndarray, geometry=GEOMETRY) -> Path:  # noqa: ANN001
    write_nifti(folder / name, Volume(array, geometry))
    return folder / name


@pytest.fixture
def case(tmp_path: Path) -> Case:
    random = np.random.default_rng(0)
    image = random.normal(50, 10, GEOMETRY.shape).astype(np.float32)
    edema = np.zeros(GEOMETRY.shape, np.uint8)
    edema[2, 3, 4] = 1
    bones = np.zeros(GEOMETRY.shape, np.uint8)
    bones[2:5, 3, 4:9] = bone_named("femur_left").label
    bones[8:10, 3, 4:9] = bone_named("rib_3_right").label
    labels = {"edema": write(tmp_path, "edema.nii.gz", edema), "bones": write(tmp_path, "bones.nii.gz", bones)}
    return Case("a", "p", images={"stir": write(tmp_path, "stir.nii.gz", image)}, labels=labels)


def load(case: Case, heads=(EDEMA_HEAD, BONES_HEAD)) -> Sample:  # noqa: ANN001
    return LoadCased(make_plan(heads=heads))({CASE: case})


def test_a_case_is_brought_to_the_model_grid(case: Case) -> None:
    sample = load(case)
    assert sample[IMAGE].shape == sample[label_key("edema")].shape == (1, 12, 16, 6)
    assert sample[IMAGE].dtype == np.float32
    assert sample[FOREGROUND]["edema"][1].tolist() == [[2, 4, 3]]
    assert set(sample[FOREGROUND]["bones"]) == set(np.unique(sample[label_key("bones")])) - {0}


def test_bones_become_unsided_head_classes(case: Case) -> None:
    values = set(np.unique(load(case)[label_key("bones")]))
    assert values == {0, HEAD_CLASSES.index("femur") + 1, HEAD_CLASSES.index("rib") + 1}


def test_a_missing_label_is_marked_and_empty(case: Case) -> None:
    without = Case("a", "p", images=case.images, labels={"edema": case.labels["edema"]})
    sample = load(without)
    assert (sample[labelled_key("edema")], sample[labelled_key("bones")]) == (1.0, 0.0)
    assert not sample[label_key("bones")].any()


def test_a_label_on_another_grid_is_named(case: Case, tmp_path: Path) -> None:
    other = make_geometry((12, 6, 15), (2.0, 6.0, 2.0))
    path = write(tmp_path, "other.nii.gz", np.zeros(other.shape, np.uint8), other)
    with pytest.raises(InputError, match=r"other.nii.gz: lies on another grid than the image of case a \(shape \(12"):
        load(Case("a", "p", images=case.images, labels={"edema": path}))


def test_a_shifted_label_is_named_with_its_shift(case: Case, tmp_path: Path) -> None:
    affine = GEOMETRY.affine.copy()
    affine[0, 3] += 5
    shifted = type(GEOMETRY)(affine, GEOMETRY.shape)
    path = write(tmp_path, "shifted.nii.gz", np.zeros(GEOMETRY.shape, np.uint8), shifted)
    with pytest.raises(InputError, match=r"shifted.nii.gz: lies on another grid.*5.0 mm"):
        load(Case("a", "p", images=case.images, labels={"edema": path}))


def test_a_value_of_no_class_is_named(case: Case, tmp_path: Path) -> None:
    path = write(tmp_path, "two.nii.gz", np.full(GEOMETRY.shape, 2, np.uint8))
    with pytest.raises(InputError, match=r"two.nii.gz: holds the value 2; label_edema takes 0 to 1 \(edema"):
        load(Case("a", "p", images=case.images, labels={"edema": path}))


def test_a_label_of_no_bone_is_named(case: Case, tmp_path: Path) -> None:
    unused = max(bone.label for bone in BONES_TABLE) + 1
    path = write(tmp_path, "bad.nii.gz", np.full(GEOMETRY.shape, unused, np.uint8))
    with pytest.raises(InputError, match=f"bad.nii.gz: holds the value {unused}"):
        load(Case("a", "p", images=case.images, labels={"bones": path}))


def test_a_missing_sequence_is_named(case: Case) -> None:
    with pytest.raises(InputError, match=r"case a: has no image_stir \(has t1\)"):
        load(Case("a", "p", images={"t1": case.images["stir"]}))


def test_sequences_must_share_a_grid(case: Case, tmp_path: Path) -> None:
    plan = make_plan()
    two = type(plan)(("stir", "t1"), plan.heads, plan.grid, plan.patch, plan.network)
    other = make_geometry((10, 6, 16), (2.0, 6.0, 2.0))
    t1 = write(tmp_path, "t1.nii.gz", np.ones(other.shape, np.float32), other)
    with pytest.raises(InputError, match="case a: has sequences on different grids"):
        LoadCased(two)({CASE: Case("a", "p", images={**case.images, "t1": t1})})


def test_many_foreground_voxels_are_thinned(tmp_path: Path) -> None:
    geometry = make_geometry((40, 10, 80), (2.0, 4.0, 2.0))
    image = write(tmp_path, "i.nii.gz", np.ones(geometry.shape, np.float32), geometry)
    label = write(tmp_path, "l.nii.gz", np.ones(geometry.shape, np.uint8), geometry)
    positions = load(Case("a", "p", images={"stir": image}, labels={"edema": label}), (EDEMA_HEAD,))[FOREGROUND]
    assert MOST_POSITIONS // 2 < len(positions["edema"][1]) <= MOST_POSITIONS


def test_each_lesion_is_a_region_and_specks_are_one_together(tmp_path: Path) -> None:
    geometry = make_geometry((60, 8, 60), (2.0, 4.0, 2.0))
    lesions = np.zeros(geometry.shape, np.uint8)
    lesions[2:6, 2:4, 2:6] = 1
    lesions[20:24, 2, 20] = 1
    lesions[::2, 6, 30::2] = 1  # 450 specks
    image = write(tmp_path, "i.nii.gz", np.ones(geometry.shape, np.float32), geometry)
    label = write(tmp_path, "l.nii.gz", lesions, geometry)
    regions = load(Case("a", "p", images={"stir": image}, labels={"edema": label}), (EDEMA_HEAD,))[FOREGROUND]["edema"]
    assert [len(regions[number]) for number in (1, 2, 3)] == [32, 4, 1]
    assert sorted(regions) == list(range(1, MOST_LESIONS + 2))
    assert len(regions[MOST_LESIONS + 1]) == 450 - (MOST_LESIONS - 2)
