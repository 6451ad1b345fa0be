from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.protocol import Artefacts, Protocol
from crmo_seg.phantom.scan.stations import (
    Station,
    compose_images,
    compose_truth,
    cut,
    plan_stations,
    station_rows,
)

PROTOCOL = Protocol(
    view="coronal_whole_body",
    slice_axis=1,
    phase_axis=0,
    in_plane_mm=4.0,
    slice_pitch_mm=8.0,
    slice_thickness_mm=8.0,
    field_of_view=((-40.0, -24.0, 0.0), (40.0, 24.0, 400.0)),
    stations=4,
    artefacts=Artefacts(seam_shift_voxels=3, seam_step=0.2),
)


@given(rows=st.integers(60, 2000), count=st.integers(1, 6), overlap=st.floats(0, 0.3))
def test_stations_cover_all_rows_and_overlap(rows: int, count: int, overlap: float) -> None:
    spans = station_rows(rows, count, overlap)
    assert len(spans) == count
    assert spans[0].start == 0
    assert spans[-1].stop == rows
    (length,) = {span.stop - span.start for span in spans}
    for below, above in pairwise(spans):
        assert below.stop - above.start >= overlap * length - 2
        assert above.start > below.start


def test_too_many_stations_are_refused() -> None:
    with pytest.raises(InputError, match="10 rows in 6 stations; give fewer stations or smaller voxels"):
        station_rows(10, 6, 0.1)


def test_stations_own_every_row_once() -> None:
    plan = plan_stations(101, PROTOCOL, np.random.default_rng(0))
    owned = [row for station in plan for row in range(station.owned.start, station.owned.stop)]
    assert owned == list(range(101))
    for station in plan:
        assert station.rows.start <= station.owned.start
        assert station.owned.stop <= station.rows.stop


def test_shifts_lie_in_the_slices_and_the_first_station_stays() -> None:
    plans = [plan_stations(101, PROTOCOL, np.random.default_rng(seed)) for seed in range(50)]
    shifts = np.array([[station.shift for station in plan] for plan in plans])
    assert (shifts[:, 0] == 0).all()
    assert (shifts[..., 1] == 0).all()
    assert set(np.abs(shifts[:, 1:, [0, 2]]).ravel()) == {0, 1, 2, 3}
    gains = np.log([station.gain for plan in plans for station in plan])
    assert gains.std() == pytest.approx(0.2, abs=0.04)


def test_cutting_moves_the_body_by_whole_voxels() -> None:
    array = np.random.default_rng(0).random((8, 3, 30)).astype(np.float32)
    piece = cut(array, Station(slice(10, 20), slice(10, 20), (2, 0, -3), 1.0))
    assert piece.shape == (8, 3, 10)
    np.testing.assert_array_equal(piece[2:], array[:-2, :, 13:23])
    np.testing.assert_array_equal(piece[:2], array[[0, 0], :, 13:23])


def test_cutting_at_the_end_repeats_the_edge() -> None:
    array = np.arange(30).reshape(1, 1, 30)
    assert cut(array, Station(slice(0, 5), slice(0, 5), (0, 0, 2), 1.0)).ravel().tolist() == [0, 0, 0, 1, 2]
    assert cut(array, Station(slice(25, 30), slice(25, 30), (0, 0, -2), 1.0)).ravel().tolist() == [27, 28, 29, 29, 29]


@pytest.mark.parametrize("blend", [True, False])
@pytest.mark.parametrize("count", [1, 2, 5])
def test_without_artefacts_stations_compose_to_the_original(count: int, *, blend: bool) -> None:
    whole = np.random.default_rng(0).integers(0, 4096, (6, 4, 101)).astype(np.float32)
    plan = plan_stations(101, replace(PROTOCOL, stations=count, artefacts=Artefacts()), np.random.default_rng(0))
    pieces = [cut(whole, station).copy() for station in plan]
    np.testing.assert_array_equal(compose_images(pieces, plan, blend=blend), whole)
    np.testing.assert_array_equal(compose_truth(pieces, plan), whole)


def test_blending_goes_from_one_station_to_the_next() -> None:
    plan = plan_stations(60, replace(PROTOCOL, stations=2, artefacts=Artefacts()), np.random.default_rng(0))
    pieces = [np.full((1, 1, 33), value, np.float32) for value in (100, 200)]
    assert [station.rows.stop - station.rows.start for station in plan] == [33, 33]
    row = compose_images(pieces, plan, blend=True)[0, 0]
    assert row[:27].tolist() == [100] * 27
    assert row[33:].tolist() == [200] * 27
    assert row[27:33].tolist() == [114, 129, 143, 157, 171, 186]
    cut_row = compose_images(pieces, plan, blend=False)[0, 0]
    assert cut_row.tolist() == [100] * 30 + [200] * 30
