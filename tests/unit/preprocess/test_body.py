from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from crmo_seg.keys import STIR
from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import preset_named
from crmo_seg.phantom.settings import PhantomSettings, read_preset
from crmo_seg.phantom.signal.sequences import SEQUENCE_NAMES
from crmo_seg.plan import GridPlan
from crmo_seg.preprocess import BODY_MARGIN_MM, body_region, model_grid, preprocess
from crmo_seg.volume import Array, Volume

PLAN = GridPlan(3.0, (3.0, 8.0))
SPACING_MM = (2.0, 2.0, 6.0)


def ball_in_air(random: np.random.Generator, radius: int = 12) -> Array:
    x, y, z = np.ogrid[:60, :80, :24]
    ball = (x - 30) ** 2 + (y - 40) ** 2 + (3 * (z - 12)) ** 2 < radius**2
    return (random.rayleigh(4.0, ball.shape) + np.where(ball, 100.0, 0.0)).astype(np.float32)


def test_air_far_from_the_body_is_left_out() -> None:
    signal = ball_in_air(np.random.default_rng(0))
    region = body_region(signal[None], SPACING_MM)
    assert region.shape == signal.shape
    assert region.dtype == bool
    assert region[signal > 50].all()
    assert region.mean() < 0.5
    assert not region[0, 0, 0]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 99), spacing=st.tuples(st.floats(1.0, 5.0), st.floats(1.0, 5.0), st.floats(2.0, 9.0)))
def test_all_within_the_margin_is_kept(seed: int, spacing: tuple[float, float, float]) -> None:
    """By the distance between the centres of voxels."""
    random = np.random.default_rng(seed)
    signal = ball_in_air(random, int(random.integers(6, 16)))
    near = ndimage.distance_transform_edt(signal < 50, sampling=spacing) <= BODY_MARGIN_MM
    assert body_region(signal[None], spacing)[near].all()


def test_holes_are_inside_and_specks_of_noise_outside() -> None:
    signal = ball_in_air(np.random.default_rng(0), 25)
    signal[26:34, 36:44, 11:14] = 0
    signal[2:4, 2:4, 2] = 20
    region = body_region(signal[None], SPACING_MM)
    assert region[26:34, 36:44, 11:14].all()
    assert not region[2, 2, 2]


def test_a_small_bright_thing_apart_is_kept() -> None:
    """Such as a fingertip, or edema in a limb that is too dark to be seen."""
    signal = ball_in_air(np.random.default_rng(0))
    signal[2:5, 2:5, 2] = 100
    assert body_region(signal[None], SPACING_MM)[2:5, 2:5, 2].all()


@pytest.mark.parametrize(
    "signal",
    [
        np.full((40, 40, 8), 7.0),
        np.zeros((40, 40, 8)),
        np.random.default_rng(0).rayleigh(4.0, (40, 40, 8)),
        np.random.default_rng(0).normal(0.0, 1.0, (40, 40, 8)),
        np.random.default_rng(0).normal(100.0, 15.0, (40, 40, 8)),
        np.ones((1, 1, 1)),
    ],
    ids=["one value", "zero", "air", "normalised noise", "inside the body", "one voxel"],
)
def test_all_is_body_where_nothing_tells_air(signal: Array) -> None:
    assert body_region(signal.astype(np.float32)[None], SPACING_MM).all()


def test_what_any_sequence_shows_is_body_and_an_empty_one_changes_nothing() -> None:
    random = np.random.default_rng(0)
    one = ball_in_air(random)
    other = np.roll(one, 22, axis=1)
    empty = np.zeros_like(one)
    both = body_region(np.stack([one, other, empty]), SPACING_MM)
    alone = [body_region(signal[None], SPACING_MM) for signal in (one, other)]
    assert (both >= alone[0] | alone[1]).all()
    np.testing.assert_array_equal(body_region(np.stack([one, empty]), SPACING_MM), alone[0])


def test_normalised_signal_gives_the_same_body() -> None:
    signal = ball_in_air(np.random.default_rng(0))
    region = body_region(signal[None], SPACING_MM)
    np.testing.assert_array_equal(body_region((signal[None] - 80) / 30, SPACING_MM), region)


def ill_on_a_coarse_grid(preset: str, sequences: tuple[str, ...]) -> PhantomSettings:
    """Every child has lesions; the views are those of the preset, but coarse."""
    chosen = read_preset(preset)
    scan = replace(
        chosen.scan, in_plane_mm=(2.5, 4.0), slice_thickness_mm=(5.0, 8.0), sub_slice_mm=8.0, fine_voxels=2e6
    )
    edema = replace(chosen.edema, lesion_free=0.0)
    return replace(chosen, sequences=sequences, edema=edema, scan=scan)


def phantom(preset: str, seed: int, sequences: tuple[str, ...]) -> tuple[list[Volume], Volume]:
    """Images and edema of one study."""
    if preset == "plain":
        plain = make_patient(replace(preset_named("plain", tiny=True), lesion_free=0.0), seed, 0)
        return [plain.image], plain.edema
    scan = next(make_studies(ill_on_a_coarse_grid(preset, sequences), seed, 0)).scan
    return list(scan.images.values()), scan.edema


def worse(image: Volume, random: np.random.Generator) -> Iterator[Volume]:
    """As it is, dark, more and more noisy, and with coils that see a quarter of the signal at one end."""
    signal = image.array.astype(np.float64)
    tissue = np.median(signal[signal > np.percentile(signal, 70)])
    ends = [np.linspace(0.25, 1.0, size) for size in signal.shape]
    yield image
    yield image.with_array((signal * 1e-3).astype(np.float32))
    for share in (0.1, 0.3):
        real, imaginary = random.normal(0, share * tissue, (2, *signal.shape))
        yield image.with_array(np.hypot(signal + real, imaginary).astype(np.float32))
    yield image.with_array((signal * ends[2]).astype(np.float32))
    yield image.with_array((signal * ends[0][:, None, None]).astype(np.float32))


def lost_voxels(preset: str, seed: int, sequences: tuple[str, ...]) -> tuple[int, int]:
    """Of edema, in all images of a study one by one; and voxels of edema in one."""
    images, edema = phantom(preset, seed, sequences)
    grid = model_grid(edema.geometry, PLAN)
    truth = grid.resample_labels(edema.with_array(edema.array.astype(np.uint8))).array > 0
    lost = 0
    for image in images:
        for variant in worse(image, np.random.default_rng(seed)):
            region = body_region(preprocess([variant], PLAN)[0], grid.geometry.spacing_mm)
            lost += int((truth & ~region).sum())
    return lost, int(truth.sum())


@pytest.mark.parametrize("preset", ["whole_body", "plain"])
def test_no_lesion_voxel_is_lost(preset: str) -> None:
    lost, edema = lost_voxels(preset, 1, (STIR,))
    assert edema > 0
    assert lost == 0


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["whole_body", "spine", "region", "training", "plain"])
@pytest.mark.parametrize("seed", range(10, 14))
def test_no_lesion_voxel_is_lost_whatever_the_scan(preset: str, seed: int) -> None:
    assert lost_voxels(preset, seed, tuple(SEQUENCE_NAMES))[0] == 0
