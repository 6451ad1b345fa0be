from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read.header import header_of, header_value, number_of, read_headers, text_of

WriteSeries = Callable[..., list[Path]]


def test_values_become_plain_python() -> None:
    dataset = Dataset()
    dataset.ImageType = ["ORIGINAL", "PRIMARY"]
    dataset.EchoTime, dataset.SeriesNumber, dataset.SeriesDescription = "70.5", "4", "  cor \n stir "
    dataset.PatientName, dataset.InversionTime = "Secret^Name", None
    header = header_of(dataset)
    assert header == {
        "ImageType": ("ORIGINAL", "PRIMARY"),
        "EchoTime": 70.5,
        "SeriesNumber": 4.0,
        "SeriesDescription": "cor stir",
    }
    assert (text_of(header, "EchoTime"), number_of(header, "SeriesDescription")) == ("70.5", None)


@pytest.mark.filterwarnings("ignore")
def test_a_malformed_number_is_none() -> None:
    dataset = Dataset()
    dataset[0x00180081] = RawDataElement(Tag(0x00180081), "DS", 8, b"seventy ", 0, False, True)
    assert number_of({"EchoTime": header_value(dataset, "EchoTime")}, "EchoTime") is None
    assert header_value(dataset, "NoSuchKeyword") is None


def test_other_files_and_a_dicomdir_are_passed_over(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, slices=2)
    (tmp_path / "report.txt").write_text("DICM " * 100, encoding="ascii")
    (tmp_path / "empty").touch()
    directory = pydicom.dcmread(tmp_path / "0")
    directory.SOPClassUID = directory.file_meta.MediaStorageSOPClassUID = UID("1.2.840.10008.1.3.10")
    directory.save_as(tmp_path / "DICOMDIR")
    assert sorted(file.path.name for file, _ in read_headers(tmp_path)) == ["0", "1"]


def test_headers_from_a_zip_have_no_pixels(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path / "study", slices=2)
    with zipfile.ZipFile(tmp_path / "study.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, f"../../{path.name}")
    headers = [header for _, header in read_headers(tmp_path / "study.zip")]
    assert [header.SeriesDescription for header in headers] == ["cor stir", "cor stir"]
    assert all("PixelData" not in header and "PatientName" not in header for header in headers)
    assert [path.name for path in tmp_path.parent.parent.glob("[01]")] == []


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "StudyInstanceUID", "Rows", "BitsAllocated"])
def test_a_file_without_identity_or_matrix_is_damaged(tmp_path: Path, write_series: WriteSeries, keyword: str) -> None:
    write_series(tmp_path, lambda _: {keyword: None}, slices=1)
    with pytest.raises(InputError, match=f"0: is damaged DICOM \\(no {keyword}"):
        list(read_headers(tmp_path))


@pytest.mark.parametrize("kept", [140, 250, 500, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, write_series: WriteSeries, kept: int) -> None:
    (path,) = write_series(tmp_path, slices=1)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError) as caught:
        list(read_headers(tmp_path))
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_missing_pixels_are_counted(tmp_path: Path, write_series: WriteSeries) -> None:
    (path,) = write_series(tmp_path, slices=1)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = dataset.PixelData[:10]
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path)
    with pytest.raises(InputError, match="ends 30 bytes too early; export or copy"):  # of 4 x 5 pixels of 2 bytes
        list(read_headers(tmp_path))
