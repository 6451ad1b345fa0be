"""All results of one study for the PACS, in one folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.files import folder_written_whole
from crmo_seg.io.dicom.discretion import discreet
from crmo_seg.io.dicom.types import ComposedStudy, Stack
from crmo_seg.io.dicom.write.identity import identity_of, series_numbers
from crmo_seg.io.dicom.write.key_images import key_images
from crmo_seg.io.dicom.write.report_sr import report_of
from crmo_seg.io.dicom.write.segmentation import StationSegmentation, segment_station
from crmo_seg.io.dicom.write.sources import read_station
from crmo_seg.io.dicom.write.station_labels import labels_on
from crmo_seg.lesions import LesionMap
from crmo_seg.prediction import Provenance

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SEGMENTATION_NAME: Final = "edema_seg"
REPORT_NAME: Final = "edema_sr"
KEY_IMAGE_NAME: Final = "edema_key"


def write_dicom_results(
    folder: Path,
    lesion_map: LesionMap,
    composed: ComposedStudy,
    provenance: Provenance,
    pictures: Sequence[NDArray[np.uint8]] = (),
) -> tuple[Path, ...]:
    """Write ``edema_seg.dcm``, ``edema_sr.dcm``, ``edema_key_1.dcm`` and so on into a new folder, whole or not at all.

    With several stations each has its own SEG, named by its series number, on its own voxels; a lesion that two of
    them show is in both, with one tracking UID. A station without a lesion has none. The same input, model and
    lesions give the same UIDs.

    Args:
        folder: is replaced where it exists.
        lesion_map: on the grid of ``composed.volume``.
        composed: where the lesions were found; its files are read again, without pixels.
        provenance: of the prediction.
        pictures: key images, (rows, columns, 3) uint8.

    Returns:
        The files: segmentations, report, key images.

    Raises:
        InputError: where a source file cannot be read any more, or the folder cannot be written.
    """  # fmt: skip
    with discreet():
        objects = _objects(lesion_map, composed, provenance, pictures)
        with folder_written_whole(folder) as part:
            for name, dataset in objects.items():
                dataset.save_as(part / name, enforce_file_format=True)
    return tuple(folder / name for name in objects)


def _objects(
    lesion_map: LesionMap, composed: ComposedStudy, provenance: Provenance, pictures: Sequence[NDArray[np.uint8]]
) -> dict[str, Dataset]:
    identity, numbers = identity_of(lesion_map, provenance), series_numbers(composed.stations)
    results: list[StationSegmentation] = []
    for stack in composed.stations:
        station = read_station(stack)
        lesion_ids = labels_on(lesion_map.labels, station.geometry)
        results.append(segment_station(station, lesion_ids, lesion_map.lesions, identity, next(numbers)))
    names = segmentation_names(composed.stations)
    found = {name: result.dataset for name, result in zip(names, results, strict=True) if result.dataset is not None}
    report = report_of(lesion_map, results, identity, next(numbers))
    drawn = key_images(pictures, results[0].station, identity, next(numbers))
    return {
        **found,
        f"{REPORT_NAME}.dcm": report,
        **{f"{KEY_IMAGE_NAME}_{number}.dcm": image for number, image in enumerate(drawn, 1)},
    }


def segmentation_names(stacks: Sequence[Stack]) -> list[str]:
    """``edema_seg.dcm``, or a name for each station: by its series number, else by its place in the list."""
    if len(stacks) == 1:
        return [f"{SEGMENTATION_NAME}.dcm"]
    numbers = [stack.header.get("SeriesNumber") for stack in stacks]
    known = [int(number) for number in numbers if isinstance(number, float | int)]
    chosen = known if len(set(known)) == len(stacks) else range(1, len(stacks) + 1)
    return [f"{SEGMENTATION_NAME}_{number}.dcm" for number in chosen]
