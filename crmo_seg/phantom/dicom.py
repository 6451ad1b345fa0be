"""A phantom study as a DICOM examination: a series for each station and sequence, then the composed ones."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from itertools import count
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.io.dicom.synthetic.study import (
    COMPOSED_IMAGE_TYPE,
    LARGEST_SIGNAL,
    ORIGINAL_IMAGE_TYPE,
    MrSequence,
    MrSeries,
    MrStudy,
)
from crmo_seg.io.dicom.uids import derived_uid
from crmo_seg.keys import STIR
from crmo_seg.phantom.generate import PhantomStudy
from crmo_seg.phantom.plain.generate import PhantomStudy as PlainStudy
from crmo_seg.phantom.scan.protocol import Protocol
from crmo_seg.phantom.signal.contrast import ScannerContrast
from crmo_seg.phantom.visit import FIRST_VISIT
from crmo_seg.volume import Volume

PLANES: Final = ("sag", "cor", "tra")
"""By the world axis across the slices."""
SEQUENCE_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {STIR: "STIR", "t1": "T1 TSE", "t2_dixon_water": "T2 DIXON W"}
)
ECHO_TRAIN: Final = 16
FLIP_ANGLE_DEG: Final = 150.0
PLAIN_TR_MS: Final = 4500.0
BODY_PARTS: Final[Mapping[str, str]] = MappingProxyType({"coronal_whole_body": "WHOLEBODY", "sagittal_spine": "SPINE"})
REGION_PARTS: Final = frozenset({"PELVIS", "CHEST", "KNEE", "ANKLE", "FOOT", "SHOULDER", "HAND"})
_SCANNING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({STIR: ("SE", "IR")})


def mr_study_of(study: PhantomStudy) -> MrStudy:
    """Stations in their order, from the head down as they are measured, then the composed series.

    A study of a single station has no composed series.
    """
    plan = study.plan
    return MrStudy(
        patient_key=plan.patient_id,
        sex=plan.person.sex.value,
        age_years=plan.marks.child.age_years,
        study_date=FIRST_VISIT if plan.visit is None else datetime.date.fromisoformat(plan.visit),
        series=tuple(_series(study)),
    )


def plain_exam_of(study: PlainStudy) -> MrStudy:
    """The one, composed series of a study of the preset ``plain``, which knows neither sex nor sequence times."""
    signal = study.image.with_array(np.clip(np.rint(study.image.array), 0, LARGEST_SIGNAL))
    series = MrSeries(
        volume=signal,
        slice_axis=1,
        number=1,
        description="STIR cor composed",
        image_type=COMPOSED_IMAGE_TYPE,
        slice_thickness_mm=signal.geometry.spacing_mm[1],
        sequence=MrSequence(_SCANNING[STIR], PLAIN_TR_MS, None, None, 1.5, FLIP_ANGLE_DEG, ECHO_TRAIN),
        frame_of_reference_uid=derived_uid(study.patient_id, study.case_id, "frame"),
        body_part="WHOLEBODY",
    )
    return MrStudy(study.patient_id, "O", study.age_years, FIRST_VISIT, (series,))


def _series(study: PhantomStudy) -> Iterator[MrSeries]:
    numbers, stations = count(1), study.scan.stations[::-1]
    for name, contrast in study.contrast.items():
        for position, station in enumerate(stations, 1):
            words = f"station {position}" if len(stations) > 1 else ""
            volume = station.images[name]
            yield _one(study, contrast, volume, (next(numbers), words, ORIGINAL_IMAGE_TYPE))
    if len(stations) > 1:
        for name, contrast in study.contrast.items():
            volume = study.scan.images[name]
            yield _one(study, contrast, volume, (next(numbers), "composed", COMPOSED_IMAGE_TYPE))


def _one(
    study: PhantomStudy, contrast: ScannerContrast, volume: Volume, label: tuple[int, str, tuple[str, ...]]
) -> MrSeries:
    number, words, image_type = label
    protocol, sequence = study.scan.protocol, _sequence(contrast)
    return MrSeries(
        volume=volume,
        slice_axis=protocol.slice_axis,
        number=number,
        description=" ".join((SEQUENCE_WORDS[contrast.sequence_name], PLANES[protocol.slice_axis], words)).strip(),
        image_type=image_type,
        slice_thickness_mm=protocol.slice_thickness_mm,
        sequence=sequence.without_times() if image_type == COMPOSED_IMAGE_TYPE else sequence,
        frame_of_reference_uid=derived_uid(study.plan.patient_id, study.plan.case_id, study.plan.seed, "frame"),
        body_part=_body_part(protocol),
    )


def _sequence(contrast: ScannerContrast) -> MrSequence:
    return MrSequence(
        scanning_sequence=_SCANNING.get(contrast.sequence_name, ("SE",)),
        repetition_time_ms=contrast.tr_ms,
        echo_time_ms=contrast.te_ms,
        inversion_time_ms=contrast.ti_ms,
        field_strength_t=contrast.field_strength_t,
        flip_angle_deg=FLIP_ANGLE_DEG,
        echo_train_length=ECHO_TRAIN,
    )


def _body_part(protocol: Protocol) -> str:
    """PS3.16 annex L; the region's own word where it has one."""
    if protocol.region is None or protocol.view in BODY_PARTS:
        return BODY_PARTS[protocol.view]
    word = protocol.region.split("_")[0].upper()
    known = [term for term in (word, word.removesuffix("S")) if term in REGION_PARTS]  # "knees" are KNEE
    return known[0] if known else "EXTREMITY"
