"""Small DICOM series, written with pydicom alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

COLUMNS, ROWS, SLICES = 5, 4, 3
SLICE_STEP_MM = 6.0

WriteSeries = Callable[..., list[Path]]


def make_slice(index: int, changes: Mapping[str, Any]) -> Dataset:
    """Coronal: rows run to the patient's left, columns to the feet, slices lie 6 mm apart along y (LPS)."""
    pixels = (np.arange(ROWS * COLUMNS, dtype=np.uint16) + 100 * index).reshape(ROWS, COLUMNS)
    dataset = Dataset()
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = f"1.2.3.1.{index + 1}"
    dataset.StudyInstanceUID = "1.2.3"
    dataset.SeriesInstanceUID = "1.2.3.1"
    dataset.FrameOfReferenceUID = "1.2.3.9"
    dataset.SeriesDescription = "cor stir"
    dataset.Modality = "MR"
    dataset.PatientID = "child"
    dataset.PatientName = "Secret^Name"
    dataset.StudyDate = "20240229"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = 0
    dataset.PixelSpacing = [1.5, 1.25]  # between rows, between columns
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    dataset.ImagePositionPatient = [-10, 20 + SLICE_STEP_MM * index, 30]
    dataset.PixelData = pixels.tobytes()
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    return dataset


@pytest.fixture
def write_series() -> WriteSeries:
    """Write slices into a folder under shuffled names; ``changes(index)`` sets or (None) removes attributes."""

    def write(
        folder: Path,
        changes: Callable[[int], Mapping[str, Any]] = lambda _: {},
        slices: int = SLICES,
        prefix: str = "",
        preamble: bool = True,
    ) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings(action="ignore"):  # wrong values are written on purpose
            return write_slices(folder, changes, slices, prefix, preamble)

    return write


def write_slices(
    folder: Path, changes: Callable[[int], Mapping[str, Any]], slices: int, prefix: str, preamble: bool
) -> list[Path]:
    paths = [folder / f"{prefix}{index * 7 % slices}" for index in range(slices)]
    for index, path in enumerate(paths):
        dataset = make_slice(index, changes(index))
        if preamble:
            meta = FileMetaDataset()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            FileDataset(path, dataset, file_meta=meta, preamble=b"\0" * 128).save_as(path, enforce_file_format=True)
        else:
            dataset.save_as(path, implicit_vr=True, little_endian=True)
    return paths
