"""The structured report: TID 1500 of DICOM PS3.16, a measurement group for each lesion and one for the whole study.

Comprehensive 3D SR, as the IHE profile AI Results asks for. A lesion's group refers to its segment on the station that
shows most of it; with too many lesions for a segment each, and for the whole study, a group has no region (TID 1501).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from crmo_seg.io.dicom.write import codes
from crmo_seg.io.dicom.write.codes import Concept
from crmo_seg.io.dicom.write.identity import MANUFACTURER, NOT_FOR_DIAGNOSIS, ResultIdentity, plain_text
from crmo_seg.io.dicom.write.segmentation import StationSegmentation, lesion_label
from crmo_seg.io.dicom.write.sources import stamp_patient
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.lesions import Lesion, LesionMap

if TYPE_CHECKING:
    from highdicom.sr import (
        AlgorithmIdentification,
        Comprehensive3DSR,
        FindingSite,
        Measurement,
        MeasurementReport,
        MeasurementsAndQualitativeEvaluations,
        ReferencedSegment,
        SourceImageForSegmentation,
        TrackingIdentifier,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )
    from pydicom.dataset import Dataset

_DIGITS: Final = 4


def report_of(
    lesion_map: LesionMap, results: Sequence[StationSegmentation], identity: ResultIdentity, series_number: int
) -> Comprehensive3DSR:
    """The structured report of one study; with no lesion it says so.

    Args:
        lesion_map: what was found.
        results: from ``segment_station``, at least one.
        identity: of the result.
        series_number: of the new series.
    """
    from highdicom.coding_schemes import CodingSchemeIdentificationItem
    from highdicom.sr import Comprehensive3DSR

    station = results[0].station
    images = [instance for result in results for instance in result.station.instances()]
    segmentations = [result.dataset for result in results if result.dataset is not None]
    report = Comprehensive3DSR(
        evidence=[*images, *segmentations],
        content=_measurement_report(lesion_map, results, identity),
        series_instance_uid=identity.uid("report", "series"),
        series_number=series_number,
        sop_instance_uid=identity.uid("report"),
        instance_number=1,
        is_complete=True,
        series_description=f"Edema SR, {NOT_FOR_DIAGNOSIS}",
        coding_schemes=[
            CodingSchemeIdentificationItem(
                codes.PRIVATE_SCHEME, name="Measurements of crmo_seg", responsible_organization=MANUFACTURER
            )
        ],
        **identity.equipment(),
    )
    stamp_patient(report, station)
    return report


def _measurement_report(
    lesion_map: LesionMap, results: Sequence[StationSegmentation], identity: ResultIdentity
) -> MeasurementReport:
    from highdicom.sr import DeviceObserverIdentifyingAttributes, MeasurementReport, ObservationContext, ObserverContext

    device = DeviceObserverIdentifyingAttributes(
        uid=identity.uid("device"),
        name=identity.algorithm_name,
        manufacturer_name=MANUFACTURER,
        model_name=plain_text(identity.provenance.model_name),
    )
    groups = [_lesion_group(lesion, results, identity) for lesion in lesion_map.lesions]
    return MeasurementReport(
        observation_context=ObservationContext(ObserverContext(codes.DEVICE.coded(), device)),
        procedure_reported=codes.MAGNETIC_RESONANCE_IMAGING.coded(),
        imaging_measurements=[_study_group(lesion_map, identity), *groups],
        referenced_images=_library(results),
    )


def _study_group(lesion_map: LesionMap, identity: ResultIdentity) -> MeasurementsAndQualitativeEvaluations:
    from highdicom.sr import MeasurementsAndQualitativeEvaluations, QualitativeEvaluation, TrackingIdentifier

    count = len(lesion_map.lesions)
    group = MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(identity.uid("all lesions"), "All lesions"),
        finding_category=codes.ABNORMAL_STRUCTURE.coded(),
        finding_type=codes.EDEMA.coded(),
        finding_sites=[_site_item(codes.BONE_MARROW)],
        algorithm_id=_algorithm(identity),
        measurements=[
            _measurement(codes.NUMBER_OF_LESIONS, count, codes.LESIONS),
            _measurement(codes.VOLUME, lesion_map.total_volume_ml, codes.MILLILITRE),
        ],
        qualitative_evaluations=[
            QualitativeEvaluation(codes.EDEMA.coded(), (codes.PRESENT if count else codes.ABSENT).coded())
        ],
    )
    _add_comment(group, "" if count else "No lesion found.")
    return group


def _lesion_group(
    lesion: Lesion, results: Sequence[StationSegmentation], identity: ResultIdentity
) -> VolumetricROIMeasurementsAndQualitativeEvaluations | MeasurementsAndQualitativeEvaluations:
    from highdicom.sr import (
        MeasurementsAndQualitativeEvaluations,
        VolumetricROIMeasurementsAndQualitativeEvaluations,
    )

    common = {
        "tracking_identifier": _tracking(lesion, identity),
        "finding_category": codes.ABNORMAL_STRUCTURE.coded(),
        "finding_type": codes.EDEMA.coded(),
        "finding_sites": _sites(lesion),
        "algorithm_id": _algorithm(identity),
        "measurements": _measurements(lesion),
    }
    segment = _segment_of(lesion, results)
    if segment is None:
        return MeasurementsAndQualitativeEvaluations(**common)
    return VolumetricROIMeasurementsAndQualitativeEvaluations(referenced_segment=segment, **common)


def _tracking(lesion: Lesion, identity: ResultIdentity) -> TrackingIdentifier:
    from highdicom.sr import TrackingIdentifier

    return TrackingIdentifier(identity.tracking_uid(lesion.lesion_id), plain_text(lesion_label(lesion)))


def _sites(lesion: Lesion) -> list[FindingSite]:
    bone = codes.bone_concept(lesion.site)
    return [_site_item(bone or codes.BONE_MARROW, codes.side_concept(lesion.site))]


def _site_item(place: Concept, side: Concept | None = None) -> FindingSite:
    from highdicom.sr import FindingSite

    return FindingSite(place.coded(), laterality=side.coded() if side else None)


def _algorithm(identity: ResultIdentity) -> AlgorithmIdentification:
    from highdicom.sr import AlgorithmIdentification

    return AlgorithmIdentification(identity.algorithm_name, identity.algorithm_version)


def _measurements(lesion: Lesion) -> list[Measurement]:
    """Those that were taken."""
    taken = [
        _measurement(codes.VOLUME, lesion.volume_ml, codes.MILLILITRE),
        _measurement(codes.MAXIMUM_DIAMETER, lesion.max_diameter_mm, codes.MILLIMETRE),
    ]
    if lesion.signal_ratio is not None:
        taken.append(_measurement(codes.SIGNAL_RATIO, lesion.signal_ratio, codes.RATIO))
    if lesion.mean_probability is not None:
        taken.append(_measurement(codes.MEAN_PROBABILITY, lesion.mean_probability, codes.NO_UNITS))
    return taken


def _measurement(name: Concept, value: float, unit: Concept) -> Measurement:
    from highdicom.sr import Measurement

    rounded = value if isinstance(value, int) else round(value, _DIGITS)
    return Measurement(name.coded(), rounded, unit.coded())


def _segment_of(lesion: Lesion, results: Sequence[StationSegmentation]) -> ReferencedSegment | None:
    """The lesion's segment on the station that shows most of its voxels; None where it has no segment of its own."""
    from highdicom.sr import ReferencedSegment

    having = [
        (int(result.voxels[lesion.lesion_id].sum()), result, result.dataset)
        for result in results
        if result.dataset is not None and lesion.lesion_id in result.segment_of_lesion
    ]
    if not having:
        return None
    _, best, dataset = max(having, key=lambda item: item[0])
    return ReferencedSegment(
        sop_class_uid=dataset.SOPClassUID,
        sop_instance_uid=dataset.SOPInstanceUID,
        segment_number=best.segment_of_lesion[lesion.lesion_id],
        source_images=_images_of(lesion, best),
    )


def _images_of(lesion: Lesion, result: StationSegmentation) -> list[SourceImageForSegmentation]:
    """The slices that show a lesion; those of one multi-frame file together."""
    from highdicom.sr import SourceImageForSegmentation

    shown = np.flatnonzero(result.voxels[lesion.lesion_id])
    frames: dict[tuple[str, str], list[int]] = {}
    for plane in (result.station.planes[index] for index in shown):
        numbers = frames.setdefault((plane.sop_class_uid, plane.sop_instance_uid), [])
        numbers += [plane.frame] if plane.frame is not None else []
    return [SourceImageForSegmentation(*uids, sorted(numbers) or None) for uids, numbers in frames.items()]


def _library(results: Sequence[StationSegmentation]) -> list[Dataset]:
    """Headers of the image that shows most of each lesion, for viewers that look measurements up there (TID 1600)."""
    library: list[Dataset] = []
    for result in results:
        lesions = result.voxels[1:][result.voxels[1:].any(axis=1)]
        uids = {result.station.planes[index].sop_instance_uid for index in lesions.argmax(axis=1)}
        library += [instance for instance in result.station.instances() if instance.SOPInstanceUID in uids]
    return library


def _add_comment(group: MeasurementsAndQualitativeEvaluations, text: str) -> None:
    from highdicom.sr import RelationshipTypeValues, TextContentItem

    said = " ".join(sentence for sentence in (text, RESEARCH_ONLY) if sentence)
    item = TextContentItem(codes.COMMENT.coded(), said, relationship_type=RelationshipTypeValues.CONTAINS)
    group[0].ContentSequence.append(item)
