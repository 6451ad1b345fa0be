"""Headers of MR Image Storage: what is the same in all images of one series, DICOM PS3.3 A.4.

Everything comes from the study: the same study gives the same header, whenever and wherever it is written.
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Final

from crmo_seg.io.dicom.decimal_string import decimal_text
from crmo_seg.io.dicom.synthetic.study import MrSequence, MrSeries, MrStudy
from crmo_seg.io.dicom.uids import derived_uid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset

STUDY_DESCRIPTION: Final = "SYNTHETIC PHANTOM, NOT A PATIENT"

_FIRST_SERIES_TIME = datetime.time(9)
_SERIES_DURATION = datetime.timedelta(minutes=4)
_MADE_BY = "crmo_seg"
_PAIRED_BODY_PARTS = frozenset(
    {"SHOULDER", "ARM", "ELBOW", "HAND", "HIP", "EXTREMITY", "THIGH", "KNEE", "LEG", "ANKLE", "FOOT"}
)


def study_uid(study: MrStudy, seed_text: str) -> str:
    """StudyInstanceUID: another patient, date or seed is another study."""
    return derived_uid(seed_text, study.patient_key, study.study_date.isoformat(), "study")


def series_uid(study: MrStudy, series: MrSeries, seed_text: str) -> str:
    """SeriesInstanceUID of a series of this study."""
    return derived_uid(study_uid(study, seed_text), "series", series.number)


def series_header(study: MrStudy, series: MrSeries, seed_text: str) -> Dataset:
    """All attributes that the images of a series share; those of type 2 that nobody needs are empty."""
    from pydicom.dataset import Dataset
    from pydicom.uid import MRImageStorage

    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"  # UTF-8
    header.SOPClassUID = MRImageStorage
    _set_patient(header, study)
    _set_study(header, study, seed_text)
    _set_series(header, study, series, seed_text)
    _set_image(header, series)
    _set_sequence(header, series.sequence)
    return header


def file_meta(instance_uid: str) -> FileMetaDataset:
    """The group 0002 of one file, PS3.10 7.1; names no version, so that bytes do not change with a release."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage

    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = UID(instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(derived_uid(_MADE_BY))
    meta.ImplementationVersionName = _MADE_BY.upper()
    return meta


def _set_patient(header: Dataset, study: MrStudy) -> None:
    header.PatientName = f"Phantom^{study.patient_key}"
    header.PatientID = study.patient_key
    header.PatientBirthDate = ""
    header.PatientSex = study.sex
    header.PatientAge = f"{int(study.age_years):03d}Y"
    header.QualityControlSubject = "YES"  # C.7.1.1: a phantom


def _set_study(header: Dataset, study: MrStudy, seed_text: str) -> None:
    header.StudyInstanceUID = study_uid(study, seed_text)
    header.StudyDate = _date(study)
    header.StudyTime = f"{_FIRST_SERIES_TIME:%H%M%S}"
    header.StudyDescription = STUDY_DESCRIPTION
    header.AccessionNumber = header.StudyID = header.ReferringPhysicianName = ""


def _set_series(header: Dataset, study: MrStudy, series: MrSeries, seed_text: str) -> None:
    header.Modality = "MR"
    header.SeriesInstanceUID = series_uid(study, series, seed_text)
    header.SeriesNumber = series.number
    header.SeriesDescription = header.ProtocolName = series.description
    header.SeriesDate = header.AcquisitionDate = header.ContentDate = _date(study)
    header.SeriesTime = header.AcquisitionTime = header.ContentTime = _time(study, series)
    header.BodyPartExamined = series.body_part
    if series.body_part in _PAIRED_BODY_PARTS:
        header.ImageLaterality = "B"  # Laterality of the series, required otherwise (C.7.3.1), knows one side only
    header.PatientPosition = "HFS"
    header.FrameOfReferenceUID = series.frame_of_reference_uid
    header.PositionReferenceIndicator = ""
    header.Manufacturer = _MADE_BY
    header.ManufacturerModelName = "phantom"


def _set_image(header: Dataset, series: MrSeries) -> None:
    header.ImageType = list(series.image_type)
    header.AcquisitionNumber = 1
    header.ImageComments = STUDY_DESCRIPTION
    header.QualityControlImage = "YES"
    header.BurnedInAnnotation = "NO"
    header.LossyImageCompression = "00"
    header.SliceThickness = decimal_text(series.slice_thickness_mm)


def _set_sequence(header: Dataset, sequence: MrSequence) -> None:
    header.ScanningSequence = list(sequence.scanning_sequence)
    header.SequenceVariant = list(sequence.sequence_variant)
    header.ScanOptions = list(sequence.scan_options)
    header.MRAcquisitionType = "2D"
    header.RepetitionTime = decimal_text(sequence.repetition_time_ms)
    header.EchoTime = _decimal_or_empty(sequence.echo_time_ms)
    if sequence.inversion_time_ms is not None or "IR" in sequence.scanning_sequence:  # type 2C, C.8.3.1
        header.InversionTime = _decimal_or_empty(sequence.inversion_time_ms)
    header.EchoTrainLength = sequence.echo_train_length
    header.MagneticFieldStrength = decimal_text(sequence.field_strength_t)
    header.FlipAngle = decimal_text(sequence.flip_angle_deg)


def _decimal_or_empty(value: float | None) -> str | None:
    return None if value is None else decimal_text(value)


def _date(study: MrStudy) -> str:
    return f"{study.study_date:%Y%m%d}"


def _time(study: MrStudy, series: MrSeries) -> str:
    place = [other.number for other in study.series].index(series.number)
    start = datetime.datetime.combine(study.study_date, _FIRST_SERIES_TIME)
    return f"{start + place * _SERIES_DURATION:%H%M%S}"
