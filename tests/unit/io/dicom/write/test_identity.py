from __future__ import annotations

from dataclasses import replace
from itertools import islice
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from builders import PROVENANCE, make_geometry
from hypothesis import given
from hypothesis import strategies as st
from pacs_builders import FEMUR, VERTEBRA, lesion_map_of

from crmo_seg.io.dicom.types import Stack
from crmo_seg.io.dicom.write.identity import identity_of, plain_text, series_numbers
from crmo_seg.lesions import LesionMap

GRID = make_geometry((4, 4, 3))
IDS = np.zeros(GRID.shape, dtype=np.int32)
IDS[1, 2, 0] = 1


def moved() -> np.ndarray:
    return np.roll(IDS, 1, axis=0)


def test_the_same_result_has_the_same_uids() -> None:
    first, again = (identity_of(lesion_map_of(GRID, IDS, [FEMUR]), PROVENANCE) for _ in range(2))
    assert first.tracking_uid(1) == again.tracking_uid(1)
    assert first.uid("report") == again.uid("report") != first.uid("report", "series")
    assert len(first.uid("report")) <= 64


@pytest.mark.parametrize("change", [
    {"input_sha256": "c" * 64}, {"model_sha256": "c" * 64}, {"package_version": "9"}, {"mode": "best"},
])  # fmt: skip
def test_another_input_or_model_has_other_uids(change: dict[str, Any]) -> None:
    lesions = lesion_map_of(GRID, IDS)
    other = identity_of(lesions, replace(PROVENANCE, **change))
    assert other.uid("report") != identity_of(lesions, PROVENANCE).uid("report")


@pytest.mark.parametrize("other", [lesion_map_of(GRID, moved(), [FEMUR]), lesion_map_of(GRID, IDS, [VERTEBRA])])
def test_another_finding_has_other_uids(other: LesionMap) -> None:
    first = lesion_map_of(GRID, IDS, [FEMUR])
    assert identity_of(other, PROVENANCE).uid("a") != identity_of(first, PROVENANCE).uid("a")


def test_how_long_it_took_does_not_matter() -> None:
    lesions = lesion_map_of(GRID, IDS)
    slower = replace(PROVENANCE, timings_s={"read": 99.0})
    assert identity_of(lesions, slower).uid("a") == identity_of(lesions, PROVENANCE).uid("a")


def test_series_numbers_avoid_those_of_the_sources() -> None:
    stacks = [SimpleNamespace(header={"SeriesNumber": number}) for number in (3.0, 9001.0, None, 9003.0)]
    assert list(islice(series_numbers(cast("list[Stack]", stacks)), 3)) == [9002, 9004, 9005]


@given(st.text(max_size=200))
def test_any_text_becomes_one_that_dicom_holds(text: str) -> None:
    plain = plain_text(text)
    assert plain.isascii()
    assert plain.isprintable()
    assert "\\" not in plain
    assert len(plain) <= 64
    assert plain == plain.strip()


def test_equipment_says_that_it_is_research() -> None:
    identity = identity_of(lesion_map_of(GRID, IDS), replace(PROVENANCE, model_name="modèle " + "x" * 99))
    assert identity.equipment()["content_qualification"] == "RESEARCH"
    assert all(0 < len(text) <= 64 and text.isascii() for text in identity.equipment().values())
    assert len(identity.algorithm_name) <= 64
