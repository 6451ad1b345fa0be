from __future__ import annotations

import datetime

import numpy as np
import pydicom

from crmo_seg.io.dicom.synthetic.header import file_meta, series_header, series_uid, study_uid
from crmo_seg.io.dicom.synthetic.study import COMPOSED_IMAGE_TYPE, ORIGINAL_IMAGE_TYPE, MrSequence, MrSeries, MrStudy
from crmo_seg.volume import Geometry, Volume

STIR = MrSequence(("SE", "IR"), 4500, 70, 160, 1.5, 150, 12, ("SK", "SP"), ("FS",))
T1 = MrSequence(("SE",), 500, 10, None, 1.5, 90)
VOLUME = Volume(np.zeros((2, 2, 2), dtype=np.float32), Geometry(np.eye(4), (2, 2, 2)))


def series(
    number: int, sequence: MrSequence, image_type: tuple[str, ...] = ORIGINAL_IMAGE_TYPE, body_part: str = "WHOLEBODY"
) -> MrSeries:
    return MrSeries(VOLUME, 1, number, f"series {number}", image_type, 1.0, sequence, "2.25.7", body_part)


STATION, ANATOMY, COMPOSED = (
    series(2, STIR),
    series(5, T1, body_part="LEG"),
    series(9, STIR.without_times(), COMPOSED_IMAGE_TYPE),
)
STUDY = MrStudy("P0007", "M", 9.96, datetime.date(2024, 2, 29), (STATION, ANATOMY, COMPOSED))


def test_the_patient_is_a_phantom() -> None:
    header = series_header(STUDY, STATION, "seed")
    assert (header.PatientName, header.PatientID, header.PatientSex) == ("Phantom^P0007", "P0007", "M")
    assert header.PatientAge == "009Y"  # of 9.96 years
    assert header.StudyDescription == header.ImageComments == "SYNTHETIC PHANTOM, NOT A PATIENT"
    assert (header.QualityControlSubject, header.QualityControlImage, header.BurnedInAnnotation) == ("YES", "YES", "NO")
    for keyword in ("PatientBirthDate", "AccessionNumber", "StudyID", "ReferringPhysicianName"):
        assert keyword in header
        assert not header[keyword].value


def test_times_come_from_the_study() -> None:
    headers = [series_header(STUDY, item, "seed") for item in STUDY.series]
    assert [header.SeriesTime for header in headers] == ["090000", "090400", "090800"]
    for header in headers:
        dates = {header[keyword].value for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")}
        assert dates == {"20240229"}
        assert header.StudyTime == "090000"


def test_an_inversion_time_stands_where_the_sequence_has_one() -> None:
    station, anatomy, composed = (series_header(STUDY, item, "seed") for item in STUDY.series)
    assert (station.EchoTime, station.InversionTime, station.ImageType[2]) == (70, 160, "M")
    assert "InversionTime" not in anatomy
    assert anatomy.EchoTime == 10
    assert composed.EchoTime is None
    assert composed.InversionTime is None  # required where the sequence inverts, may be empty (2C)
    assert list(composed.ImageType) == ["DERIVED", "SECONDARY", "COMPOSED"]
    assert "ScanOptions" in anatomy
    assert not anatomy.ScanOptions


def test_a_paired_body_part_shows_both_sides() -> None:
    assert series_header(STUDY, ANATOMY, "seed").ImageLaterality == "B"
    assert "ImageLaterality" not in series_header(STUDY, STATION, "seed")


def test_uids_follow_from_seed_patient_date_and_series() -> None:
    later = MrStudy("P0007", "M", 10.5, datetime.date(2024, 8, 29), STUDY.series)
    other = MrStudy("P0008", "M", 9.96, STUDY.study_date, STUDY.series)
    uids = [study_uid(STUDY, "a"), study_uid(STUDY, "b"), study_uid(later, "a"), study_uid(other, "a")]
    uids += [series_uid(item, series, "a") for item in (STUDY, later, other) for series in STUDY.series]
    assert len(set(uids)) == len(uids)
    assert uids[0] == study_uid(MrStudy("P0007", "M", 9.96, STUDY.study_date, (STATION,)), "a")
    for uid in uids:
        assert pydicom.uid.UID(uid).is_valid
        assert int(uid.removeprefix("2.25.")) < 2**128


def test_file_meta_names_no_release() -> None:
    meta = file_meta("2.25.1")
    assert (meta.ImplementationVersionName, meta.MediaStorageSOPInstanceUID) == ("CRMO_SEG", "2.25.1")
    assert meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
