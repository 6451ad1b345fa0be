from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.series import find_series, list_series

WriteSeries = Callable[..., list[Path]]
SEGMENTATION_STORAGE = "1.2.840.10008.5.1.4.1.1.66.4"


def other_series(uid: str, **changes: object) -> Callable[[int], dict[str, object]]:
    return lambda index: {"SeriesInstanceUID": uid, "SOPInstanceUID": f"{uid}.{index + 1}", **changes}


def write_dicomdir(path: Path) -> None:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = Dataset()
    dataset.FileSetID = "DISK"
    FileDataset(path, dataset, file_meta=meta, preamble=b"\0" * 128).save_as(path)


def test_series_are_listed_with_what_tells_them_apart(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", other_series("1.2.3.0", SeriesDescription=None, StudyDate="2024"), slices=2)
    write_series(tmp_path / "c", other_series("1.2.3.2", SOPClassUID=SEGMENTATION_STORAGE))
    (tmp_path / "notes.txt").write_text("DICOM\n" * 50)
    write_dicomdir(tmp_path / "DICOMDIR")
    first, second = list_series(tmp_path)
    assert (first.series_uid, second.series_uid) == ("1.2.3.0", "1.2.3.1")
    assert (second.description, second.modality, second.slice_count) == ("cor stir", "MR", 3)
    assert (second.columns, second.rows, second.study_date) == (5, 4, "2024-02-29")
    assert (first.study_date, first.slice_count, len(first.files)) == (None, 2, 2)
    assert str(first) == "1.2.3.0 (no description, MR, 2 images 5 x 4)"
    assert "child" not in repr(second)


def test_the_only_series_that_is_a_stack_is_taken(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a")
    write_series(tmp_path / "scout", other_series("1.2.3.0"), slices=1)
    assert find_series(tmp_path).series_uid == "1.2.3.1"
    assert find_series(tmp_path, "1.2.3.0").slice_count == 1


def test_several_series_are_offered_for_choice(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", other_series("1.2.3.0", SeriesDescription="cor t1"))
    choice = r"choose one with --series UID: 1\.2\.3\.0 \(cor t1, MR, 3 images 5 x 4\), 1\.2\.3\.1 \(cor stir, MR"
    with pytest.raises(InputError, match=rf"holds 2 series; {choice}"):
        find_series(tmp_path)
    with pytest.raises(InputError, match=rf"has no series 9; {choice}"):
        find_series(tmp_path, "9")


def test_a_series_of_two_patients_is_refused_without_naming_them(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, lambda index: {"PatientID": f"child {index % 2}"})
    with pytest.raises(InputError, match="has images of 2 patients") as caught:
        find_series(tmp_path)
    assert "child" not in str(caught.value)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no DICOM image of MR or CT; give a DICOM folder or zip"):
        find_series(tmp_path)
    with pytest.raises(InputError, match="no files: holds no DICOM image"):
        find_series([])


@pytest.mark.parametrize(("length", "missing"), [(150, "SOPClassUID"), (700, "Rows")])
def test_a_damaged_file_is_named_not_passed_over(
    tmp_path: Path, write_series: WriteSeries, length: int, missing: str
) -> None:
    path = write_series(tmp_path)[0]
    content = path.read_bytes()
    path.write_bytes(content[: min(length, content.index(b"MONOCHROME2") - 12)])
    with pytest.raises(InputError, match=rf"{path.name}: is damaged DICOM \(no {missing}\); export or copy"):
        find_series(tmp_path)


def test_a_nonsense_value_is_named(tmp_path: Path, write_series: WriteSeries) -> None:
    path = write_series(tmp_path, lambda _: {"NumberOfFrames": 12})[0]
    path.write_bytes(path.read_bytes().replace(b"IS\x02\x0012", b"IS\x02\x00xx"))
    with pytest.raises(InputError, match="is damaged DICOM"):
        find_series([path])


@pytest.mark.parametrize(
    ("date", "expected"),
    [("20240229", "2024-02-29"), ("2024.02.29", "2024-02-29"), ("202412", None), ("20240230", None), ("", None)],
)
def test_study_dates(tmp_path: Path, write_series: WriteSeries, date: str, expected: str | None) -> None:
    write_series(tmp_path, lambda _: {"StudyDate": date})
    assert find_series(tmp_path).study_date == expected
