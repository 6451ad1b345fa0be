"""DICOM SEG of one station: BINARY, on the very pixels of its slices, a segment for each lesion.

BINARY, uncompressed and on the grid of the source is what viewers and archives know best (highdicom, "Creating
Segmentation Images"); more segments than `MOST_SEGMENTS` slow viewers down, so that then one holds them all.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.io.dicom.write.codes import (
    ABNORMAL_STRUCTURE,
    ARTIFICIAL_INTELLIGENCE,
    BONE_MARROW,
    EDEMA,
    bone_concept,
    side_concept,
    site_text,
)
from crmo_seg.io.dicom.write.identity import MANUFACTURER, NOT_FOR_DIAGNOSIS, ResultIdentity, plain_text
from crmo_seg.io.dicom.write.sources import StationSource, name_sources, stamp_patient
from crmo_seg.lesions import Lesion

if TYPE_CHECKING:
    from highdicom import AlgorithmIdentificationSequence
    from highdicom.seg import Segmentation, SegmentDescription
    from highdicom.sr import CodedConcept

MOST_SEGMENTS: Final = 50

_GOLDEN_SHARE = (3.0 - math.sqrt(5.0)) / 2.0
_SATURATION, _BRIGHTNESS = 0.7, 0.95


@dataclass(frozen=True, eq=False)
class StationSegmentation:
    """What was found on one station.

    Attributes:
        station: the source.
        voxels: of each lesion on each slice, shape (largest lesion id + 1, slices); row 0 is no lesion.
        dataset: the SEG; None where no lesion lies on the station.
        segment_of_lesion: segment numbers by lesion id; empty where one segment holds all lesions.
    """

    station: StationSource
    voxels: NDArray[np.int64] = field(repr=False)
    dataset: Segmentation | None = field(repr=False)
    segment_of_lesion: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))


def segment_station(
    station: StationSource,
    lesion_ids: NDArray[np.uint16],
    lesions: Sequence[Lesion],
    identity: ResultIdentity,
    series_number: int,
) -> StationSegmentation:
    """The SEG of one station.

    Args:
        station: from ``read_station``.
        lesion_ids: from ``labels_on``, on the station's grid.
        lesions: all of the study.
        identity: of the result.
        series_number: of the new series.
    """
    voxels = _voxels_by_slice(lesion_ids, 1 + max((lesion.lesion_id for lesion in lesions), default=0))
    here = [lesion for lesion in lesions if voxels[lesion.lesion_id].any()]
    if not here:
        return StationSegmentation(station, voxels, None)
    algorithm = _algorithm(identity)
    if len(lesions) > MOST_SEGMENTS:
        numbers: dict[int, int] = {}
        descriptions = [_all_lesions(len(here), identity, algorithm)]
        segments = (lesion_ids > 0).astype(np.uint8)
    else:
        numbers = {lesion.lesion_id: number for number, lesion in enumerate(here, 1)}
        descriptions = [_one_lesion(numbers[lesion.lesion_id], lesion, identity, algorithm) for lesion in here]
        segments = _renumbered(lesion_ids, numbers)
    dataset = _segmentation(station, segments, descriptions, identity, series_number)
    return StationSegmentation(station, voxels, dataset, MappingProxyType(numbers))


def _voxels_by_slice(lesion_ids: NDArray[np.uint16], count: int) -> NDArray[np.int64]:
    slices = np.moveaxis(lesion_ids, 2, 0)
    return np.stack([np.bincount(plane.ravel(), minlength=count) for plane in slices], axis=1)


def _segmentation(
    station: StationSource,
    segments: NDArray[np.uint8],
    descriptions: Sequence[SegmentDescription],
    identity: ResultIdentity,
    series_number: int,
) -> Segmentation:
    from highdicom.seg import Segmentation

    key = ("segmentation", station.stack.series_uid, station.stack.name)
    dataset = Segmentation(
        source_images=[plane.header for plane in station.planes],
        pixel_array=np.ascontiguousarray(segments.transpose(2, 1, 0)),  # frame, row, column
        segmentation_type="BINARY",
        segment_descriptions=descriptions,
        series_instance_uid=identity.uid(*key, "series"),
        series_number=series_number,
        sop_instance_uid=identity.uid(*key),
        instance_number=1,
        content_label="EDEMA",
        content_description=f"Bone marrow edema, {NOT_FOR_DIAGNOSIS}",
        content_creator_name=f"{MANUFACTURER}^",
        series_description=f"Edema SEG, {NOT_FOR_DIAGNOSIS}",
        **identity.equipment(),
    )
    name_sources(dataset, station)
    stamp_patient(dataset, station)
    return dataset


def _renumbered(lesion_ids: NDArray[np.uint16], numbers: Mapping[int, int]) -> NDArray[np.uint8]:
    table = np.zeros(int(lesion_ids.max()) + 1, dtype=np.uint8)
    for lesion_id, number in numbers.items():
        table[lesion_id] = number
    return table[lesion_ids]


def _algorithm(identity: ResultIdentity) -> AlgorithmIdentificationSequence:
    from highdicom import AlgorithmIdentificationSequence

    provenance = identity.provenance
    threshold = {} if provenance.threshold is None else {"threshold": f"{provenance.threshold:g}"}
    peak = provenance.minimum_peak_probability
    return AlgorithmIdentificationSequence(
        name=identity.algorithm_name,
        family=ARTIFICIAL_INTELLIGENCE.coded(),
        version=identity.algorithm_version,
        source=MANUFACTURER,
        parameters={
            "mode": provenance.mode,
            **threshold,
            "minimum_lesion_ml": f"{provenance.minimum_lesion_ml:g}",
            **({"minimum_peak_probability": f"{peak:g}"} if peak else {}),
        },
    )


def _one_lesion(
    number: int, lesion: Lesion, identity: ResultIdentity, algorithm: AlgorithmIdentificationSequence
) -> SegmentDescription:
    description = _description(number, lesion_label(lesion), algorithm)
    description.TrackingID = plain_text(lesion_label(lesion))
    description.TrackingUID = identity.tracking_uid(lesion.lesion_id)
    region = _region(lesion)
    if region is not None:
        description.AnatomicRegionSequence = [region]
    return description


def _all_lesions(
    count: int, identity: ResultIdentity, algorithm: AlgorithmIdentificationSequence
) -> SegmentDescription:
    description = _description(1, f"Bone marrow edema, {count} lesions", algorithm)
    description.TrackingID = "All lesions"
    description.TrackingUID = identity.uid("all lesions")
    return description


def _description(number: int, label: str, algorithm: AlgorithmIdentificationSequence) -> SegmentDescription:
    from highdicom.color import CIELabColor
    from highdicom.seg import SegmentDescription

    hue = number * _GOLDEN_SHARE % 1.0  # neighbours in number are far apart in colour
    red, green, blue = (round(255 * share) for share in colorsys.hsv_to_rgb(hue, _SATURATION, _BRIGHTNESS))
    return SegmentDescription(
        segment_number=number,
        segment_label=plain_text(label),
        segmented_property_category=ABNORMAL_STRUCTURE.coded(),
        segmented_property_type=EDEMA.coded(),
        algorithm_type="AUTOMATIC",
        algorithm_identification=algorithm,
        primary_anatomic_structures=[BONE_MARROW.coded()],
        display_color=CIELabColor.from_rgb(red, green, blue),
    )


def lesion_label(lesion: Lesion) -> str:
    """Number and site of a lesion in words.

    >>> lesion_label(Lesion(3, 4.2, 20.0, (0.0, 0.0, 0.0)))
    'Lesion 3'
    """
    return ", ".join(part for part in (f"Lesion {lesion.lesion_id}", site_text(lesion.site)) if part)


def _region(lesion: Lesion) -> CodedConcept | None:
    """The bone, with its side as a modifier (PS3.3 10.5)."""
    bone, side = bone_concept(lesion.site), side_concept(lesion.site)
    if bone is None:
        return None
    region = bone.coded()
    if side is not None:
        region.AnatomicRegionModifierSequence = [side.coded()]
    return region
