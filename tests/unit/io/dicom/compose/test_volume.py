"""Stations joined to one volume."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry, rotation_about
from stack_builders import AXIAL, CORONAL, SAGITTAL, make_grid, make_stack, source_of_voxel, with_signal

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.choose.stations import station_sets
from crmo_seg.io.dicom.compose.volume import compose, composed_by_scanner
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.read.pixels import read_stack
from crmo_seg.io.dicom.types import ComposedStudy, StackVolume
from crmo_seg.volume import Array, Geometry, Volume

PLANES = {
    "coronal": CORONAL,
    "sagittal": SAGITTAL,
    "axial": AXIAL,
    "oblique": rotation_about((1.0, 2.0, 0.5), 17.0) @ CORONAL,
    "reversed": CORONAL * np.array([1, 1, -1]),
    "negated": -CORONAL,
}


def body(shape: tuple[int, int, int] = (12, 40, 6), seed: int = 0) -> Array:
    signal = np.zeros(shape, np.float32)
    inner = tuple(slice(n // 6, n - n // 6) for n in shape)
    noise = np.random.default_rng(seed).integers(50, 300, signal[inner].shape)
    signal[inner] = noise
    return signal


def cut(whole: Volume, rows: slice, number: int, frame: str = "1.2.9", axis: int = 1) -> StackVolume:
    """Rows of a volume as a station."""
    index = [slice(None)] * 3
    index[axis] = rows
    array = whole.array[tuple(index)]
    first = [0, 0, 0]
    first[axis] = rows.start
    affine = whole.geometry.affine.copy()
    affine[:3, 3] = whole.geometry.to_world_mm(np.array(first))
    x, y, z = array.shape
    return with_signal(make_stack(number, grid=Geometry(affine, (x, y, z), frame)), array)


@pytest.fixture
def whole() -> Volume:
    return Volume(body(), make_grid(shape=(12, 40, 6)))


def in_the_order_of(volume: Volume, composed: ComposedStudy) -> tuple[Array, Array]:
    """Composed signal, and the number of the station, on the grid of the volume; the lattices are the same."""
    offset = composed.volume.geometry.to_index(volume.geometry.affine[:3, 3])
    np.testing.assert_allclose(offset, np.rint(offset), atol=1e-6)
    x, y, z = (slice(round(float(o)), round(float(o)) + n) for o, n in zip(offset, volume.geometry.shape, strict=True))
    return composed.volume.array[x, y, z], composed.station_of_voxel[x, y, z]


@pytest.mark.parametrize("plane", PLANES)
def test_a_volume_cut_into_stations_is_put_together_again(plane: str) -> None:
    whole = Volume(body(), make_grid(PLANES[plane], (12, 40, 6)))
    composed = compose(
        [cut(whole, slice(*rows), number) for number, rows in enumerate([(0, 16), (12, 28), (24, 40)], 1)]
    )
    np.testing.assert_array_equal(composed.volume.array, whole.array)
    assert composed.volume.geometry.same_grid(whole.geometry)
    rows = composed.station_of_voxel[0, :, 0].tolist()
    assert rows == [1] * 14 + [2] * 12 + [3] * 14  # the middle of each overlap is the border
    assert (composed.vendor_composed, composed.notes) == (False, ())
    assert composed.volume.geometry.frame_of_reference_uid == "1.2.9"


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_each_station_may_have_its_own_order_of_axes(
    whole: Volume, axes: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    first, second = cut(whole, slice(0, 22), 1), cut(whole, slice(18, 40), 2)
    turned = second.volume.transposed(axes, flips)
    composed = compose([first, StackVolume(replace(second.stack, geometry=turned.geometry), (turned,))])
    array, stations = in_the_order_of(whole, composed) if axes == (0, 1, 2) else (None, None)
    for rows, number in ((slice(0, 20), 1), (slice(20, 40), 2)):
        index = np.argwhere(np.ones_like(whole.array[:, rows])) + np.array([0, rows.start, 0])
        there = np.rint(composed.volume.geometry.to_index(whole.geometry.to_world_mm(index))).astype(int)
        np.testing.assert_allclose(composed.volume.array[tuple(there.T)], whole.array[tuple(index.T)], rtol=1e-5)
        assert set(composed.station_of_voxel[tuple(there.T)]) == {number}
    if array is not None and stations is not None:
        np.testing.assert_allclose(array, whole.array, rtol=1e-5)


def test_axial_slices_are_stations_along_their_normal() -> None:
    whole = Volume(body((12, 10, 30)), make_grid(AXIAL, (12, 10, 30), (10, 10, 8)))
    composed = compose([cut(whole, slice(*rows), n, axis=2) for n, rows in enumerate([(0, 17), (13, 30)], 1)])
    np.testing.assert_array_equal(composed.volume.array, whole.array)
    assert composed.station_of_voxel[0, 0].tolist() == [1] * 15 + [2] * 15


def test_stations_fade_into_each_other(whole: Volume) -> None:
    """Four common rows: the share of the second is 1/8, 3/8, 5/8, 7/8 by the distance of centres to the ends."""
    flat = Volume(np.full(whole.array.shape, 100, np.float32), whole.geometry)
    bright = Volume(np.full(whole.array.shape, 102, np.float32), whole.geometry)
    composed = compose([cut(flat, slice(0, 22), 1), cut(bright, slice(18, 40), 2)])
    gain = composed.volume.array[0, 0, 0] / 100
    assert gain > 1  # half of the step, about
    ends = composed.volume.array[0, 0, 0], composed.volume.array[0, -1, 0]
    expected = ends[0] + (ends[1] - ends[0]) * np.array([1, 3, 5, 7]) / 8
    np.testing.assert_allclose(composed.volume.array[5, 18:22, 3], expected, rtol=1e-5)


def test_a_step_of_intensity_is_matched_and_told(whole: Volume) -> None:
    loud = Volume(whole.array * 2, whole.geometry)
    composed = compose([cut(whole, slice(0, 22), 1), cut(loud, slice(18, 40), 2)])
    inner = whole.array > 0
    ratio = np.where(inner, composed.volume.array, 1) / np.where(inner, whole.array, 1)
    first, second = np.median(ratio[:, :18][inner[:, :18]]), np.median(ratio[:, 22:][inner[:, 22:]])
    assert second / first < 1.2
    assert composed.notes == (
        "The signal of station 1 was multiplied by 1.31 to match its neighbours.",
        "The signal of station 2 was multiplied by 0.76 to match its neighbours.",
    )


def test_gaps_are_zero_and_told(whole: Volume) -> None:
    composed = compose([cut(whole, slice(0, 15), 1), cut(whole, slice(18, 40), 2)])
    assert composed.volume.array.shape == whole.array.shape
    assert not composed.volume.array[:, 15:18].any()
    assert not composed.station_of_voxel[:, 15:18].any()
    assert composed.notes == ("Nothing was measured on 60 mm between stations 1 and 2; the signal is 0 there.",)


def test_frames_of_reference_may_differ(whole: Volume) -> None:
    composed = compose([cut(whole, slice(0, 22), 1), cut(whole, slice(18, 40), 2, frame="1.2.8")])
    np.testing.assert_array_equal(composed.volume.array, whole.array)
    said = "The stations have 2 frames of reference; they were joined by their positions in the scanner."
    assert composed.notes == (said,)


def test_overlaps_that_disagree_are_told() -> None:
    noise = np.random.default_rng(0)
    grid = make_grid(shape=(12, 40, 6))
    one, other = (Volume(noise.uniform(50, 300, grid.shape).astype(np.float32), grid) for _ in range(2))
    composed = compose([cut(one, slice(0, 22), 1), cut(other, slice(18, 40), 2)])
    (note,) = composed.notes
    assert note.startswith("Stations 1 and 2 do not agree where they overlap (correlation ")
    np.testing.assert_array_equal(composed.volume.array[:, :18], one.array[:, :18])


def test_overlaps_of_air_are_told(whole: Volume) -> None:
    empty = Volume(np.zeros_like(whole.array), whole.geometry)
    composed = compose([cut(empty, slice(0, 22), 1), cut(empty, slice(18, 40), 2)])
    assert composed.notes == ("Stations 1 and 2 share too little tissue to match their intensities.",)


def test_a_single_station_stays_as_it_is(whole: Volume) -> None:
    station = cut(whole, slice(0, 40), 1)
    composed = compose([station], ["First."])
    assert composed.volume is station.volume
    assert composed.stations == (station.stack,)
    assert (composed.station_of_voxel == 1).all()
    assert composed.notes == ("First.",)


def test_of_repeated_measurements_the_first_is_used(whole: Volume) -> None:
    station = cut(whole, slice(0, 40), 1)
    repeated = StackVolume(station.stack, (station.volume, station.volume, station.volume))
    assert compose([repeated]).notes == ("Series 1 (STIR cor) was measured 3 times; the first measurement is used.",)


def test_the_scanners_own_volume_comes_first(whole: Volume) -> None:
    joined, station = cut(whole, slice(0, 40), 9), cut(whole, slice(0, 22), 1)
    composed = composed_by_scanner(joined, [station.stack])
    assert composed.volume is joined.volume
    assert composed.stations == (joined.stack, station.stack)
    assert composed.vendor_composed
    assert (composed.station_of_voxel == 1).all()
    assert composed.notes == ("The volume is series 9 (STIR cor), which the scanner composed.",)


def test_stations_of_two_bodies_are_refused(whole: Volume) -> None:
    far = with_signal(make_stack(2, grid=make_grid(shape=(12, 40, 6), centre_mm=(0, 0, 9000))), whole.array)
    with pytest.raises(
        InputError, match=r"2 stations lie too far apart to be one body: series 1 .*, series 2 .*; choose"
    ):
        compose([cut(whole, slice(0, 40), 1), far])


def test_every_voxel_knows_its_slice(whole: Volume) -> None:
    composed = compose([cut(whole, slice(0, 15), 1), cut(whole, slice(18, 40), 2)])
    for index, number in (((3, 2, 4), 1), ((3, 30, 0), 2)):
        found = source_of_voxel(composed, index)
        assert found is not None
        stack, image = found
        assert stack is composed.stations[number - 1]
        assert image.sop_instance_uid == f"1.2.{number}.{index[2]}"
    assert source_of_voxel(composed, (3, 16, 4)) is None


def test_slices_of_reversed_stations_are_found() -> None:
    grid = make_geometry((12, 40, 6), (4, 4, 8))
    whole = Volume(body(), grid)
    first, second = cut(whole, slice(0, 22), 1), cut(whole, slice(18, 40), 2)
    turned = second.volume.transposed((0, 1, 2), (False, False, True))
    composed = compose([first, StackVolume(replace(second.stack, geometry=turned.geometry), (turned,))])
    found = source_of_voxel(composed, (3, 30, 1))
    assert found is not None
    assert found[1].sop_instance_uid == "1.2.2.4"


@pytest.mark.real_data
def test_two_table_positions_of_a_real_scanner_agree(shared_data: Path) -> None:
    """Philips; the table moved by 60 mm, and the frame of reference changed; the object is 120 mm long in each."""
    stacks = find_stacks(shared_data / "dicom_table_moved" / "In")
    sets = station_sets([stack for stack in stacks if "magnitude" in stack.name])
    assert [len(each.stations) for each in sets] == [2, 2]  # of each echo
    volumes = [read_stack(stack) for stack in sets[0].stations]
    composed = compose(volumes)
    assert composed.volume.geometry.shape == (96, 96, 45)
    assert composed.notes[0].startswith("The stations have 2 frames of reference")
    below, above = volumes[1].volume.array[:, :, 15:], volumes[0].volume.array[:, :, :15]
    assert np.corrcoef(below.ravel(), above.ravel())[0, 1] > 0.999
    for array, start in ((volumes[0].volume.array, 15), (volumes[1].volume.array, 0)):
        part = composed.volume.array[:, :, start : start + 30]
        assert np.corrcoef(part.ravel(), array.ravel())[0, 1] > 0.999
        assert np.median(part[array > 300] / array[array > 300]) == pytest.approx(1.0, abs=0.03)
