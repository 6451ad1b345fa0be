from __future__ import annotations

import datetime
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from crmo_seg.io.dicom.synthetic.study import ORIGINAL_IMAGE_TYPE, MrSequence, MrSeries, MrStudy
from crmo_seg.volume import Array, Geometry, GeometryError, Volume

STIR = MrSequence(("SE", "IR"), 4500, 70, 160, 1.5, 150)
PIXELS = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
AFFINE = np.diag([1.0, 1.0, 5.0, 1.0])


def volume(array: Array = PIXELS, affine: Array = AFFINE) -> Volume:
    x, y, z = array.shape
    return Volume(array, Geometry(affine, (x, y, z)))


def series(**changes: Any) -> MrSeries:  # noqa: ANN401
    first = MrSeries(volume(), 2, 1, "STIR tra", ORIGINAL_IMAGE_TYPE, 4.0, STIR, "2.25.7", "WHOLEBODY")
    return replace(first, **changes)


def study(**changes: Any) -> MrStudy:  # noqa: ANN401
    return replace(MrStudy("P0001", "F", 9.5, datetime.date(2024, 2, 29), (series(),)), **changes)


@pytest.mark.parametrize("value", [-1.0, 4096.0, np.nan, np.inf])
def test_pixels_have_twelve_bits(value: float) -> None:
    array = PIXELS.copy()
    array[1, 2, 3] = value
    with pytest.raises(ValueError, match=r"the signal is .*, not within 0 to 4095 \(12 bits\)"):
        series(volume=volume(array))


def test_pixels_are_whole_numbers() -> None:
    with pytest.raises(ValueError, match="the signal is not whole numbers; round it first"):
        series(volume=volume(PIXELS + np.float32(0.25)))
    series(volume=volume(np.array([0, 4095], dtype=np.float32).reshape(1, 1, 2)))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_skewed_grid_is_refused(axis: int) -> None:
    affine = AFFINE.copy()
    affine[(axis + 1) % 3, axis] = 0.1 * affine[axis, axis]  # atan(0.1) = 5.71 degrees
    with pytest.raises(GeometryError, match=r"the axes of the volume are 5\.71 degrees off the right angle"):
        series(volume=volume(affine=affine))


def test_rounding_of_an_affine_is_no_skew() -> None:
    turn = np.array([[0.6, -0.8, 0], [0.8, 0.6, 0], [0, 0, 1]]).astype(np.float32)
    series(volume=volume(affine=np.vstack([np.hstack([turn, [[0], [0], [0]]]), [[0, 0, 0, 1]]])))


WRONG_SERIES: list[tuple[dict[str, Any], str]] = [
    ({"slice_axis": 3}, "the slice axis is 3"),
    ({"number": 0}, "the series number is 0"),
    ({"slice_thickness_mm": 0.0}, "the slice thickness is 0.0 mm"),
    ({"description": ""}, "the series description is ''"),
    ({"description": "a\\b"}, "without \\ ^ ="),
    ({"description": "x" * 65}, "not 1 to 64 letters"),
    ({"image_type": ("PRIMARY", "ORIGINAL")}, "does not begin with ORIGINAL or DERIVED"),
    ({"image_type": ()}, "does not begin with ORIGINAL or DERIVED"),
    ({"body_part": "whole body"}, "['whole body'] are not codes"),
    ({"sequence": replace(STIR, scanning_sequence=())}, "are not codes"),
    ({"frame_of_reference_uid": "1.02.3"}, "the frame of reference is '1.02.3'"),
    ({"frame_of_reference_uid": "1." + "2" * 63}, "not a DICOM UID"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG_SERIES, ids=lambda value: str(value)[:30])
def test_what_cannot_stand_in_dicom_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        series(**changes)


WRONG_STUDY: list[tuple[dict[str, Any], str]] = [
    ({"patient_key": "A^B"}, "the patient key is 'A^B'"),
    ({"sex": "female"}, "the sex is 'female', not one of F, M, O"),
    ({"age_years": -1}, "the age is -1 years"),
    ({"series": ()}, "the series numbers are []"),
    ({"series": (series(), series())}, "the series numbers are [1, 1], not one or more different ones"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG_STUDY, ids=lambda value: str(value)[:30])
def test_a_study_that_cannot_be_written_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        study(**changes)


def test_the_patient_is_not_in_the_repr() -> None:
    assert "P0001" not in repr(study())
