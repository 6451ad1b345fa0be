from __future__ import annotations

import numpy as np
import pytest
from dicom_file_builders import mosaic

from crmo_seg.io.dicom.read.mosaic import Mosaic, mosaic_of, tile_positions
from crmo_seg.io.dicom.read.stack import Slice

TILES = np.zeros((5, 2, 4), np.uint16)  # 3 x 3 tiles
WHOLE = Slice((-10.0, -20.0, 30.0), (1, 0, 0, 0, 1, 0), (2.0, 1.0), (12, 6))


@pytest.mark.parametrize("direction", [1, -1])
def test_the_private_header_tells_count_and_direction(direction: int) -> None:
    found = mosaic_of(mosaic(TILES, (0, 0, direction), SpacingBetweenSlices=3.5), WHOLE)
    assert found is not None
    assert (found.count, found.tiles_per_side, found.step.tolist()) == (5, 3, [0, 0, 3.5 * direction])


def test_the_middle_of_the_image_is_where_the_header_says() -> None:
    # By hand: the image is 12 x 12 mm, a tile 4 x 4 mm; with one middle, their corners lie 4 mm apart both ways.
    tiles = tile_positions(Mosaic(5, 3, np.array([0, 0, 3.5])), WHOLE)
    np.testing.assert_array_equal(tiles[0].position, (-10 + 4, -20 + 4, 30))
    np.testing.assert_array_equal(tiles[4].position, (-6, -16, 30 + 4 * 3.5))
    assert {tile.matrix for tile in tiles} == {(4, 2)}


def test_without_private_header_or_distance_there_is_no_layout() -> None:
    bare = mosaic(TILES, (0, 0, 1), SpacingBetweenSlices=3.5)
    del bare[0x00291010]
    assert mosaic_of(bare, WHOLE) is None
    assert mosaic_of(mosaic(TILES, (0, 0, 1)), WHOLE) is None


def test_a_damaged_private_header_is_none() -> None:
    dataset = mosaic(TILES, (0, 0, 1), SpacingBetweenSlices=3.5)
    dataset[0x00291010].value = dataset[0x00291010].value[:90]
    assert mosaic_of(dataset, WHOLE) is None


def test_newer_software_writes_the_count_elsewhere() -> None:
    dataset = mosaic(TILES, (0, 0, 1), SpacingBetweenSlices=3.5)
    del dataset[0x00291010]
    dataset.private_block(0x19, "SIEMENS MR HEADER", create=True).add_new(0x0A, "US", 5)
    found = mosaic_of(dataset, WHOLE)
    assert found is not None
    assert found.count == 5


def test_a_count_that_does_not_fit_the_image_is_no_layout() -> None:
    dataset = mosaic(TILES, (0, 0, 1), SpacingBetweenSlices=3.5)
    assert mosaic_of(dataset, Slice(WHOLE.position, WHOLE.orientation, (1.0, 1.0), (13, 6))) is None
