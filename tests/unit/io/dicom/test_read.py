from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEGLosslessSV1

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read import case_id_of_study, frame_of_reference_of, read_series

WriteSeries = Callable[..., list[Path]]

# By hand from the files: columns 1.25 mm apart to the left (LPS +x), rows 1.5 mm to the feet (LPS -z), slices 6 mm
# apart along row x column = (1,0,0) x (0,0,-1) = LPS +y, to the back; first pixel at LPS (-10, 20, 30).
AFFINE_RAS = np.array([[-1.25, 0, 0, 10], [0, 0, -6, -20], [0, -1.5, 0, 30], [0, 0, 0, 1]])
SIGNAL = np.stack([(np.arange(20) + 100 * index).reshape(4, 5).T for index in range(3)], axis=-1)


def test_a_series_is_a_volume_of_column_row_slice(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path)
    series = read_series(tmp_path)
    np.testing.assert_array_equal(series.volume.array, SIGNAL)
    np.testing.assert_allclose(series.volume.geometry.affine, AFFINE_RAS, atol=1e-12)
    assert series.volume.array.dtype == np.float32
    assert series.volume.geometry.orientation == "LIP"
    assert series.volume.geometry.frame_of_reference_uid == series.frame_of_reference_uid == "1.2.3.9"
    assert (series.study_uid, series.series_uid, series.study_date) == ("1.2.3", "1.2.3.1", "2024-02-29")
    assert series.description == "cor stir"
    assert sorted(file.path for file in series.source_files) == sorted(paths)


def test_a_list_of_files_a_zip_and_files_without_preamble_are_the_same(
    tmp_path: Path, write_series: WriteSeries
) -> None:
    paths = write_series(tmp_path / "a")
    write_series(tmp_path / "bare", preamble=False)
    with zipfile.ZipFile(tmp_path / "study.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, f"DICOM/../{path.name}")
        archive.writestr("report.txt", "nothing\n" * 100)
    for source in (paths[::-1], tmp_path / "study.zip", tmp_path / "bare"):
        volume = read_series(source).volume
        np.testing.assert_array_equal(volume.array, SIGNAL)
        np.testing.assert_allclose(volume.geometry.affine, AFFINE_RAS, atol=1e-12)


def test_slope_and_intercept_are_applied_slice_by_slice(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, lambda index: {"RescaleSlope": index + 0.5, "RescaleIntercept": -7})
    np.testing.assert_allclose(read_series(tmp_path).volume.array, SIGNAL * (np.arange(3) + 0.5) - 7)


def test_a_missing_frame_of_reference_is_derived_from_the_series(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, lambda _: {"FrameOfReferenceUID": None})
    uid = read_series(tmp_path).frame_of_reference_uid
    assert uid == frame_of_reference_of("1.2.3.1") != frame_of_reference_of("1.2.3.2")
    assert pydicom.uid.UID(uid).is_valid


def test_rounded_directions_and_pixel_spacings_are_evened_out(tmp_path: Path, write_series: WriteSeries) -> None:
    def jitter(index: int) -> dict[str, object]:
        return {"ImageOrientationPatient": [1, 1e-5 * index, 0, 0, 0, -1], "PixelSpacing": [1.5, 1.25 + 1e-6 * index]}

    write_series(tmp_path, jitter)
    np.testing.assert_allclose(read_series(tmp_path).volume.geometry.affine, AFFINE_RAS, atol=1e-3)


def position(index: int, step: float = 6.0, tilt: float = 0.0) -> dict[str, Any]:
    return {"ImagePositionPatient": [-10, 20 + step * index, 30 + tilt * index]}


ODD: dict[str, tuple[Callable[[int], dict[str, Any]], str]] = {
    "missing": (lambda i: position(i + (i == 2)), "misses a slice: 12 mm from the one at 26 mm to the next"),
    "echoes": (lambda i: position(i // 2), "has 1 of 3 slices at a position that another one has already; split"),
    "tilt": (lambda i: position(i, tilt=2), "is stacked askew to its slices (18.4 degrees, gantry tilt)"),
    "orientations": (
        lambda i: {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]} if i else {},
        "mixes slice orientations",
    ),
    "frames of reference": (lambda i: {"FrameOfReferenceUID": f"1.2.{i}"}, "has 3 frames of reference"),
    "no position": (lambda _: {"ImagePositionPatient": None}, "has images without position"),
    "colours": (lambda _: {"SamplesPerPixel": 3}, "holds colour images"),
    "large spacing": (
        lambda i: position(i, step=99.0),
        "has headers that cannot be right: the spacing 1.25 x 1.5 x 99",
    ),
    "short pixels": (lambda _: {"PixelData": b"\0\0"}, "could not be read as one volume"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_series_is_refused_in_one_line(tmp_path: Path, write_series: WriteSeries, name: str) -> None:
    changes, expected = ODD[name]
    write_series(tmp_path, changes)
    with pytest.raises(InputError) as caught:
        read_series(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}: ")
    assert expected in message
    assert "\n" not in message
    assert "Secret" not in message


def test_one_slice_is_no_volume(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, slices=1)
    with pytest.raises(InputError, match="has a single slice; give a whole series"):
        read_series(tmp_path)


def test_a_compression_without_decoder_is_named(
    tmp_path: Path, write_series: WriteSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in write_series(tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        dataset.PixelData = pydicom.encaps.encapsulate([b"\0\0"])
        dataset.save_as(path)
    decoder = pydicom.pixels.decoders.base.get_decoder(JPEGLosslessSV1)
    monkeypatch.setattr(type(decoder), "is_available", property(lambda _: False))
    with pytest.raises(InputError, match="is compressed as JPEG Lossless.*; export it uncompressed, or install"):
        read_series(tmp_path)


def test_case_id_tells_nothing_of_the_study() -> None:
    assert case_id_of_study("1.2.3") == "c47f5b18b8a4"
    assert len({case_id_of_study(f"1.2.{n}") for n in range(100)}) == 100


READABLE = [
    "anatomical/001",
    "anatomical/001_implicit",
    "failing/slicecount/001",
    "generic/compressed/001",
    "generic/compressed_j2k/001",
    "generic/compressed_jpegls/001",
    "generic/compressed_rle/001",
    "hitachi/anatomical/001",
    "hitachi/anatomical/001_implicit",
    "philips_enhanced/anatomical/001",
    "philips_enhanced/anatomical/001_implicit",
    "siemens_multiframe/anatomical/001",
]


@pytest.mark.real_data
@pytest.mark.parametrize("name", READABLE)
def test_a_real_series_equals_its_reference(shared_data: Path, name: str) -> None:
    folder = shared_data / "dicom_vendors" / name
    volume = read_series(folder).volume.canonical()
    reference = nib.as_closest_canonical(nib.load(folder.with_name(f"{folder.name}_ground_truth.nii.gz")))
    np.testing.assert_array_equal(volume.array, reference.get_fdata(dtype=np.float32).reshape(volume.array.shape))
    np.testing.assert_allclose(volume.geometry.affine, reference.affine, atol=0.001)


REFUSED = {
    "failing/gantrytilting/001": "askew to its slices (14.0 degrees, gantry tilt)",
    "failing/notavolume/001": "3 of 4 slices at a position that another one has already",
    "failing/sliceincrement/001": "misses a slice: 10 mm from the one at 28.11 mm",
    "failing/sliceincrement/002": "askew to its slices (15.5 degrees, gantry tilt)",
    "failing/sliceorientation/001": "mixes slice orientations",
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", REFUSED)
def test_a_real_series_that_is_no_volume_is_refused(shared_data: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_series(shared_data / "dicom_vendors" / name)
    assert REFUSED[name] in str(caught.value)
