"""Masks cropped, padded and turned by other programs land on the voxels that they mark."""

from __future__ import annotations

import re

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.preprocess.lattice import onto_grid
from crmo_seg.volume import Geometry, GeometryError, Volume

SHAPE = (7, 6, 5)


def drawn(angle_degrees: float = 0.0) -> Volume:
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[2:5, 2:4, 1:3] = np.random.default_rng(3).integers(0, 4, (3, 2, 2))
    labels[2, 2, 1] = 1
    return Volume(labels, make_geometry(SHAPE, (1.25, 1.25, 6.0), angle_degrees))


def cropped(volume: Volume, start: tuple[int, int, int], stop: tuple[int, int, int]) -> Volume:
    """Part of a volume, which may reach beyond it."""
    before = [(max(0, -low), max(0, high - n)) for low, high, n in zip(start, stop, volume.array.shape, strict=True)]
    padded = np.pad(volume.array, before)
    slices = tuple(slice(low + pad[0], high + pad[0]) for low, high, pad in zip(start, stop, before, strict=True))
    array = padded[slices]
    affine = volume.geometry.affine.copy()
    affine[:3, 3] = volume.geometry.to_world_mm(np.array(start))
    return Volume(array, Geometry(affine, array.shape))


@pytest.mark.parametrize("angle_degrees", [0.0, 23.0])
@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS[::5])
def test_turned_and_cropped_masks_come_back(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool], angle_degrees: float
) -> None:
    labels = drawn(angle_degrees)
    saved = cropped(labels, (1, 2, 0), (6, 5, 4)).transposed(axes, flips)
    moved = onto_grid(saved, labels.geometry)
    assert np.array_equal(moved.array, labels.array)
    assert moved.geometry is labels.geometry


@settings(max_examples=40, deadline=None)
@given(st.tuples(*[st.integers(-3, 1)] * 3), st.tuples(*[st.integers(0, 3)] * 3))
def test_padding_and_cropping_of_background_change_nothing(low: tuple[int, ...], more: tuple[int, ...]) -> None:
    labels = drawn(11.0)
    stop = tuple(max(n, int(n - 1)) + extra for n, extra in zip(SHAPE, more, strict=True))
    saved = cropped(labels, (low[0], low[1], low[2]), (stop[0], stop[1], stop[2]))
    assert np.array_equal(onto_grid(saved, labels.geometry).array, labels.array)


def test_marked_voxels_outside_are_refused_with_their_number() -> None:
    labels = drawn()
    larger = cropped(labels, (-2, 0, 0), SHAPE)
    larger.array[0, 0, :2] = 1
    with pytest.raises(GeometryError, match=r"^2 of \d+ marked voxels lie outside the image 7 x 6 x 5 voxels"):
        onto_grid(larger, labels.geometry)


def test_another_spacing_is_refused_with_both() -> None:
    finer = Volume(np.ones((4, 4, 4), np.uint8), make_geometry((4, 4, 4), (1.0, 1.0, 3.0)))
    text = "is a grid of 4 x 4 x 4 voxels of 1 x 1 x 3 mm, RAS, the image one of 7 x 6 x 5 voxels of 1.25 x 1.25 x 6 mm"
    with pytest.raises(GeometryError, match=re.escape(text)):
        onto_grid(finer, drawn().geometry)


def test_half_a_voxel_off_is_refused() -> None:
    labels = drawn()
    affine = labels.geometry.affine.copy()
    affine[0, 3] += 0.6
    with pytest.raises(GeometryError, match=r"lies 0\.60 mm off the voxels of the image"):
        onto_grid(Volume(labels.array, Geometry(affine, SHAPE)), labels.geometry)


def test_a_slight_turn_is_refused_though_the_origin_agrees() -> None:
    labels = drawn()
    turned = drawn(0.05)
    with pytest.raises(GeometryError, match="mm off the voxels"):
        onto_grid(Volume(labels.array, turned.geometry), labels.geometry)


def test_what_float32_and_text_files_round_is_no_difference() -> None:
    labels = drawn(23.0)
    rounded = Geometry(labels.geometry.affine.astype(np.float32).astype(np.float64), SHAPE)
    assert np.array_equal(onto_grid(Volume(labels.array, rounded), labels.geometry).array, labels.array)
