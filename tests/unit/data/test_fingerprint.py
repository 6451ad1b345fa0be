"""Figures of small cases on disk, against what can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dataset_builders import SHAPE, Clinic, save

from crmo_seg.cases import Case, read_manifest
from crmo_seg.data.fingerprint import MOST_READ, fingerprint
from crmo_seg.errors import InputError
from crmo_seg.plan import Head, Spread

KNEE = Head("knee", ("femur", "tibia"))
LESION = Head("knee", ("lesion",))


def cases_with(folder: Path, label: np.ndarray, affine: np.ndarray, count: int = 1) -> list[Case]:
    cases = []
    for number in range(count):
        image = np.random.default_rng(number).normal(100, 5, label.shape).astype(np.float32)
        images = {"t1": save(folder / f"image_{number}.nii.gz", image, affine)}
        labels = {"knee": save(folder / f"label_{number}.nii.gz", label, affine)}
        cases.append(Case(f"c{number}", f"p{number}", images=images, labels=labels))
    return cases


def test_cases_are_measured_on_the_axes_of_the_model(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path, 3).write()  # 12 x 10 x 8 voxels of 2 x 2 x 4 mm, two blocks of 18 voxels
    seen: list[tuple[int, int]] = []
    found = fingerprint(read_manifest(clinic.manifest), ("t1",), (KNEE,), lambda done, of: seen.append((done, of)))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert (found.cases, found.orientations) == (3, {"axial": 3})
    assert found.in_plane_spacing_mm == Spread.of([2.0])
    assert found.slice_spacing_mm == Spread.of([4.0])
    assert [axis.median for axis in found.extent_mm] == [24.0, 20.0, 32.0]
    knee = found.heads["knee"]
    assert (knee.labelled_cases, knee.empty_cases) == (3, 0)
    assert knee.class_cases == {"femur": 3, "tibia": 3}
    assert knee.foreground_share is not None
    assert knee.foreground_share.smallest == pytest.approx(36 / np.prod(SHAPE))
    assert knee.object_ml is not None
    assert knee.object_ml.smallest == pytest.approx(18 * 0.016)


def test_a_coronal_scan_has_its_slices_last(tmp_path: Path) -> None:
    label = np.zeros((6, 40, 30), np.uint8)
    affine = np.array([[0, 0, 1.5, 0], [6.0, 0, 0, 0], [0, 1.25, 0, 0], [0, 0, 0, 1]])
    found = fingerprint(cases_with(tmp_path, label, affine), ("t1",), (LESION,))
    assert found.orientations == {"coronal": 1}
    assert (found.in_plane_spacing_mm.median, found.slice_spacing_mm.median) == (1.25, 6.0)
    assert [axis.median for axis in found.extent_mm] == [45.0, 50.0, 36.0]
    assert found.heads["knee"].empty_cases == 1
    assert found.heads["knee"].object_ml is None


def test_lesions_are_components_and_small_ones_do_not_count(tmp_path: Path) -> None:
    label = np.zeros((20, 20, 20), np.uint8)
    label[2:7, 2:7, 2:7], label[10:16, 10:16, 10:16], label[18, 18, 18] = 1, 1, 1
    found = fingerprint(cases_with(tmp_path, label, np.eye(4)), ("t1",), (LESION,)).heads["knee"]
    assert found.objects_per_case == Spread.of([2.0])  # 0.125 and 0.216 ml; the third has 0.001 ml
    assert found.object_ml == Spread.of([0.125, 0.216])
    assert found.class_cases == {"lesion": 1}


def test_where_all_lesions_are_small_their_own_size_counts(tmp_path: Path) -> None:
    label = np.zeros((20, 20, 20), np.uint8)
    label[2:4, 2:4, 2:4] = 1
    found = fingerprint(cases_with(tmp_path, label, np.eye(4)), ("t1",), (LESION,))
    assert found.orientations == {"isotropic": 1}
    assert found.heads["knee"].object_ml == Spread.of([0.008])


def test_signal_is_that_of_the_body(tmp_path: Path) -> None:
    image = np.zeros((100, 100, 100), np.float32)  # more voxels than are sampled
    image[20:50, 20:50, 20:50] = 100
    case = Case("c", "p", images={"t1": save(tmp_path / "image.nii.gz", image, np.eye(4))})
    signal = fingerprint([case], ("t1",), ()).signal["t1"]
    assert (signal.p01.median, signal.p50.median, signal.p99.median) == (100, 100, 100)


def test_a_few_images_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crmo_seg.data import fingerprint as module

    read: list[Path] = []
    original = module.read_image
    monkeypatch.setattr(module, "read_image", lambda path: read.append(path) or original(path))
    cases = cases_with(tmp_path, np.zeros((4, 4, 4), np.uint8), np.eye(4), MOST_READ + 1)
    fingerprint(cases, ("t1",), (LESION,))
    assert 1 < len(read) <= MOST_READ


def test_a_case_without_the_label_counts_for_its_grid_only(tmp_path: Path) -> None:
    (case,) = cases_with(tmp_path, np.ones((4, 4, 4), np.uint8), np.eye(4))
    found = fingerprint([Case("c", "p", images=case.images)], ("t1",), (LESION,)).heads["knee"]
    assert (found.labelled_cases, found.foreground_share, found.objects_per_case) == (0, None, None)


def test_what_cannot_be_measured_is_named(tmp_path: Path) -> None:
    (case,) = cases_with(tmp_path, np.full((4, 4, 4), 7, np.uint8), np.eye(4))
    with pytest.raises(InputError, match=r"case c0: has no image_stir \(has t1\); add it or change data.sequences"):
        fingerprint([case], ("stir",), ())
    with pytest.raises(InputError, match="label_0.nii.gz: holds the value 7"):
        fingerprint([case], ("t1",), (KNEE,))
    with pytest.raises(InputError, match="fingerprint: has no case"):
        fingerprint([], ("t1",), (KNEE,))


def test_the_real_hippocampus_is_one_millimetre_everywhere(shared_data: Path) -> None:
    folder = shared_data / "msd_task04_hippocampus"
    cases = [
        Case(
            f"c{i}",
            f"p{i}",
            images={"t1": image},
            labels={"knee": folder / "labelsTr" / image.name.replace("_0000", "")},
        )
        for i, image in enumerate(sorted((folder / "imagesTr").glob("*.nii.gz"))[:5])
    ]
    found = fingerprint(cases, ("t1",), (KNEE,))
    assert found.orientations == {"isotropic": 5}
    assert found.slice_spacing_mm == Spread.of([1.0])
    assert all(30 < axis.median < 60 for axis in found.extent_mm)
