"""A small examination as DICOM files, and lesions on it: what results for the PACS are written from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from crmo_seg.anatomy import NOWHERE, Segment, Side, Site
from crmo_seg.io.dicom.decimal_string import decimal_text
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.types import ComposedStudy
from crmo_seg.io.dicom.uids import derived_uid
from crmo_seg.lesions import Lesion, LesionMap
from crmo_seg.volume import Array, Geometry, Volume

STUDY_UID = derived_uid("study of the tests")
FEMUR = Site("femur", Side.LEFT, Segment.METAPHYSIS, True, 1.5, "71341001")
VERTEBRA = Site("vertebra_T5", snomed_code="56401006")
PATIENT = {
    "PatientName": "Doe^Jane", "PatientID": "4711", "PatientBirthDate": "20150102", "PatientSex": "F",
    "StudyDate": "20240229", "StudyTime": "091500", "AccessionNumber": "A1", "StudyID": "S1",
    "ReferringPhysicianName": "Roe^Mary",
}  # fmt: skip


def write_station(
    folder: Path, geometry: Geometry, number: int = 1, attributes: Mapping[str, object] | None = None
) -> tuple[Path, ...]:
    """An MR series on any right-angled grid with axes column, row, slice; in whatever direction these run.

    Args:
        folder: is made.
        geometry: RAS+.
        number: SeriesNumber; the frame of reference differs from series to series.
        attributes: to set; None takes an attribute away.
    """
    folder.mkdir(parents=True)
    paths = [folder / f"{index:03d}.dcm" for index in range(geometry.shape[2])]
    for index, path in enumerate(paths):
        dataset = _slice(geometry, index, number)
        for keyword, value in (attributes or {}).items():
            if value is None:
                dataset.pop(keyword, None)
            else:
                setattr(dataset, keyword, value)
        dataset.save_as(path, enforce_file_format=True)
    return tuple(paths)


def composed_of(folder: Path, volume: Volume) -> ComposedStudy:
    """What composing would give: the volume, and the stations as they lie in the folder."""
    return ComposedStudy(volume, find_stacks(folder), np.ones(volume.geometry.shape, dtype=np.uint8), False)


def lesion_map_of(geometry: Geometry, ids: Array, sites: Sequence[Site] = ()) -> LesionMap:
    """Lesions with made-up measurements, one for each id."""
    known = [*sites, *[NOWHERE] * int(ids.max(initial=0))]
    lesions = tuple(
        replace(
            Lesion(lesion_id, float((ids == lesion_id).sum()) * geometry.voxel_volume_ml, 10.0 + lesion_id, (0, 0, 0)),
            site=known[lesion_id - 1],
            signal_ratio=2.5,
            mean_probability=0.75,
        )
        for lesion_id in range(1, int(ids.max(initial=0)) + 1)
    )
    return LesionMap(Volume(ids.astype(np.int32), geometry), lesions)


def points_mm(geometry: Geometry, mask: Array) -> Array:
    """RAS+ mm of the voxels of a mask, sorted, to compare masks on different grids; rounded to 0.01 mm."""
    return sorted_points(geometry.to_world_mm(np.argwhere(mask)))


def sorted_points(points: Array) -> Array:
    rounded = np.round(points, 2) + 0.0  # no minus zero
    return rounded[np.lexsort(rounded.T)]


def _slice(geometry: Geometry, index: int, number: int) -> Dataset:
    dataset = Dataset()
    dataset.SOPClassUID = MRImageStorage
    dataset.SOPInstanceUID = derived_uid("slice", number, index)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = STUDY_UID, derived_uid("series", number)
    dataset.FrameOfReferenceUID = derived_uid("frame", number)
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "MR", number, index + 1
    dataset.ImageType, dataset.ScanningSequence, dataset.SequenceVariant = ["ORIGINAL", "PRIMARY", "M"], "SE", "SK"
    for keyword, value in PATIENT.items():
        setattr(dataset, keyword, value)
    _set_plane(dataset, geometry, index)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return dataset


def _set_plane(dataset: Dataset, geometry: Geometry, index: int) -> None:
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ geometry.affine
    columns, rows, _ = geometry.shape
    cosines = lps[:3, :2] / np.linalg.norm(lps[:3, :2], axis=0)
    dataset.ImageOrientationPatient = [decimal_text(cosine) for cosine in cosines.T.ravel()]
    dataset.ImagePositionPatient = [decimal_text(mm) for mm in (lps @ [0, 0, index, 1])[:3]]
    dataset.PixelSpacing = [decimal_text(geometry.spacing_mm[1]), decimal_text(geometry.spacing_mm[0])]
    dataset.SliceThickness = decimal_text(0.8 * geometry.spacing_mm[2])
    dataset.Columns, dataset.Rows = columns, rows
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelData = np.full((rows, columns), index, dtype="<u2").tobytes()
