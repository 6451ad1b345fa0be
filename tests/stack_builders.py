"""Stacks of slices as the reader of DICOM finds them, made by hand: headers and voxels, no files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from crmo_seg.io.dicom.choose.headers import grid_of
from crmo_seg.io.dicom.source import DicomFile
from crmo_seg.io.dicom.types import ComposedStudy, HeaderValue, SliceSource, Stack, StackVolume
from crmo_seg.volume import Array, Geometry, Volume

STIR_HEADER: dict[str, HeaderValue] = {
    "ImageType": ("ORIGINAL", "PRIMARY", "M"),
    "ScanningSequence": ("SE", "IR"),
    "RepetitionTime": 4500.0,
    "EchoTime": 70.0,
    "InversionTime": 160.0,
}
T1_HEADER: dict[str, HeaderValue] = {
    "ImageType": ("ORIGINAL", "PRIMARY", "M"),
    "ScanningSequence": ("SE",),
    "RepetitionTime": 500.0,
    "EchoTime": 10.0,
}
COMPOSED_HEADER: dict[str, HeaderValue] = {
    "ImageType": ("DERIVED", "SECONDARY", "COMPOSED"),
    "EchoTime": None,
    "InversionTime": None,
}

CORONAL = np.array([[-1.0, 0, 0], [0, 0, -1], [0, -1, 0]])
SAGITTAL = np.array([[0, 0, -1.0], [-1, 0, 0], [0, -1, 0]])
AXIAL = np.array([[-1.0, 0, 0], [0, -1, 0], [0, 0, 1]])
"""Directions of column, row and slice index in RAS+, as scanners write them."""


def make_grid(
    directions: Array = CORONAL,
    shape: tuple[int, int, int] = (20, 25, 6),
    spacing_mm: tuple[float, float, float] = (10.0, 20.0, 8.0),
    centre_mm: tuple[float, float, float] = (0.0, 0.0, 0.0),
    frame: str = "1.2.9",
) -> Geometry:
    """A grid with its middle where it is told; coronal, 200 mm wide and 500 mm long unless told otherwise."""
    affine = np.eye(4)
    affine[:3, :3] = directions * np.array(spacing_mm)
    affine[:3, 3] = np.array(centre_mm) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Geometry(affine, shape, frame)


def make_stack(
    number: int, description: str = "STIR cor", grid: Geometry | None = None, **header: HeaderValue
) -> Stack:
    """A STIR series; keywords replace or (None) remove header values."""
    grid = grid or make_grid()
    values = {**STIR_HEADER, "SeriesNumber": float(number), "SeriesDescription": description, **header}
    slices = tuple(
        SliceSource(DicomFile(Path(f"{number}/{index}")), None, "1.2.840.10008.5.1.4.1.1.4", f"1.2.{number}.{index}")
        for index in range(grid.shape[2])
    )
    return Stack(
        study_uid="1.2",
        series_uid=f"1.2.{number}",
        name="",
        patient_id="child",
        study_date="2024-02-29",
        modality="MR",
        header={keyword: value for keyword, value in values.items() if value is not None},
        geometry=grid,
        frame_of_reference_uid=grid.frame_of_reference_uid,
        slices=(slices,),
    )


def make_stations(
    *heights_mm: float, first_number: int = 1, description: str = "STIR cor station", **header: HeaderValue
) -> list[Stack]:
    """Coronal stations of 500 mm at these heights."""
    return [
        make_stack(number, f"{description} {number}", make_grid(centre_mm=(0, 0, height)), **header)
        for number, height in enumerate(heights_mm, first_number)
    ]


def unusable(stack: Stack, problem: str) -> Stack:
    return replace(stack, geometry=None, problem=(problem, "send it again"))


def with_signal(stack: Stack, signal: Array) -> StackVolume:
    assert stack.geometry is not None
    return StackVolume(stack, (Volume(signal.astype(np.float32), stack.geometry),))


def source_of_voxel(study: ComposedStudy, index: tuple[int, int, int]) -> tuple[Stack, SliceSource] | None:
    """The station and the image of it that a voxel comes from; None where no station has been.

    Args:
        study: composed.
        index: of a voxel of ``study.volume``.
    """
    station = int(study.station_of_voxel[index])
    if station == 0:
        return None
    stack = study.stations[station - 1]
    grid = grid_of(stack)
    own = np.rint(grid.to_index(study.volume.geometry.to_world_mm(np.array(index)))).astype(int)
    return stack, stack.slices[0][int(np.clip(own[2], 0, grid.shape[2] - 1))]
