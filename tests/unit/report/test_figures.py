"""Pictures: what stands where, in any orientation, and for volumes at the edge of what can be drawn."""

from __future__ import annotations

import io
from itertools import permutations, product

import numpy as np
import pytest
from matplotlib.image import imread

from crmo_seg.anatomy import Side, Site
from crmo_seg.lesions import Lesion, LesionMap, find_lesions
from crmo_seg.report.figures import MAXIMUM_TILES, largest_lesions, montage_png, projection_png, tile_title
from crmo_seg.volume import Geometry, Volume

SHAPE = (40, 6, 80)
ORDERS = [(order, flips) for order in permutations((0, 1, 2)) for flips in product((False, True), repeat=3)][::5]


def make_study(shape: tuple[int, int, int] = SHAPE, boxes: int = 2) -> tuple[Volume, LesionMap]:
    """A grey body with lesions of falling size, the first on the patient's right near the head."""
    geometry = Geometry(np.diag([5.0, 6.0, 5.0, 1.0]), shape)
    image = np.full(shape, 50.0, dtype=np.float32)
    mask = np.zeros(shape, dtype=bool)
    for number in range(boxes):
        x, z = (30, 66) if number == 0 else (6, 66 - 8 * number)
        mask[x : x + 6 - number // 2, :2, z : z + 5] = True
    image[mask] = 200
    return Volume(image, geometry), find_lesions(Volume(mask, geometry))


def pixels(png: bytes) -> np.ndarray:
    """RGB, shape (rows, columns, 3)."""
    return np.asarray(imread(io.BytesIO(png)))[..., :3]


def outlined(png: bytes) -> np.ndarray:
    """(row, column) of the coloured pixels, as parts of height and width."""
    picture = pixels(png)
    coloured = picture.max(axis=2) - picture.min(axis=2) > 0.5
    return np.argwhere(coloured) / coloured.shape


def test_the_patients_right_is_on_the_left_and_the_head_is_up() -> None:
    image, _ = make_study()
    one_lesion = make_study(boxes=1)[1]
    rows, columns = outlined(projection_png(image, one_lesion)).T
    # Voxels 30 to 36 of 40 from the left side, so 10 to 25 % from the left edge; the number stands outside.
    assert columns.max() == pytest.approx(0.25, abs=0.02)
    assert np.median(columns) < 0.25
    assert rows.min() == pytest.approx(1 - 71 / 80, abs=0.02)
    assert rows.max() == pytest.approx(1 - 66 / 80, abs=0.02)


def test_the_picture_has_the_proportions_of_the_body() -> None:
    height, width, _ = pixels(projection_png(*make_study())).shape
    assert width / height == pytest.approx((40 * 5) / (80 * 5), rel=0.02)


@pytest.mark.parametrize(("axes", "flips"), ORDERS)
def test_pictures_are_the_same_in_every_axis_order(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    image, lesion_map = make_study()
    turned = LesionMap(lesion_map.labels.transposed(axes, flips), lesion_map.lesions)
    for draw in (projection_png, montage_png):
        assert draw(image.transposed(axes, flips), turned) == draw(image, lesion_map)


def test_no_lesion_no_colour() -> None:
    image, lesion_map = make_study(boxes=0)
    assert len(outlined(projection_png(image, lesion_map))) == 0


@pytest.mark.parametrize("shape", [(40, 2, 80), (2, 40, 80), (40, 80, 2), (1, 1, 1)])
@pytest.mark.parametrize("value", [0.0, 7.0, -7.0])
def test_thin_and_constant_volumes_are_drawn(shape: tuple[int, int, int], value: float) -> None:
    geometry = Geometry(np.diag([5.0, 6.0, 5.0, 1.0]), shape)
    image = Volume(np.full(shape, value, dtype=np.float32), geometry)
    lesion_map = find_lesions(Volume(np.ones(shape, dtype=bool), geometry))
    assert len(outlined(projection_png(image, lesion_map)))
    assert len(outlined(montage_png(image, lesion_map)))


@pytest.mark.parametrize(("boxes", "rows"), [(1, 1), (3, 1), (4, 2), (8, 2)])
def test_the_montage_has_a_tile_for_each_of_at_most_six(boxes: int, rows: int) -> None:
    image, lesion_map = make_study(boxes=boxes)
    assert len(lesion_map.lesions) == boxes
    height, width, _ = pixels(montage_png(image, lesion_map)).shape
    assert height / width == pytest.approx(rows * 2.45 / 6.6, rel=0.02)
    assert len(largest_lesions(lesion_map.lesions)) == min(boxes, MAXIMUM_TILES)


def test_lesions_on_top_of_each_other_keep_numbers_apart() -> None:
    geometry = Geometry(np.diag([5.0, 6.0, 5.0, 1.0]), (40, 30, 80))
    mask = np.zeros(geometry.shape, dtype=bool)
    for y in range(0, 30, 6):
        mask[10:14, y : y + 3, 40:44] = True
    image = Volume(np.zeros(geometry.shape, dtype=np.float32), geometry)
    rows, _ = outlined(projection_png(image, find_lesions(Volume(mask, geometry)))).T
    assert np.ptp(rows) > 4 * (10 / 72) / 9.0  # five lines of 10 points on a page of 9 inches


def test_titles() -> None:
    site = Site("cervical_vertebra", None)
    assert tile_title(Lesion(2, 1.26, 9.0, (0, 0, 0), site=site)) == "2 · cervical vertebra · 1.3 ml"
    assert tile_title(Lesion(1, 9.0, 9.0, (0, 0, 0), site=Site("femur", Side.LEFT))) == "1 · left femur · 9.0 ml"
