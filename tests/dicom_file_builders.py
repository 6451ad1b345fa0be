"""DICOM files of the kinds that scanners write, small: enhanced multi-frame, Siemens mosaic."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage

ENHANCED = EnhancedMRImageStorage
CLASSIC = MRImageStorage


def image(pixels: np.ndarray, sop_class: str = CLASSIC, **values: object) -> Dataset:
    """An MR image without a place; pixels (rows, columns) or (frames, rows, columns), uint16."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, "1.2.3.4.1"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    dataset.PatientID, dataset.Modality, dataset.StudyDate = "child", "MR", "20240229"
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation = 15, 0
    dataset.PixelData = pixels.astype("<u2").tobytes()
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def item(**values: object) -> Dataset:
    """A data set of these values."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset


def groups(**macros: Mapping[str, object]) -> Dataset:
    """Functional groups, each macro a sequence of one item."""
    dataset = Dataset()
    for keyword, values in macros.items():
        setattr(dataset, keyword, DicomSequence([item(**values)]))
    return dataset


def enhanced(
    pixels: np.ndarray, per_frame: Sequence[Dataset], shared: Dataset | None = None, **values: object
) -> Dataset:
    """An enhanced MR image; pixels (frames, rows, columns)."""
    dataset = image(pixels, ENHANCED, **values)
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(per_frame)
    if shared is not None:
        dataset.SharedFunctionalGroupsSequence = DicomSequence([shared])
    return dataset


def mosaic(tiles: np.ndarray, normal: Sequence[float], **values: object) -> Dataset:
    """A Siemens mosaic of tiles (count, rows, columns), square as a whole, with its CSA header."""
    count, rows, columns = tiles.shape
    side = int(np.ceil(np.sqrt(count)))
    whole = np.zeros((side * rows, side * columns), tiles.dtype)
    for number, tile in enumerate(tiles):
        down, right = divmod(number, side)
        whole[down * rows : (down + 1) * rows, right * columns : (right + 1) * columns] = tile
    kind = {"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], "Manufacturer": "SIEMENS"}
    dataset = image(whole, CLASSIC, **kind, **values)
    block = dataset.private_block(0x29, "SIEMENS CSA HEADER", create=True)
    vector = [f"{value:.8f}" for value in normal]
    block.add_new(0x10, "OB", csa_header({"NumberOfImagesInMosaic": [str(count)], "SliceNormalVector": vector}))
    return dataset


def csa_header(tags: Mapping[str, Sequence[str]]) -> bytes:
    """CSA header of type 2, as https://nipy.org/nibabel/dicom/siemens_csa.html describes it."""
    parts = [b"SV10\4\3\2\1", struct.pack("<2I", len(tags), 77)]
    for name, values in tags.items():
        vr = b"FD" if len(values) > 1 else b"US"
        parts.append(struct.pack("<64si4s3i", name.encode(), len(values), vr, 3, len(values), 77))
        for value in values:
            text = value.encode() + b"\0"
            parts.append(struct.pack("<4i", len(text), len(text), 77, len(text)))
            parts.append(text + b"\0" * (-len(text) % 4))
    return b"".join(parts)


def save(dataset: Dataset, path: Path) -> Path:
    """Write as explicit little endian with preamble."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(action="ignore"):  # wrong values are written on purpose
        whole = FileDataset(path, dataset, file_meta=meta, preamble=b"\0" * 128)
        whole.save_as(path, enforce_file_format=True)
    return path
