from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from crmo_seg.phantom.body.solid_bone import LesionSite
from crmo_seg.phantom.normal.field import finding_box, finding_share
from crmo_seg.phantom.normal.finding import FINDING_KINDS, Finding, draw_waves
from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import Capsule, FloatArray, vector
from crmo_seg.volume import Geometry

SPACING = (1.25, 2.0, 1.25)
NO_WAVES = (np.empty((0, 3)), np.empty(0))


def grid(half: int = 24) -> Grid:
    shape = (2 * half + 1, half + 1, 2 * half + 1)
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * s for n, s in zip(shape, SPACING, strict=True)]
    return Grid(Geometry(affine, shape))


def finding(kind: str, radii: tuple[float, float, float] = (10, 10, 10), seed: int = 0) -> Finding:
    """In the origin; a vessel runs along z."""
    vectors, phases = draw_waves(np.random.default_rng(seed), 8, (5.0, 12.0))
    rod = kind in ("nutrient_vessel", "vessel")
    place = (
        Capsule(vector(0, 0, -10), vector(0, 0, 10), 1.0, 1.0)
        if rod
        else LesionSite("test", None, vector(0, 0, 0), np.array(radii, dtype=float), np.eye(3))
    )
    return Finding(kind, kind, "femur_left", place, 3.0, 2.0, "marrow", 0.5, vectors, phases)


def whole(canvas: Grid) -> tuple[slice, slice, slice]:
    x, y, z = (slice(0, n) for n in canvas.geometry.shape)
    return x, y, z


def share_of(one: Finding, depth_mm: FloatArray | None = None) -> FloatArray:
    canvas = grid()
    return finding_share(one, canvas, whole(canvas), depth_mm)


@pytest.mark.parametrize("kind", FINDING_KINDS[1:])
def test_a_share_within_0_and_1_that_reaches_high(kind: str) -> None:
    share = share_of(finding(kind))
    assert share.dtype == np.float32
    assert share.shape == grid().geometry.shape
    assert share.min() >= 0
    assert 0.5 < share.max() <= 1


@pytest.mark.parametrize("kind", FINDING_KINDS[1:])
def test_nothing_outside_the_box(kind: str) -> None:
    canvas, one = grid(), finding(kind)
    share = finding_share(one, canvas, whole(canvas), None)
    share[finding_box(one, canvas)] = 0
    assert share.max() < 0.02


@pytest.mark.parametrize("kind", FINDING_KINDS[1:])
def test_a_box_holds_the_same_as_the_whole(kind: str) -> None:
    canvas, one = grid(), finding(kind)
    box = finding_box(one, canvas)
    part = finding_share(one, canvas, box, None)
    np.testing.assert_allclose(part, finding_share(one, canvas, whole(canvas), None)[box], atol=1e-5)


@pytest.mark.parametrize("kind", FINDING_KINDS[1:])
def test_nothing_outside_the_tissue(kind: str) -> None:
    canvas = grid()
    depth = np.broadcast_to(canvas.open_axes(whole(canvas))[0], canvas.geometry.shape).astype(np.float32)
    share = share_of(finding(kind), depth)
    assert share[depth <= 0].max() == 0
    assert share[depth > 0].max() > 0.2


def test_a_flame_lies_on_the_side_of_the_shaft_and_fades_away_from_the_plate() -> None:
    canvas = grid()
    share = share_of(finding("flame", (12, 12, 25)))
    z = canvas.axes[2]
    assert share[:, :, z > 0].max() == 0
    profile = [share[:, :, (z > -d - 5) & (z <= -d)].mean() for d in (1, 6, 11, 16)]
    assert profile == sorted(profile, reverse=True)
    assert profile[0] > 3 * profile[2]


def test_a_flame_has_streaks_along_the_bone() -> None:
    canvas = grid()
    share = share_of(finding("flame", (14, 14, 28)))
    core = share[16:33, 9:16, np.searchsorted(canvas.axes[2], -12) : np.searchsorted(canvas.axes[2], -4)]
    along, across = np.abs(np.diff(core, axis=2)).mean(), np.abs(np.diff(core, axis=0)).mean()
    assert across > along


def test_specks_are_many_small_and_endosteal() -> None:
    canvas = grid()
    x, y, z = canvas.open_axes(whole(canvas))
    depth = (16 - np.sqrt(x * x + y * y + z * z)).astype(np.float32)
    share = share_of(finding("speckle", (16, 16, 16)), depth)
    pieces, count = ndimage.label(share > 0.4)
    sizes_ml = np.bincount(pieces.ravel())[1:] * canvas.geometry.voxel_volume_ml
    assert count > 10
    assert np.median(sizes_ml) < 0.1
    assert share[depth > 8].max() == 0
    assert share[(depth > 0) & (depth < 5)].max() > 0.5


def test_a_patch_has_no_core() -> None:
    canvas = grid()
    x, y, z = canvas.open_axes(whole(canvas))
    inside = (np.sqrt(x * x + y * y + z * z) < 8) & np.ones(canvas.geometry.shape, bool)
    values = np.concatenate([share_of(finding("patch", (14, 14, 14), seed))[inside] for seed in range(4)])
    assert values.std() > 0.2
    assert 0.35 < values.mean() < 0.75


def test_a_vein_is_a_flat_wedge_wide_at_the_back() -> None:
    canvas = grid()
    vein = finding("basivertebral_vein", (6, 10, 1.0))
    share = share_of(vein)
    y, z = canvas.axes[1], canvas.axes[2]
    assert share[:, :, np.abs(z) > 3].max() == 0
    widths = [share[:, np.argmin(abs(y - at)), :].sum() for at in (-7, 0, 7)]
    assert widths == sorted(widths, reverse=True)


def test_the_volume_of_a_node_is_that_of_its_ellipsoid() -> None:
    canvas = grid()
    node = replace(finding("lymph_node", (6, 7, 9)), wave_vectors=NO_WAVES[0], wave_phases=NO_WAVES[1], border_mm=1.0)
    volume = float(share_of(node).sum()) * canvas.geometry.voxel_volume_ml
    assert volume == pytest.approx(4 / 3 * np.pi * 6 * 7 * 9 / 1000, rel=0.06)


def test_a_vessel_thinner_than_a_voxel_is_diluted() -> None:
    thin = Capsule(vector(0, 0, -10), vector(0, 0, 10), 0.2, 0.2)
    assert share_of(replace(finding("vessel"), place=thin)).max() < share_of(finding("vessel")).max()


def test_texture_changes_a_patch() -> None:
    canvas = grid()
    texture = np.full(canvas.geometry.shape, 2.0, np.float32)
    one = finding("patch")
    assert finding_share(one, canvas, whole(canvas), None, texture).sum() > share_of(one).sum()


def test_a_kind_in_the_wrong_place_is_a_bug() -> None:
    with pytest.raises(TypeError, match="a flame lies in an ellipsoid"):
        share_of(replace(finding("flame"), place=finding("vessel").place))
    with pytest.raises(TypeError, match="a vessel lies along a rod"):
        share_of(replace(finding("vessel"), place=finding("flame").place))
