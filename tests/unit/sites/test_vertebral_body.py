"""A body cut out of its vertebra: columns, walls, and what a voxel measures along a direction."""

from __future__ import annotations

import numpy as np
import pytest
from builders import make_geometry
from scipy import ndimage
from vertebra_builders import BoxSpine

from crmo_seg.anatomy import bone_named
from crmo_seg.sites.vertebral_body import (
    Columns,
    Vertebra,
    axes_along,
    columns_of,
    cut_out,
    walls_of,
    way_through_voxel,
    width_of_voxel,
)
from crmo_seg.volume import Volume

T8 = bone_named("vertebra_T8").label


def middle_one(bones: Volume) -> Vertebra:
    return cut_out(bones, T8, ndimage.find_objects(bones.array)[T8 - 1])


def upright(spine: BoxSpine) -> tuple[Vertebra, Columns]:
    vertebra = middle_one(spine.draw())
    return vertebra, columns_of(vertebra, axes_along(np.array([0.0, 0.0, 1.0])))


def test_axes_are_right_angled_and_look_to_the_front() -> None:
    axes = axes_along(np.array([0.1, -0.4, 1.0]))
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    assert axes[1, 1] > 0.9
    assert axes[2, 0] > 0.9  # right, up and front keep their hands


@pytest.mark.parametrize(("direction", "width", "way"), [((0, 0, 1), 2.0, 2.0), ((0.6, 0, 0.8), 2.2, 5 / 3)])
def test_a_voxel_along_a_direction(direction: tuple[float, float, float], width: float, way: float) -> None:
    geometry = make_geometry((4, 4, 4), (1.0, 6.0, 2.0))
    assert width_of_voxel(geometry, np.array(direction)) == pytest.approx(width)
    assert way_through_voxel(geometry, np.array(direction)) == pytest.approx(way)


@pytest.mark.parametrize("arch", [True, False])
def test_the_walls_of_an_upright_box(arch: bool) -> None:
    _, columns = upright(BoxSpine(arch=arch))
    walls = walls_of(columns, 1.0)
    assert walls is not None
    back, front = (columns.origin_mm[1] + depth for depth in walls)
    assert (back, front) == (pytest.approx(-12.0, abs=1.0), pytest.approx(12.0, abs=1.0))
    assert columns.half_width_mm == pytest.approx(14.4, abs=1.0)


def test_specks_do_not_count_and_holes_are_filled() -> None:
    bones = BoxSpine().draw()
    whole = middle_one(bones)
    array = bones.array.copy()
    array[0, 0, 0] = T8
    centre = tuple(np.rint(bones.geometry.to_index(np.zeros(3))).astype(int))
    array[centre] = 0
    again = middle_one(bones.with_array(array))
    np.testing.assert_array_equal(again.points_mm, whole.points_mm)
    assert not again.at_border.any()


def test_what_has_no_canal_has_no_back_wall() -> None:
    bones = BoxSpine(arch=False, depth_mm=24.0).draw()
    x, y, z = np.moveaxis(bones.geometry.to_world_mm(np.moveaxis(np.indices(bones.array.shape), 0, -1)), -1, 0)
    block = (np.abs(x) <= 12) & (y <= 12) & (y > -50) & (np.abs(z) <= 9)
    vertebra = middle_one(bones.with_array(np.where(block, T8, 0).astype(np.uint8)))
    assert walls_of(columns_of(vertebra, axes_along(np.array([0.0, 0.0, 1.0]))), 1.0) is None
