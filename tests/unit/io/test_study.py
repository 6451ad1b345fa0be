from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from builders import make_volume

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.uids import case_id_of_study
from crmo_seg.io.nifti import write_nifti
from crmo_seg.io.study import open_study

WriteSeries = Callable[..., list[Path]]


def write_image(path: Path, value: float = 1.0, shape: tuple[int, int, int] = (3, 4, 2)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(path, make_volume(np.full(shape, value, np.float32)))
    return path


def test_one_nifti_file_is_one_case(tmp_path: Path) -> None:
    (study,) = open_study(write_image(tmp_path / "knee 1.nii.gz"))
    assert (study.case_id, study.patient_id, study.visit, study.kind) == ("knee_1", None, None, "nifti")
    assert list(study.read()) == ["stir"]
    assert study.read()["stir"].array.dtype == np.float32


def test_a_folder_of_nifti_files_is_a_case_a_file_in_order(tmp_path: Path) -> None:
    for name in ("b.nii.gz", "a.nii", "._a.nii", "sub/c.nii.gz"):
        write_image(tmp_path / name)
    nib.save(nib.Nifti1Pair(np.ones((2, 2, 2), np.float32), np.eye(4)), tmp_path / "pair.hdr")
    (tmp_path / "readme.txt").write_text("nothing")
    studies = open_study(tmp_path)
    assert [study.case_id for study in studies] == ["a", "b", "pair"]
    assert [study.read()["stir"].array.size for study in studies] == [24, 24, 8]


def test_a_dicom_folder_zip_or_file_is_one_case(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path / "dicom" / "sub")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for number, path in enumerate(paths):
            archive.write(path, f"image {number}")
    (folder,) = open_study(tmp_path / "dicom")
    (zipped,) = open_study(tmp_path / "study.zip", series_uid="1.2.3.1")
    assert (folder.case_id, folder.patient_id, folder.visit) == (case_id_of_study("1.2.3"), "child", "2024-02-29")
    assert (folder.kind, zipped.case_id) == ("dicom", folder.case_id)
    assert "child" not in repr(folder)
    np.testing.assert_array_equal(folder.read()["stir"].array, zipped.read()["stir"].array)
    assert folder.input_sha256() == zipped.input_sha256()
    with pytest.raises(InputError, match="has a single slice"):
        open_study(paths[0])


def named(number: int, **more: object) -> Callable[[int], dict[str, object]]:
    """Changes that make the series another one."""
    return lambda index: {"SeriesInstanceUID": f"1.2.3.{number}", "SOPInstanceUID": f"1.2.{number}.{index}", **more}


def test_a_dicom_folder_is_a_case_a_study(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a", named(1))
    write_series(tmp_path / "b", named(2, StudyInstanceUID="1.2.9", StudyDate="20230101"))
    write_series(tmp_path / "c", named(3, SeriesDescription="T1 cor"))
    before, now = open_study(tmp_path)
    assert [study.case_id for study in (before, now)] == [case_id_of_study(uid) for uid in ("1.2.9", "1.2.3")]
    assert [study.visit for study in (before, now)] == ["2023-01-01", "2024-02-29"]
    composed = now.read_dicom()
    assert [stack.series_uid for stack in composed.stations] == ["1.2.3.1"]
    np.testing.assert_array_equal(now.read()["stir"].array, composed.volume.array)


def test_the_hash_is_of_the_stations_that_are_read(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a", named(1))
    (alone,) = open_study(tmp_path)
    write_series(tmp_path / "b", named(2, SeriesDescription="T1 cor"))
    (beside_another,) = open_study(tmp_path)
    assert beside_another.input_sha256() == alone.input_sha256()
    below = lambda index: {**named(3)(index), "ImagePositionPatient": [-10, 20 + 6 * index, 24]}  # noqa: E731
    write_series(tmp_path / "c", below)
    (with_a_station,) = open_study(tmp_path)
    assert with_a_station.input_sha256() != alone.input_sha256()


def test_only_dicom_is_read_as_dicom(tmp_path: Path) -> None:
    (study,) = open_study(write_image(tmp_path / "a.nii"))
    with pytest.raises(InputError, match=r"a\.nii: is no DICOM; give a DICOM folder or zip"):
        study.read_dicom()


def write_manifest(path: Path, rows: list[str]) -> Path:
    path.write_text("\n".join(["case_id,patient_id,visit,image_stir,image_t1", *rows]))
    return path


def test_a_manifest_names_its_cases_and_sequences(tmp_path: Path) -> None:
    write_image(tmp_path / "s.nii.gz", 1)
    write_image(tmp_path / "t.nii.gz", 2)
    rows = ["c1,p1,2024-01-02,s.nii.gz,t.nii.gz", "c2,p1,,s.nii.gz,"]
    first, second = open_study(write_manifest(tmp_path / "m.csv", rows))
    assert (first.case_id, first.patient_id, first.visit, first.kind) == ("c1", "p1", "2024-01-02", "nifti")
    assert {name: float(volume.array.max()) for name, volume in first.read().items()} == {"stir": 1, "t1": 2}
    assert list(second.read()) == ["stir"]


def test_sequences_on_different_grids_are_refused(tmp_path: Path) -> None:
    write_image(tmp_path / "s.nii.gz")
    write_image(tmp_path / "t.nii.gz", shape=(3, 4, 5))
    (study,) = open_study(write_manifest(tmp_path / "m.csv", ["c1,p1,,s.nii.gz,t.nii.gz"]))
    with pytest.raises(InputError, match=r"m\.csv, case c1: sequences stir .* and t1 .*; resample t1 to the grid"):
        study.read()


def test_the_hash_is_of_the_bytes_and_of_their_sequences(tmp_path: Path) -> None:
    write_image(tmp_path / "s.nii.gz", 1)
    write_image(tmp_path / "t.nii.gz", 2)
    rows = ["c1,p1,,s.nii.gz,t.nii.gz", "c2,p1,,t.nii.gz,s.nii.gz"]
    straight, swapped = open_study(write_manifest(tmp_path / "m.csv", rows))
    assert straight.input_sha256() != swapped.input_sha256()
    (before,) = open_study(tmp_path / "s.nii.gz")
    shutil.copy(tmp_path / "s.nii.gz", tmp_path / "copy.nii.gz")
    (copy,) = open_study(tmp_path / "copy.nii.gz")
    assert before.input_sha256() == copy.input_sha256()
    write_image(tmp_path / "copy.nii.gz", 3)
    assert before.input_sha256() != copy.input_sha256()


def test_the_hash_of_a_pair_is_of_both_files(tmp_path: Path) -> None:
    nib.save(nib.Nifti1Pair(np.ones((2, 2, 2), np.float32), np.eye(4)), tmp_path / "pair.hdr")
    (study,) = open_study(tmp_path / "pair.hdr")
    before = study.input_sha256()
    (tmp_path / "pair.img").write_bytes(b"\1" * 32)
    assert study.input_sha256() != before


def test_a_bad_study_is_refused_with_a_remedy(tmp_path: Path, write_series: WriteSeries) -> None:
    def refused(path: Path, expected: str, series_uid: str | None = None) -> None:
        with pytest.raises(InputError, match=expected):
            open_study(path, series_uid=series_uid)

    refused(tmp_path / "missing", "missing: does not exist; give a DICOM folder or zip, a NIfTI file")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "empty: holds no NIfTI and no DICOM; give a DICOM folder")
    (tmp_path / "empty" / "manifest.csv").touch()
    refused(tmp_path / "empty", r"but a table \(manifest\.csv\); give the manifest itself")
    (tmp_path / "a.txt").write_text("nothing")
    refused(tmp_path / "a.txt", r"a\.txt: is neither DICOM nor NIfTI nor a manifest; give a DICOM folder")
    with zipfile.ZipFile(tmp_path / "nothing.zip", "w") as archive:
        archive.writestr("a.txt", "nothing")
    refused(tmp_path / "nothing.zip", r"nothing\.zip: holds no DICOM image; give a DICOM folder")
    refused(write_image(tmp_path / "a.nii"), "is no DICOM, so it has no series 1.2; leave out --series", "1.2")
    write_image(tmp_path / "A.nii.gz")
    refused(tmp_path, r"A\.nii\.gz and a\.nii both give the case_id a; rename one of them")
    write_series(tmp_path / "mixed", prefix="image")
    write_image(tmp_path / "mixed" / "a.nii.gz")
    refused(tmp_path / "mixed", r"holds NIfTI and DICOM files \(image0\)")
