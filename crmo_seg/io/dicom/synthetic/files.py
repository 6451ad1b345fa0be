"""A synthetic MR study as DICOM files: classic MR Image Storage, one file a slice, a folder a series."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.files import folder_written_whole
from crmo_seg.io.dicom.axes import affine_lps
from crmo_seg.io.dicom.decimal_string import decimal_text
from crmo_seg.io.dicom.synthetic.header import file_meta, series_header
from crmo_seg.io.dicom.synthetic.study import MrSeries, MrStudy
from crmo_seg.io.dicom.uids import derived_uid
from crmo_seg.volume import Float64Array, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_IN_PLANE_WORLD_AXES = {0: (1, 2), 1: (0, 2), 2: (0, 1)}  # sagittal, coronal, axial: of a row, of a column
_BITS = 12
_WINDOW_QUANTILE = 0.995


def write_mr_study(folder: Path, study: MrStudy, *, seed_text: str) -> tuple[Path, ...]:
    """Write ``series-03/slice-0012.dcm`` and so on into a new folder, complete or not at all.

    Slices are turned as a radiologist looks at them (rows run to the patient's left, in sagittal slices to the back;
    columns to the feet, in axial slices to the back) and are numbered along the normal, row x column (PS3.3 C.7.6.2).
    The same study and ``seed_text`` give the same bytes.

    Args:
        folder: must not exist; its parents are made.
        study: what to write.
        seed_text: all UIDs derive from it, with the patient's key and the date.

    Returns:
        The files, by series, then along the normal.

    Raises:
        InputError: where the folder exists, or cannot be written.
    """
    if folder.exists():
        raise InputError(folder, "exists already", "give another folder, or delete this one")
    with folder_written_whole(folder) as part:
        written = [path for series in study.series for path in _write_series(part, study, series, seed_text)]
    return tuple(folder / path.relative_to(part) for path in written)


def as_displayed(series: MrSeries) -> Volume:
    """The volume with axes column, row, slice: turned to the usual view, slices along the normal.

    A view; nothing is copied. Reading the written series gives just this volume.
    """
    geometry, normal = series.volume.geometry, series.slice_axis
    row, column = (geometry.world_axes.index(axis) for axis in _IN_PLANE_WORLD_AXES[geometry.world_axes[normal]])
    # Rows and columns run to the left, back or feet: against R, A, S.
    to_left, to_feet = (geometry.axis_signs[axis] > 0 for axis in (row, column))
    turned = series.volume.transposed((row, column, normal), (to_left, to_feet, False))
    along_normal = np.linalg.det(turned.geometry.affine[:3, :3]) > 0
    return turned if along_normal else turned.transposed((0, 1, 2), (False, False, True))


def _write_series(folder: Path, study: MrStudy, series: MrSeries, seed_text: str) -> list[Path]:
    displayed = as_displayed(series)
    header = series_header(study, series, seed_text)
    _set_grid(header, displayed)
    _set_window(header, displayed)
    place = folder / f"series-{series.number:02d}"
    place.mkdir()
    paths = [place / f"slice-{index + 1:04d}.dcm" for index in range(displayed.array.shape[2])]
    for index, path in enumerate(paths):
        _write_slice(path, header, displayed, index)
    return paths


def _set_grid(header: Dataset, displayed: Volume) -> None:
    """Image plane and image pixel attributes that all slices share, PS3.3 C.7.6.2 and C.7.6.3."""
    along_row, along_column, between_slices = displayed.geometry.spacing_mm
    directions = affine_lps(displayed.geometry)[:3, :3] / np.array(displayed.geometry.spacing_mm)
    header.PixelSpacing = [decimal_text(along_column), decimal_text(along_row)]  # between rows, between columns
    header.ImageOrientationPatient = [decimal_text(cosine) for cosine in directions[:, :2].T.ravel()]
    header.SpacingBetweenSlices = decimal_text(between_slices)
    header.Columns, header.Rows = displayed.array.shape[:2]
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsAllocated, header.BitsStored, header.HighBit = 16, _BITS, _BITS - 1
    header.PixelRepresentation = 0


def _set_window(header: Dataset, displayed: Volume) -> None:
    # One window for the series, so that scrolling does not flicker; every second pixel tells enough.
    width = max(2, round(float(np.quantile(displayed.array[::2, ::2], _WINDOW_QUANTILE))))
    header.WindowCenter, header.WindowWidth = decimal_text(width / 2), decimal_text(width)


def _write_slice(path: Path, header: Dataset, displayed: Volume, index: int) -> None:
    from pydicom.dataset import Dataset

    dataset = Dataset(header)
    position = (affine_lps(displayed.geometry) @ np.array([0.0, 0.0, index, 1.0]))[:3]
    dataset.SOPInstanceUID = derived_uid(header.SeriesInstanceUID, "slice", index)
    dataset.InstanceNumber = index + 1
    dataset.ImagePositionPatient = [decimal_text(mm) for mm in position]
    dataset.SliceLocation = decimal_text(float(position @ _normal(displayed)))
    dataset.PixelData = np.ascontiguousarray(displayed.array[:, :, index].T, dtype="<u2").tobytes()
    dataset.file_meta = file_meta(dataset.SOPInstanceUID)
    dataset.save_as(path, enforce_file_format=True)


def _normal(displayed: Volume) -> Float64Array:
    direction: Float64Array = affine_lps(displayed.geometry)[:3, 2] / displayed.geometry.spacing_mm[2]
    return direction
