from __future__ import annotations

from dataclasses import replace

import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.protocol import Artefacts, Protocol

PROTOCOL = Protocol(
    view="coronal_whole_body",
    slice_axis=1,
    phase_axis=0,
    in_plane_mm=1.25,
    slice_pitch_mm=6.0,
    slice_thickness_mm=5.5,
    field_of_view=((-100.0, -60.0, 0.0), (100.0, 60.0, 1000.0)),
    stations=4,
)


def test_spacing_follows_the_slice_axis() -> None:
    assert PROTOCOL.spacing_mm == (1.25, 6.0, 1.25)
    assert PROTOCOL.in_plane_axes == (0, 2)
    sagittal = replace(PROTOCOL, slice_axis=0, phase_axis=2)
    assert sagittal.spacing_mm == (6.0, 1.25, 1.25)
    assert sagittal.in_plane_axes == (1, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"in_plane_mm": -1.0}, "in_plane_mm is -1.0; give more than 0"),
        ({"slice_thickness_mm": 0.0}, "slice_thickness_mm is 0.0"),
        ({"slice_pitch_mm": 0.0}, "slices of 5.5 mm lie 0.0 mm apart"),
        ({"slice_pitch_mm": 4.0}, "slices of 5.5 mm lie 4.0 mm apart; give a gap of 0 to 50% of the pitch"),
        ({"slice_pitch_mm": 12.0}, "slices of 5.5 mm lie 12.0 mm apart"),
        ({"stations": 0}, "has 0 stations; give 1 or more"),
        ({"overlap": 0.6}, "overlap is 0.6"),
        ({"sub_slices": 0}, "sub_slices is 0"),
        ({"phase_axis": 1}, "the phase axis is no axis in the slices"),
        ({"slice_axis": 2}, "has several stations of axial slices"),
        ({"muscle_signal": 0.0}, "muscle_signal is 0.0"),
        ({"field_of_view": ((0.0, 0.0, 0.0), (1.0, -1.0, 1.0))}, "field_of_view is"),
        ({"phase_axis": 2, "artefacts": Artefacts(wrap_mm=5.0)}, "wraps along z in several stations"),
    ],
)
def test_impossible_protocols_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        replace(PROTOCOL, **change)
    assert str(caught.value).startswith("scan protocol: ")
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"noise": -0.1}, "an artefact is negative"),
        ({"cross_talk": 1.5}, "a share is outside 0-1"),
        ({"interpolation": 0.5}, "interpolation is 0.5; give 1 to 2"),
    ],
)
def test_impossible_artefacts_are_refused(change: dict[str, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Artefacts(**change)
