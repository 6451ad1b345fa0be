"""Key images as Secondary Capture, for archives and viewers that show neither SEG nor SR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from crmo_seg.io.dicom.write.identity import NOT_FOR_DIAGNOSIS, ResultIdentity
from crmo_seg.io.dicom.write.sources import StationSource, stamp_patient
from crmo_seg.keys import RESEARCH_ONLY

if TYPE_CHECKING:
    from highdicom.sc import SCImage


def key_images(
    pictures: Sequence[NDArray[np.uint8]], station: StationSource, identity: ResultIdentity, series_number: int
) -> tuple[SCImage, ...]:
    """A Secondary Capture of each picture, all in one series.

    Args:
        pictures: (rows, columns, 3) uint8, red, green and blue.
        station: whose patient and study they are of.
        identity: of the result.
        series_number: of the new series.
    """
    return tuple(
        _key_image(np.ascontiguousarray(picture), number, station, identity, series_number)
        for number, picture in enumerate(pictures, 1)
    )


def _key_image(
    picture: NDArray[np.uint8], number: int, station: StationSource, identity: ResultIdentity, series_number: int
) -> SCImage:
    from highdicom.sc import SCImage

    image = SCImage(
        pixel_array=picture,
        photometric_interpretation="RGB",
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "F"),
        study_instance_uid=station.stack.study_uid,
        series_instance_uid=identity.uid("key images"),
        series_number=series_number,
        sop_instance_uid=identity.uid("key images", number),
        instance_number=number,
        series_description=f"Edema key images, {NOT_FOR_DIAGNOSIS}",
        **identity.equipment(),
    )
    image.ConversionType = "SYN"  # drawn by a program
    image.PatientOrientation = None  # a page may hold several views; the letters in the picture tell the sides
    image.Laterality = None  # of both sides
    image.BurnedInAnnotation = "NO"  # nothing that tells who the patient is
    image.ImageComments = RESEARCH_ONLY
    stamp_patient(image, station)
    return image
