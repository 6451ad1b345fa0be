"""What is a station of what; from headers alone."""

from __future__ import annotations

import numpy as np
import pytest
from builders import rotation_about
from stack_builders import AXIAL, COMPOSED_HEADER, CORONAL, SAGITTAL, T1_HEADER, make_grid, make_stack, make_stations

from crmo_seg.io.dicom.choose.stations import StationSet, station_sets
from crmo_seg.io.dicom.types import Stack
from crmo_seg.volume import Geometry


def numbers(stacks: tuple[Stack, ...]) -> list[float]:
    return [float(str(stack.header["SeriesNumber"])) for stack in stacks]


def only(stacks: list[Stack]) -> StationSet:
    (found,) = station_sets(stacks)
    return found


def test_stations_are_put_in_order_from_the_head() -> None:
    found = only(make_stations(-400, 400, 0))
    assert numbers(found.stations) == numbers(found.read) == numbers(found.members) == [2, 3, 1]
    assert (found.composed, found.left_out) == (None, ())


def test_frames_of_reference_and_words_do_not_matter_where_times_agree() -> None:
    head = make_stack(1, "tirm_head", make_grid(centre_mm=(0, 0, 400), frame="1.2.1"))
    legs = make_stack(2, "legs STIR", make_grid(frame="1.2.2"), RepetitionTime=5500.0)
    assert numbers(only([legs, head]).stations) == [1, 2]


@pytest.mark.parametrize(
    ("other", "count"),
    [
        ({"EchoTime": 20.0}, 2),
        ({"InversionTime": 220.0}, 2),
        ({"ScanningSequence": ("SE",), "InversionTime": None}, 2),
        ({"ImageType": ("DERIVED", "PRIMARY", "DIXON", "W")}, 2),
        ({"ImageType": ("ORIGINAL", "PRIMARY", "M", "NORM", "DIS2D")}, 1),
        ({"RepetitionTime": 3500.0, "EchoTime": 72.0}, 1),
    ],
)
def test_other_measurements_are_other_sequences(other: dict[str, object], count: int) -> None:
    first, second = make_stations(0, 400)
    changed = make_stack(2, "STIR cor", second.geometry, **other)
    assert len(station_sets([first, changed])) == count


def test_without_times_the_descriptions_have_to_agree_but_for_what_tells_stations_apart() -> None:
    words = ("t2_tirm_cor_head_1", "T2 TIRM cor pelvis 2", "t2 tirm cor (legs) s3", "t2_spair_cor_feet_4")
    stations = [
        make_stack(number, text, make_grid(centre_mm=(0, 0, 400 * number)), EchoTime=None, RepetitionTime=None)
        for number, text in enumerate(words)
    ]
    assert [numbers(found.stations) for found in station_sets(stations)] == [[2, 1, 0], [3]]


@pytest.mark.parametrize(("degrees", "count"), [(5, 1), (15, 2)])
def test_stations_may_tilt_a_little(degrees: float, count: int) -> None:
    tilted = make_grid(rotation_about((1, 0, 0), degrees) @ CORONAL, centre_mm=(0, 0, 400))
    assert len(station_sets([make_stack(1), make_stack(2, grid=tilted)])) == count


def test_planes_and_spacings_tell_sequences_apart() -> None:
    grids = [
        make_grid(),
        make_grid(SAGITTAL, centre_mm=(0, 0, 400)),
        make_grid(spacing_mm=(5.0, 5.0, 8.0), centre_mm=(0, 0, 400)),
        make_grid(spacing_mm=(10.5, 20.0, 8.2), centre_mm=(0, 0, 400)),
    ]
    found = station_sets([make_stack(number, grid=grid) for number, grid in enumerate(grids)])
    assert sorted(numbers(each.stations) for each in found) == [[1], [2], [3, 0]]


def test_axial_stations_follow_each_other_across_the_slices() -> None:
    grids = [make_grid(AXIAL, (20, 20, 30), (10, 10, 10), (0, 0, height)) for height in (0, 150)]
    assert numbers(only([make_stack(number, grid=grid) for number, grid in enumerate(grids)]).stations) == [1, 0]


def test_of_the_same_place_the_later_one_counts() -> None:
    early, late = make_stack(8, AcquisitionTime="101500.0"), make_stack(3, AcquisitionTime="103000.0")
    found = only([early, late, *make_stations(400, first_number=4)])
    assert numbers(found.stations) == [4, 3]
    assert [(stack is early, reason) for stack, reason in found.left_out] == [
        (True, "shows the same place as the later series 3 (STIR cor)")
    ]


def test_without_times_the_higher_number_is_the_later() -> None:
    found = only([make_stack(2), make_stack(1)])
    assert (numbers(found.stations), len(found.left_out)) == ([2], 1)


def test_a_piece_of_a_station_is_left_out_even_where_it_is_later() -> None:
    piece = make_stack(9, "STIR cor hip", make_grid(shape=(10, 10, 6)))
    found = only([piece, *make_stations(0, 400)])
    assert numbers(found.stations) == [2, 1]
    assert found.left_out[0][1] == "lies inside series 1 (STIR cor station 1)"


def composed_grid(length_mm: float = 1300) -> Geometry:
    return make_grid(shape=(20, round(length_mm / 20), 6))


@pytest.mark.parametrize(
    ("description", "header"),
    [
        ("STIR cor composed", COMPOSED_HEADER),
        ("STIR cor", {**COMPOSED_HEADER, "ImageType": ("DERIVED", "PRIMARY", "M", "COMP_SP")}),
        ("STIR_cor_Composing", {}),
        ("whole body", {"ImageType": ("DERIVED", "SECONDARY")}),  # says nothing, but covers them all
    ],
)
def test_the_scanners_composed_series_is_preferred(description: str, header: dict[str, object]) -> None:
    composed = make_stack(9, description, composed_grid(), **header)
    stations = make_stations(400, 0, -400)
    if header.get("ImageType") == ("DERIVED", "SECONDARY"):
        composed.header["ImageType"] = stations[0].header["ImageType"]  # type: ignore[index]
    found = only([composed, *stations])
    assert found.composed is composed
    assert numbers(found.read) == [9]
    assert numbers(found.members) == [9, 1, 2, 3]


def test_a_composed_series_of_some_stations_is_left_out() -> None:
    composed = make_stack(9, "STIR cor composed", composed_grid(900), **COMPOSED_HEADER)
    found = only([composed, *make_stations(400, 0, -400)])
    assert (found.composed, numbers(found.stations)) == (None, [1, 2, 3])
    assert found.left_out == ((composed, "is composed, but does not cover all stations"),)


def test_of_two_composed_series_the_later_one_counts() -> None:
    first, second = (make_stack(n, "STIR cor composed", composed_grid(), **COMPOSED_HEADER) for n in (8, 9))
    found = only([first, second, *make_stations(400, 0, -400)])
    assert found.composed is second
    assert found.left_out == ((first, "is composed, as is series 9 (STIR cor composed), which is later"),)


def test_a_composed_series_without_its_stations_stands_alone() -> None:
    composed = make_stack(9, "STIR cor composed", composed_grid(), **COMPOSED_HEADER)
    found = only([composed])
    assert (found.composed, found.stations) == (composed, ())


def test_composed_series_join_their_own_sequence() -> None:
    stacks = [
        make_stack(8, "STIR cor composed", composed_grid(), **COMPOSED_HEADER),
        make_stack(9, "T1 cor composed", composed_grid(), **COMPOSED_HEADER, RepetitionTime=500.0),
        *make_stations(400, 0, -400),
        *make_stations(
            400, 0, -400, first_number=4, description="T1 cor station", **T1_HEADER | {"InversionTime": None}
        ),
    ]
    found = station_sets(stacks)
    assert [numbers(each.members) for each in found] == [[8, 1, 2, 3], [9, 4, 5, 6]]


def test_any_order_of_the_series_gives_the_same() -> None:
    rng = np.random.default_rng(0)
    stacks = [make_stack(9, "STIR cor composed", composed_grid(), **COMPOSED_HEADER), *make_stations(400, 0, -400)]
    for _ in range(5):
        rng.shuffle(stacks)
        assert numbers(only(stacks).members) == [9, 1, 2, 3]
