"""What is passed between the steps of DICOM: headers of a stack of slices, its volume, the composed study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from crmo_seg.anatomy import Side
from crmo_seg.io.dicom.source import DicomFile
from crmo_seg.volume import Array, Geometry, Volume

HeaderValue: TypeAlias = str | float | tuple[str, ...] | None

_SIDES: Final = MappingProxyType({"L": Side.LEFT, "R": Side.RIGHT})


@dataclass(frozen=True)
class SliceSource:
    """One image of a stack: which file, which frame of it.

    Attributes:
        file: where it lies.
        frame: from 1, in a multi-frame file; None in a classic one.
        sop_class_uid: of the file.
        sop_instance_uid: of the file.
        tile: from 1, in a Siemens mosaic, where all slices are tiles of one image; None elsewhere.
    """

    file: DicomFile
    frame: int | None
    sop_class_uid: str
    sop_instance_uid: str
    tile: int | None = None


@dataclass(frozen=True)
class Stack:
    """Parallel slices of one series, echo, image type and time, from headers alone; a series may hold several.

    Attributes:
        study_uid: StudyInstanceUID.
        series_uid: SeriesInstanceUID.
        name: tells the stacks of a series apart in file names and tables, such as ``echo-2``; empty for the only one.
        patient_id: PatientID, may be empty; kept out of ``repr``.
        study_date: ISO date, or None.
        modality: ``MR``, ``CT``.
        header: what rules look at, by DICOM keyword (``SeriesDescription``, ``ImageType``, ``InversionTime``,
            ``ScanningSequence``, ...): texts upper-cased nowhere, numbers as float, multi-valued texts as tuples.
        geometry: affine voxel index -> RAS+ mm with axes column, row, slice along the normal; None where the slices
            are no volume.
        frame_of_reference_uid: as in the files; None where they have none.
        slices: sources by (repeat, position along the normal): ``slices[repeat][position]``; one repeat in 3D.
        problem: why the slices are no volume that can be used, and what to do; None where they are one.
        notes: sentences about what was left out, such as copies of slices.
    """

    study_uid: str
    series_uid: str
    name: str
    patient_id: str = field(repr=False)
    study_date: str | None
    modality: str
    header: Mapping[str, HeaderValue] = field(repr=False)
    geometry: Geometry | None
    frame_of_reference_uid: str | None
    slices: tuple[tuple[SliceSource, ...], ...] = field(repr=False)
    problem: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class StackVolume:
    """A stack with its signal, float32, one volume for each repeat, all on ``stack.geometry``."""

    stack: Stack
    volumes: tuple[Volume, ...]

    @property
    def volume(self) -> Volume:
        """The first measurement."""
        return self.volumes[0]


@dataclass(frozen=True, eq=False)
class ComposedStudy:
    """What is analysed of one examination: one volume, and where each voxel of it comes from.

    Attributes:
        volume: signal, float32.
        stations: stacks that were joined; the only one where nothing was joined.
        station_of_voxel: uint8 on the grid of ``volume``: i where most of the signal comes from ``stations[i - 1]``,
            0 where no station has been. The slice is where the station's affine puts the voxel.
        vendor_composed: whether ``volume`` is a series that the scanner composed, which is then the first station.
        notes: sentences for the reader about gaps, steps of intensity and what was left out.
    """

    volume: Volume
    stations: tuple[Stack, ...]
    station_of_voxel: Array
    vendor_composed: bool
    notes: tuple[str, ...] = ()

    @property
    def laterality(self) -> Side | None:
        """The side that every station says it shows (Laterality, (0020,0060); PS3.3 C.7.3.1); None without such."""
        told = {str(stack.header.get("Laterality") or stack.header.get("ImageLaterality")) for stack in self.stations}
        return _SIDES.get(told.pop()) if len(told) == 1 else None
