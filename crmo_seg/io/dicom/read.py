"""One DICOM series -> one volume, sorted by position. The only place where LPS becomes RAS+.

InstanceNumber, SliceLocation and SliceThickness are not looked at: scanners and archives write anything there.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.series import SeriesSummary, find_series, read_datasets
from crmo_seg.io.dicom.source import DicomFile, source_name
from crmo_seg.io.dicom.stack import ORIENTATION_TOLERANCE, Slice, stack_problem
from crmo_seg.volume import Array, Float64Array, Geometry, GeometryError, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MALFORMED = (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError)
_PIXEL_OPTIONS: dict[str, Any] = {
    "dtype": np.float32,
    "apply_real_world_transform": False,
    "apply_modality_transform": None,  # rescale slope and intercept, where there are any
    "apply_voi_transform": False,
    "apply_palette_color_lut": False,
    "apply_icc_profile": False,
}


@dataclass(frozen=True, eq=False)
class DicomSeries:
    """One series as a volume.

    Attributes:
        volume: float32, rescaled by slope and intercept; axes column, row, slice along the normal (row direction
            x column direction, PS3.3 C.7.6.2).
        study_uid: StudyInstanceUID.
        series_uid: SeriesInstanceUID.
        frame_of_reference_uid: as in the files; where they have none, one derived from the series.
        study_date: ISO date, or None.
        description: SeriesDescription, may be empty.
        source_files: the files read, sorted by name.
    """

    volume: Volume
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    study_date: str | None
    description: str
    source_files: tuple[DicomFile, ...] = field(repr=False)


def read_series(source: Path | Sequence[Path], series_uid: str | None = None) -> DicomSeries:
    """Read the series with this UID, or the only one, from a folder, a zip, one file or a list of files.

    Raises:
        InputError: where there is no such series or several to choose from, or its slices are not one volume.
    """
    return load_series(source_name(source), find_series(source, series_uid))


def load_series(name: Path, summary: SeriesSummary) -> DicomSeries:
    """Read the pixels of a series that `find_series` found; errors call the source ``name``.

    Raises:
        InputError: where its slices are not one volume, or cannot be decoded.
    """
    datasets = read_datasets(summary.files)
    _check_grey(name, datasets)
    with warnings.catch_warnings(action="ignore"):  # values that bend the standard are everyday
        _check_decodable(name, datasets)
        _check_stack(name, [item for dataset in datasets for item in _planes(name, dataset)])
        _harmonise(name, datasets)
        volume = _stack(name, datasets)
    return DicomSeries(
        volume=volume,
        study_uid=summary.study_uid,
        series_uid=summary.series_uid,
        frame_of_reference_uid=str(volume.geometry.frame_of_reference_uid),
        study_date=summary.study_date,
        description=summary.description,
        source_files=summary.files,
    )


def case_id_of_study(study_uid: str) -> str:
    """12 hex digits of SHA-256 of the StudyInstanceUID: names a case, and tells nothing of the patient.

    >>> case_id_of_study("1.2.3")
    'c47f5b18b8a4'
    """
    return hashlib.sha256(study_uid.encode("ascii", "replace")).hexdigest()[:12]


def frame_of_reference_of(series_uid: str) -> str:
    """A FrameOfReferenceUID for a series without one: the same each time (UUID-derived UID, PS3.5 B.2).

    >>> frame_of_reference_of("1.2.3") == frame_of_reference_of("1.2.3")
    True
    """
    digest = hashlib.sha256(f"frame of reference of {series_uid}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16])}"


def _check_grey(name: Path, datasets: Sequence[Dataset]) -> None:
    if any(int(dataset.get("SamplesPerPixel") or 1) != 1 for dataset in datasets):
        raise InputError(name, "holds colour images", "give the original images, not screenshots or colour maps")
    if len(datasets) > 1 and any(_is_multi_frame(dataset) for dataset in datasets):
        problem = f"holds {len(datasets)} multi-frame files in one series"
        raise InputError(name, problem, "give one file at a time; each is a volume or more")


def _check_decodable(name: Path, datasets: Sequence[Dataset]) -> None:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

    for dataset in datasets:
        if "TransferSyntaxUID" not in dataset.file_meta:  # a file without preamble and file meta
            implicit, _ = dataset.original_encoding
            dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    for uid in sorted({dataset.file_meta.TransferSyntaxUID for dataset in datasets}):
        try:
            available = get_decoder(uid).is_available
        except NotImplementedError:
            available = False
        if not available:
            remedy = "export it uncompressed, or install python-gdcm, which decodes more"
            raise InputError(name, f"is compressed as {uid.name}, which cannot be decoded here", remedy)


def _check_stack(name: Path, slices: Sequence[Slice]) -> None:
    problem = stack_problem(slices)
    if problem:
        raise InputError(name, *problem)


def _planes(name: Path, dataset: Dataset) -> list[Slice]:
    matrix = (int(dataset.Columns), int(dataset.Rows))
    try:
        if not _is_multi_frame(dataset):
            return [_plane(dataset, dataset, dataset, matrix)]
        shared = (dataset.get("SharedFunctionalGroupsSequence") or [{}])[0]
        return [_frame_plane(frame, shared, matrix) for frame in dataset.PerFrameFunctionalGroupsSequence]
    except _MALFORMED as error:
        problem = f"has images without position, orientation or pixel spacing ({error})"
        raise InputError(name, problem, "give the original images as the scanner sent them") from error


def _plane(position: Dataset, orientation: Dataset, measures: Dataset, matrix: tuple[int, int]) -> Slice:
    return Slice(
        tuple(float(value) for value in position.ImagePositionPatient),
        tuple(float(value) for value in orientation.ImageOrientationPatient),
        tuple(float(value) for value in measures.PixelSpacing),
        matrix,
    )


def _frame_plane(frame: Dataset, shared: Mapping[str, Any] | Dataset, matrix: tuple[int, int]) -> Slice:
    # Functional group macros hold for one frame or for all, DICOM PS3.3 C.7.6.16.
    def macro(keyword: str) -> Dataset:
        found: Dataset = (frame if keyword in frame else shared)[keyword][0]
        return found

    return _plane(
        macro("PlanePositionSequence"), macro("PlaneOrientationSequence"), macro("PixelMeasuresSequence"), matrix
    )


def _is_multi_frame(dataset: Dataset) -> bool:
    return "PerFrameFunctionalGroupsSequence" in dataset


def _harmonise(name: Path, datasets: Sequence[Dataset]) -> None:
    """Fill in or even out, in memory, what highdicom wants to be present and exactly the same in all files."""
    frames = {str(dataset.FrameOfReferenceUID) for dataset in datasets if dataset.get("FrameOfReferenceUID")}
    if len(frames) > 1:
        problem = f"has {len(frames)} frames of reference: the patient was positioned anew"
        raise InputError(name, problem, "give the images of one position at a time")
    uid = frames.pop() if frames else frame_of_reference_of(str(datasets[0].SeriesInstanceUID))
    for dataset in datasets:
        dataset.FrameOfReferenceUID = uid
        if "PixelSpacing" in dataset:
            dataset.PixelSpacing = datasets[0].PixelSpacing


def _stack(name: Path, datasets: Sequence[Dataset]) -> Volume:
    import highdicom

    try:
        if _is_multi_frame(datasets[0]):
            stored = highdicom.Image.from_dataset(datasets[0], copy=False).get_volume(**_PIXEL_OPTIONS)
        else:
            tolerance = ORIENTATION_TOLERANCE
            stored = highdicom.get_volume_from_series(datasets, orientation_tol=tolerance, **_PIXEL_OPTIONS)
        return _to_ras(stored.array, stored.affine, str(stored.frame_of_reference_uid))
    except GeometryError as error:
        raise InputError(name, f"has headers that cannot be right: {error}", "export the series again") from error
    except _MALFORMED as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise InputError(name, f"could not be read as one volume ({text})", "export the series again") from error


def _to_ras(frames: Array, affine_lps: Float64Array, frame_of_reference_uid: str) -> Volume:
    """Frames (slice, row, column) on their LPS affine -> volume (column, row, slice) in RAS+."""
    array = frames.transpose(2, 1, 0)
    x, y, z = array.shape
    affine = _LPS_TO_RAS @ affine_lps[:, [2, 1, 0, 3]]
    volume = Volume(array, Geometry(affine, (x, y, z), frame_of_reference_uid))
    along_normal = np.linalg.det(affine[:3, :3]) > 0
    return volume if along_normal else volume.transposed((0, 1, 2), (False, False, True))
