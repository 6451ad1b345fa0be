from __future__ import annotations

import math
from typing import Any

import pytest
from builders import rotation_about
from dicom_frame_builders import AXIAL, CORONAL, SAGITTAL, frame, identity
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.io.dicom.read.frame_stack import FrameStack
from crmo_seg.io.dicom.read.frames import Frame
from crmo_seg.io.dicom.read.grouping import stacks_of


def coronal_station(top: float, slices: int = 4, **header: Any) -> list[Frame]:  # noqa: ANN401
    return [frame((-100, 5.0 * index, top), CORONAL, **header) for index in range(slices)]


def sizes(stacks: list[FrameStack]) -> list[tuple[int, int]]:
    return sorted((len(stack.repeats), len(stack.repeats[0])) for stack in stacks)


@pytest.mark.parametrize(
    "values",
    [
        {"EchoTime": (7.0, 10.0)},
        {"EchoNumbers": (1.0, 2.0)},
        {"ImageType": (("ORIGINAL", "M"), ("ORIGINAL", "P"))},
        {"ComplexImageComponent": ("MAGNITUDE", "PHASE")},
        {"DiffusionBValue": (0.0, 800.0)},
        {"InversionTime": (150.0, 400.0)},
    ],
)
def test_what_was_measured_separates(values: dict[str, tuple[Any, Any]]) -> None:
    ((keyword, (first, second)),) = values.items()
    frames = [frame((0, 0, 4 * z), **{keyword: value}) for z in range(5) for value in (first, second)]
    stacks = stacks_of(frames)
    assert sizes(stacks) == [(1, 5), (1, 5)]
    assert all(stack.problem is None for stack in stacks)
    assert {stack.first.header[keyword] for stack in stacks} == {first, second}


@pytest.mark.parametrize("keyword", ["series_number", "patient_id", "study_uid", "frame_of_reference_uid"])
def test_who_and_where_separates(keyword: str) -> None:
    frames = [frame((0, 0, 4 * z), series=identity(**{keyword: f"7{n}"})) for z in range(5) for n in range(2)]
    assert sizes(stacks_of(frames)) == [(1, 5), (1, 5)]


def test_stations_of_one_series_are_apart_head_first() -> None:
    frames = [each for top in (0.0, 800.0, 400.0) for each in coronal_station(top)]
    stacks = stacks_of(frames)
    assert [(stack.station, stack.first.plane and stack.first.plane.position[2]) for stack in stacks] == [
        (1, 800.0),
        (2, 400.0),
        (3, 0.0),
    ]
    assert sizes(stacks) == [(1, 4)] * 3


def test_axial_stations_are_told_apart_by_their_acquisition() -> None:
    def station(start: float, number: float) -> list[Frame]:
        return [frame((0, 0, start + 5 * n), AcquisitionNumber=number) for n in range(6)]

    stacks = stacks_of([*station(0, 1), *station(27.5, 2), *station(52.5, 3)])
    assert sizes(stacks) == [(1, 6)] * 3
    assert [stack.station for stack in stacks] == [1, 2, 3]


def test_a_missing_slice_between_two_acquisitions_is_no_station() -> None:
    frames = [frame((0, 0, z), AcquisitionNumber=float(z > 20)) for z in (18, 23, 28, 38)]
    (stack,) = stacks_of(frames)
    assert stack.problem is not None
    assert stack.problem[0].startswith("misses a slice: 10 mm")


def test_acquisitions_of_the_same_slices_are_repeats() -> None:
    frames = [frame((0, 0, 4 * z), AcquisitionNumber=float(n)) for z in range(5) for n in range(3)]
    assert sizes(stacks_of(frames)) == [(3, 5)]


def test_small_differences_of_direction_and_spacing_are_rounding() -> None:
    frames = [frame((0, 0, 4 * n), (1.0, 1e-5 * n, 0.0, 0.0, 1.0, 0.0)) for n in range(4)]
    assert sizes(stacks_of(frames)) == [(1, 4)]


def test_slices_askew_are_no_stations() -> None:
    (stack,) = stacks_of([frame((0, 2 * z, 5 * z)) for z in range(4)])
    assert stack.problem is not None
    assert "gantry tilt" in stack.problem[0]


def test_copies_of_a_file_are_used_once() -> None:
    frames = [frame((0, 0, 4 * z), uid=f"1.{z}") for z in range(4)]
    (stack,) = stacks_of([*frames, *frames[:2]])
    assert stack.notes == ("2 of 6 slices are in several files; one of each is used",)
    assert stack.repeats == (tuple(frames),)


def test_a_localizer_in_three_planes_is_recognised_without_its_name() -> None:
    frames = [
        *(frame((0, 0, 10 * n), AXIAL) for n in range(3)),
        *(frame((0, 10 * n, 0), CORONAL) for n in range(3)),
        *(frame((10 * n, 0, 0), SAGITTAL) for n in range(3)),
    ]
    stacks = stacks_of(frames)
    assert len(stacks) == 3
    assert {stack.problem and stack.problem[0] for stack in stacks} == {
        "has a few slices in each of several planes: a localizer"
    }


def test_rotating_projections_are_one_entry() -> None:
    turned = [rotation_about((0, 0, 1), 12.0 * n) for n in range(10)]
    frames = [frame((-100 * r[:, 0]).tolist(), (*r[:, 0], *r[:, 2])) for r in turned]
    (stack,) = stacks_of(frames)
    assert stack.problem is not None
    assert stack.problem[0].startswith("holds 10 single slices in different directions")


def test_images_that_are_no_slices_are_kept_together() -> None:
    frames = [frame((0, 0, n), problem=("is a colour image", "x")) for n in range(3)]
    (stack,) = stacks_of([*frames, *coronal_station(0)][:3])
    assert (stack.problem, len(stack.repeats[0])) == (("is a colour image", "x"), 3)


NUMBERS = st.sampled_from([0.0, 4.0, 8.0, 12.0, 12.004, -4.0, 1e-12, 1e6]) | st.floats(-500, 500)
FRAMES = st.lists(
    st.builds(
        lambda position, angle, number, kind: frame(
            position,
            (math.cos(angle), math.sin(angle), 0.0, -math.sin(angle), math.cos(angle), 0.0),
            AcquisitionNumber=number,
            ImageType=kind,
        ),
        st.tuples(st.sampled_from([0.0, 0.2, 300.0]), st.just(0.0), NUMBERS),
        st.sampled_from([0.0, 1e-5, 0.3, math.pi / 2]),
        st.sampled_from([1.0, 2.0]),
        st.sampled_from([("M",), ("P",)]),
    ),
    min_size=1,
    max_size=12,
)


@given(FRAMES, st.randoms())
def test_any_frames_in_any_order_give_the_same_stacks_and_none_is_in_two(frames: list[Frame], random: object) -> None:
    def content(stacks: list[FrameStack]) -> list[tuple[int, int, bool]]:
        return sorted((len(one.repeats), len(one.repeats[0]), one.problem is None) for one in stacks)

    stacks = stacks_of(frames)
    uids = [each.source.sop_instance_uid for stack in stacks for repeat in stack.repeats for each in repeat]
    assert len(uids) == len(set(uids)) <= len(frames)
    shuffled = sorted(frames, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert content(stacks_of(shuffled)) == content(stacks)
