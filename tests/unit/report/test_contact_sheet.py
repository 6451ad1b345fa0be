"""A sheet read back as pixels: what is drawn where, and how large."""

from __future__ import annotations

import io
from dataclasses import replace

import matplotlib.image
import numpy as np
import pytest

from crmo_seg.report.contact_sheet import SheetRow, contact_sheet_png
from crmo_seg.volume import Geometry, Volume

SHAPE, SPACING = (20, 8, 30), (2.0, 6.0, 2.0)
ROW_PIXELS, TITLE, GAP = 60, 26, 6
TILE = (ROW_PIXELS, 40)


def volume(array: np.ndarray) -> Volume:
    return Volume(array, Geometry(np.diag([*SPACING, 1.0]), SHAPE))


def study(title: str = "phantom-0000", *, slices: int = 3) -> SheetRow:
    """A block whose right half is brighter, with a lesion in its head end on the right, and two bones."""
    image = np.zeros(SHAPE, np.float32)
    image[2:18, 1:7, 2:28] = 120
    image[10:18, 1:7, 2:28] = 200
    edema, bones = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    edema[12:16, 3:5, 20:25] = 1
    bones[12:16, 2:6, 3:27] = 7
    bones[4:8, 2:6, 3:27] = 8
    return SheetRow(title, volume(image), volume(edema), volume(bones), slices)


def sheet(*rows: SheetRow) -> np.ndarray:
    picture = matplotlib.image.imread(io.BytesIO(contact_sheet_png(rows, row_pixels=ROW_PIXELS)))
    return picture[..., :3]


def tiles(picture: np.ndarray, row: int = 0, count: int = 5) -> list[np.ndarray]:
    top = TITLE + row * (ROW_PIXELS + TITLE)
    starts = [tile * (TILE[1] + GAP) for tile in range(count)]
    return [picture[top : top + ROW_PIXELS, start : start + TILE[1]] for start in starts]


def orange(tile: np.ndarray) -> np.ndarray:
    """Where red is stronger than green, and green than blue; a line of one voxel is blurred by the zoom."""
    red, green, blue = np.moveaxis(tile, -1, 0)
    return (red - green > 0.1) & (green - blue > 0.2)


def is_grey(tile: np.ndarray) -> bool:
    return bool((np.ptp(tile, axis=-1) < 0.02).all())


def test_a_row_has_slices_the_projection_and_bones_with_square_pixels() -> None:
    picture = sheet(study())
    assert picture.shape[:2] == (TITLE + ROW_PIXELS, 5 * TILE[1] + 4 * GAP)
    one, middle, last, projection, bones = tiles(picture)
    assert [bool(orange(tile).any()) for tile in (one, middle, last, projection, bones)] == [
        False, True, False, True, False,
    ]  # fmt: skip
    assert is_grey(one)
    assert not is_grey(bones)


def test_the_right_is_on_the_left_and_the_head_is_up() -> None:
    one, middle, *_ = tiles(sheet(study()))
    bright = one[30, :, 0]
    assert bright[10] > bright[30] > bright[1]
    rows, columns = np.nonzero(orange(middle))
    assert rows.mean() < ROW_PIXELS / 3
    assert columns.mean() < TILE[1] / 2


def test_what_is_marked_stays_visible_within_its_outline() -> None:
    marked, (_, middle, *_) = study(), tiles(sheet(study()))
    bare = tiles(sheet(replace(marked, edema=None)))[1]
    inside = (slice(12, 18), slice(10, 14))
    assert not orange(middle[inside]).any()
    np.testing.assert_allclose(middle[inside], bare[inside], atol=0.01)


def test_bones_beside_each_other_differ_in_colour() -> None:
    bones = tiles(sheet(study()))[4]
    right, left, air = bones[30, 12], bones[30, 28], bones[30, 2]
    assert np.abs(right - left).max() > 0.3
    assert right.max() > 0.5
    assert not air.any()


def test_missing_masks_leave_out_what_they_would_show() -> None:
    bare = sheet(SheetRow("image", study().image, slices=3))
    assert bare.shape[1] == 4 * TILE[1] + 3 * GAP
    assert not any(orange(tile).any() for tile in tiles(bare, count=4))
    assert is_grey(bare)


def test_every_study_has_a_row_below_its_title() -> None:
    both = sheet(study("first"), replace(study("second"), slices=1))
    assert both.shape[:2] == (2 * (TITLE + ROW_PIXELS), 5 * TILE[1] + 4 * GAP)
    assert both[:TITLE].max() > 0.5
    assert both[TITLE + ROW_PIXELS : 2 * TITLE + ROW_PIXELS].max() > 0.5
    assert orange(tiles(both, 1)[0]).any()
    assert not both[TITLE + ROW_PIXELS + TITLE :, 3 * TILE[1] + 2 * GAP + 1 :].any()


@pytest.mark.parametrize(("order", "flips"), [((2, 0, 1), (True, False, False)), ((1, 2, 0), (False, True, True))])
def test_the_order_of_the_voxels_does_not_matter(order: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    one = study()
    assert one.edema is not None
    assert one.bones is not None
    turned = SheetRow(one.title, *(v.transposed(order, flips) for v in (one.image, one.edema, one.bones)), one.slices)
    np.testing.assert_array_equal(sheet(turned), sheet(one))


def test_other_planes_of_acquisition_are_shown_in_their_own() -> None:
    """Sagittal slices: across runs from the front to the back."""
    geometry = Geometry(np.diag([6.0, 2.0, 2.0, 1.0]), (8, 20, 30))
    ramp = np.broadcast_to(np.linspace(50, 200, 20, dtype=np.float32)[None, :, None], geometry.shape)
    picture = sheet(SheetRow("sagittal", Volume(np.ascontiguousarray(ramp), geometry), slices=1))
    (tile,) = tiles(picture, count=1)
    assert tile[30, 2, 0] > tile[30, 20, 0] > tile[30, 37, 0]


@pytest.mark.parametrize("level", [0.0, 7.0])
def test_an_image_of_one_value_is_drawn(level: float) -> None:
    picture = sheet(SheetRow("flat", volume(np.full(SHAPE, level, np.float32)), slices=2))
    assert picture.shape[1] == 3 * TILE[1] + 2 * GAP


def test_the_same_study_gives_the_same_bytes() -> None:
    one, other = (contact_sheet_png([study()], row_pixels=ROW_PIXELS) for _ in range(2))
    assert one == other
    assert one.startswith(b"\x89PNG")
    assert b"matplotlib" not in one.lower()
