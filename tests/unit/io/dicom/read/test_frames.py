from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_file_builders import enhanced, groups, image, item
from pydicom.dataset import Dataset, FileMetaDataset

from crmo_seg.io.dicom.read.frames import frames_of
from crmo_seg.io.dicom.source import DicomFile

FILE = DicomFile(Path("a.dcm"))
PIXELS = np.zeros((3, 4), np.uint16)
PLACE: dict[str, Any] = {
    "ImagePositionPatient": [1, 2, 3],
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "PixelSpacing": [1.5, 1.25],
}


def with_meta(dataset: Dataset) -> Dataset:
    dataset.file_meta = FileMetaDataset()
    return dataset


def test_a_classic_image_is_one_plane() -> None:
    (frame,) = frames_of(FILE, with_meta(image(PIXELS, SeriesNumber=4, EchoTime=70, **PLACE)))
    assert frame.problem is None
    assert frame.plane is not None
    assert (frame.plane.position, frame.plane.pixel_spacing_mm, frame.plane.matrix) == ((1, 2, 3), (1.5, 1.25), (4, 3))
    assert (frame.source.frame, frame.source.tile, frame.source.sop_instance_uid) == (None, None, "1.2.3.4.1")
    assert (frame.series.series_number, frame.series.frame_of_reference_uid) == ("4", None)
    assert "child" not in repr(frame)


def test_an_enhanced_image_is_a_plane_a_frame() -> None:
    shared = groups(
        PlaneOrientationSequence={"ImageOrientationPatient": PLACE["ImageOrientationPatient"]},
        PixelMeasuresSequence={"PixelSpacing": PLACE["PixelSpacing"]},
    )
    frames = [groups(PlanePositionSequence={"ImagePositionPatient": [0, 0, 4 * n]}) for n in range(2)]
    first, second = frames_of(FILE, with_meta(enhanced(np.stack([PIXELS] * 2), frames, shared)))
    assert (first.source.frame, second.source.frame) == (1, 2)
    assert second.plane is not None
    assert second.plane.position == (0, 0, 4)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "is no slice (Secondary Capture Image)"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "is no slice (Segmentation)"),
        ({"SamplesPerPixel": 3}, "is a colour image"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "is a localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "PROJECTION IMAGE"]}, "is a projection (MIP) through a volume"),
        ({"ImageType": ["DERIVED", "PRIMARY", "MIP_SAG"]}, "is a projection (MIP) through a volume"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "MOSAIC"]}, "is a Siemens mosaic without the private header"),
        ({"ImagePositionPatient": None}, "has images without position, orientation or pixel spacing"),
        ({"ImagePositionPatient": [1, 2]}, "has images without position, orientation or pixel spacing"),
        ({"PixelSpacing": [0, 1]}, "has images without position, orientation or pixel spacing"),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "has images without position, orientation or pixel spacing"),
        ({"ImageOrientationPatient": [2, 0, 0, 0, 2, 0]}, "has images without position, orientation or pixel spacing"),
    ],
)
def test_what_is_no_slice_says_why(changes: dict[str, Any], problem: str) -> None:
    (frame,) = frames_of(FILE, with_meta(image(PIXELS, **{**PLACE, **changes})))
    assert frame.problem is not None
    assert frame.problem[0].startswith(problem)


def test_an_enhanced_image_without_frames_has_no_place() -> None:
    (frame,) = frames_of(FILE, with_meta(enhanced(PIXELS[None], [item()])))
    assert frame.problem is not None
    assert frame.problem[0].startswith("has images without position")
