from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crmo_seg.errors import InputError
from crmo_seg.phantom.scan.acquire import acquire
from crmo_seg.phantom.scan.protocol import Artefacts, MetalVoid, Protocol, SuppressionFailure
from crmo_seg.phantom.scan.slices import fine_grid, labels_to_slices, slice_weights, to_slices
from crmo_seg.phantom.scan.study import Drawing, Scan

PERFECT = Protocol(
    view="coronal_whole_body",
    slice_axis=1,
    phase_axis=0,
    in_plane_mm=4.0,
    slice_pitch_mm=8.0,
    slice_thickness_mm=7.0,
    field_of_view=((-80.0, -40.0, 0.0), (80.0, 40.0, 600.0)),
    stations=3,
)
EVERYTHING = Artefacts(
    noise=0.06,
    noise_unevenness=0.5,
    bias=0.5,
    seam_step=0.1,
    seam_shift_voxels=2,
    seam_blend=True,
    cross_talk=0.2,
    suppression_failures=(SuppressionFailure((0.0, 0.0, 100.0), (50.0, 50.0, 50.0), 0.7),),
    end_failure=0.4,
    edge_failure=0.3,
    ghosting=0.1,
    ghost_box=((-60.0, -30.0, 300.0), (60.0, 30.0, 450.0)),
    motion_voxels=1.5,
    interpolation=1.3,
    metal=MetalVoid((0.0, 20.0, 550.0), 15.0),
)


def draw(protocol: Protocol, sequences: tuple[str, ...] = ("stir",)) -> Drawing:
    """A leg-like body: fat around muscle around three bones, one of them with edema."""
    grid = fine_grid(protocol)
    x, y, z = np.ix_(*grid.axes)
    radius = np.sqrt(x**2 + y**2) + 0 * z
    bones = np.where(radius < 15, 1 + (z > 200) + (z > 400), 0).astype(np.uint8)
    edema = ((bones == 2) & (np.abs(z - 330) < 35)).astype(np.float32)
    stir = np.select([edema > 0, bones > 0, radius < 30, radius < 38], [560, 120, 100, 30], 0).astype(np.float32)
    leak = np.where((radius >= 30) & (radius < 38), 400, 0).astype(np.float32)
    findings = np.where((bones == 1) & (z < 50), 4, 0).astype(np.uint8)
    channels = {"stir": (stir, leak), "t1": (stir[::-1], 0 * leak)}
    signal = np.stack([part for name in sequences for part in channels[name]])
    lesions = np.where(edema > 0.1, 1 + (z > 60), 0).astype(np.uint8)
    return Drawing(grid, signal, sequences, edema, bones, lesions, findings)


def scan(protocol: Protocol, seed: int = 0, sequences: tuple[str, ...] = ("stir",)) -> Scan:
    return acquire(draw(protocol, sequences), protocol, np.random.default_rng(seed))


def test_a_perfect_scan_is_the_sliced_drawing() -> None:
    drawing, weights = draw(PERFECT), slice_weights(PERFECT)
    done = scan(PERFECT)
    image = done.images["stir"]
    np.testing.assert_array_equal(image.array, np.rint(to_slices(drawing.signal[0], weights, 1)))
    np.testing.assert_array_equal(done.bones.array, labels_to_slices(drawing.bones, weights, 1))
    np.testing.assert_array_equal(done.findings.array, labels_to_slices(drawing.findings, weights, 1))
    np.testing.assert_array_equal(done.lesions.array > 0, done.edema.array)
    np.testing.assert_array_equal(done.edema_share.array, to_slices(drawing.edema, weights, 1))
    np.testing.assert_array_equal(done.edema.array, done.edema_share.array > 0.5)
    assert done.edema.array.any()
    assert image.geometry.orientation == "RAS"
    for volume in (done.edema, done.edema_share, done.bones, done.lesions, done.findings):
        assert volume.geometry.same_grid(image.geometry)
    assert done.protocol == PERFECT


def test_stations_hold_the_voxels_of_the_composed_image() -> None:
    done = scan(PERFECT)
    assert len(done.stations) == 3
    for one in done.stations:
        image, rows = one.images["stir"], one.station.rows
        np.testing.assert_array_equal(image.array, done.images["stir"].array[:, :, rows])
        np.testing.assert_array_equal(one.truth.bones.array, done.bones.array[:, :, rows])
        np.testing.assert_array_equal(one.truth.edema.array, done.edema.array[:, :, rows])
        here = done.images["stir"].geometry.to_world_mm(np.array([3, 2, rows.start + 5]))
        np.testing.assert_allclose(image.geometry.to_world_mm(np.array([3, 2, 5])), here, atol=1e-9)


def test_values_are_those_of_a_scanner() -> None:
    image = scan(replace(PERFECT, artefacts=EVERYTHING, muscle_signal=250.0)).images["stir"].array
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image, np.rint(image))
    assert image.min() >= 0
    assert image.max() <= 4095
    too_bright = scan(replace(PERFECT, muscle_signal=2000.0)).images["stir"].array
    assert too_bright.max() == 4095
    muscle, edema = np.percentile(too_bright[too_bright > 0], 20), too_bright.max()
    assert muscle < edema / 2  # scaled down, not cut off


def test_a_shift_moves_image_and_truth_alike() -> None:
    """Where stations are shifted, edema in the truth is still where the image is bright."""
    shifted = replace(PERFECT, artefacts=Artefacts(seam_shift_voxels=3))
    moved = 0
    for seed in range(5):
        done = scan(shifted, seed)
        moved += sum(any(one.station.shift) for one in done.stations)
        image = done.images["stir"].array
        assert (image[done.edema.array] > 300).all()
        assert (image[done.bones.array == 0] < 400).all()
        for one in done.stations:
            whole_edema = scan(PERFECT).edema.array
            x, _, z = one.station.shift
            inside = one.truth.edema.array[5:-5, :, 5:-5]
            rows = slice(one.station.rows.start + 5 - z, one.station.rows.stop - 5 - z)
            np.testing.assert_array_equal(inside, whole_edema[5 - x : 35 - x, :, rows])
    assert moved > 5


def test_the_same_seed_gives_the_same_bytes() -> None:
    protocol = replace(PERFECT, artefacts=EVERYTHING)
    one, same, other = scan(protocol, 3), scan(protocol, 3), scan(protocol, 4)
    assert one.images["stir"].array.tobytes() == same.images["stir"].array.tobytes()
    assert one.images["stir"].array.tobytes() != other.images["stir"].array.tobytes()


def test_a_sequence_does_not_depend_on_the_others() -> None:
    protocol = replace(PERFECT, artefacts=EVERYTHING)
    alone, both = scan(protocol), scan(protocol, sequences=("t1", "stir"))
    np.testing.assert_array_equal(alone.images["stir"].array, both.images["stir"].array)
    assert both.images["t1"].geometry.same_grid(both.images["stir"].geometry)
    np.testing.assert_array_equal(alone.bones.array, both.bones.array)


def test_the_drawing_is_not_changed() -> None:
    protocol = replace(PERFECT, artefacts=EVERYTHING, stations=1)
    drawing = draw(protocol)
    before = drawing.signal.copy()
    acquire(drawing, protocol, np.random.default_rng(0))
    np.testing.assert_array_equal(drawing.signal, before)


@pytest.mark.parametrize(("slice_axis", "phase_axis", "stations"), [(0, 2, 2), (1, 2, 1), (2, 1, 1), (2, 0, 1)])
def test_every_plane_can_be_scanned(slice_axis: int, phase_axis: int, stations: int) -> None:
    protocol = replace(
        PERFECT, slice_axis=slice_axis, phase_axis=phase_axis, stations=stations, sub_slices=3, artefacts=EVERYTHING
    )
    done = scan(protocol)
    image = done.images["stir"]
    assert image.geometry.spacing_mm == pytest.approx(protocol.spacing_mm)
    inside, outside = done.edema.array, done.bones.array == 0
    assert np.median(image.array[inside]) > 3 * np.median(image.array[outside])


def test_oblique_stations_stay_side_by_side() -> None:
    tilt = (4.0, 0.0, -3.0)
    done = scan(replace(PERFECT, tilt_deg=tilt))
    whole, flat = done.images["stir"].geometry, scan(PERFECT).images["stir"].geometry
    assert whole.spacing_mm == pytest.approx(flat.spacing_mm)
    assert np.linalg.det(whole.affine) == pytest.approx(np.linalg.det(flat.affine))
    assert not whole.same_grid(flat)
    for one in done.stations:
        start = one.station.rows.start
        expected = whole.to_world_mm(np.array([[0, 0, start], [7, 4, start + 9]]))
        found = one.images["stir"].geometry.to_world_mm(np.array([[0, 0, 0], [7, 4, 9]]))
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_wrap_folds_what_lies_outside() -> None:
    narrow = replace(PERFECT, field_of_view=((-28.0, -40.0, 0.0), (28.0, 40.0, 600.0)), stations=1)
    folded = replace(narrow, artefacts=Artefacts(wrap_mm=12.0))
    clean, wrapped = scan(narrow).images["stir"], scan(folded).images["stir"]
    assert wrapped.geometry.same_grid(clean.geometry)
    difference = wrapped.array - clean.array
    assert difference[:3].max() > 10
    assert difference[-3:].max() > 10
    assert np.abs(difference[4:-4]).max() <= 1
    np.testing.assert_array_equal(scan(folded).bones.array, scan(narrow).bones.array)


def test_a_drawing_of_another_protocol_is_refused() -> None:
    drawing = draw(PERFECT)
    with pytest.raises(InputError, match=r"is not on the protocol's fine grid; draw on fine_grid\(protocol\)"):
        acquire(drawing, replace(PERFECT, in_plane_mm=5.0), np.random.default_rng(0))


def test_noise_of_a_scan_is_relative_to_muscle() -> None:
    image = scan(replace(PERFECT, artefacts=Artefacts(noise=0.1), muscle_signal=300.0)).images["stir"].array
    air = image[[0, 1, -2, -1]]
    assert air.mean() == pytest.approx(30 * np.sqrt(np.pi / 2), rel=0.03)
