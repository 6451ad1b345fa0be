"""Grids and volumes against nibabel and against numbers computed by hand."""

from __future__ import annotations

from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from crmo_seg.volume import Geometry, GeometryError, Volume

ORDERS = [(order, flips) for order in permutations((0, 1, 2)) for flips in product((False, True), repeat=3)]
OBLIQUE = np.array([[1.2, 0.3, -0.2, 10], [-0.25, 2.0, 0.4, -20], [0.1, -0.5, 5.0, 30], [0, 0, 0, 1.0]])


def make_volume(affine: np.ndarray = OBLIQUE, shape: tuple[int, int, int] = (3, 4, 5)) -> Volume:
    array = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    return Volume(array, Geometry(affine, shape))


def rotations() -> st.SearchStrategy[np.ndarray]:
    """Proper rotations, drawn as unit quaternions."""
    number = st.floats(-1, 1, allow_nan=False, width=32)
    quaternions = arrays(np.float64, 4, elements=number).filter(lambda q: np.linalg.norm(q) > 0.1)
    return quaternions.map(lambda q: nib.quaternions.quat2mat(q / np.linalg.norm(q)))


def test_spacing_and_voxel_volume_by_hand() -> None:
    geometry = Geometry(np.diag([-1.5, 2.0, 6.0, 1.0]), (10, 20, 5))
    assert geometry.spacing_mm == (1.5, 2.0, 6.0)
    assert geometry.voxel_volume_ml == pytest.approx(0.018)


def test_a_sheared_voxel_has_the_volume_of_its_determinant() -> None:
    affine = np.array([[2.0, 1.0, 0, 0], [0, 2.0, 0, 0], [0, 0, 3.0, 0], [0, 0, 0, 1]])
    assert Geometry(affine, (2, 2, 2)).voxel_volume_ml == pytest.approx(0.012)


@given(rotation=rotations(), spacing=arrays(np.float64, 3, elements=st.floats(0.2, 10)))
def test_spacing_and_orientation_are_those_of_nibabel(rotation: np.ndarray, spacing: np.ndarray) -> None:
    affine = np.eye(4)
    affine[:3, :3] = rotation * spacing
    geometry = Geometry(affine, (4, 5, 6))
    np.testing.assert_allclose(geometry.spacing_mm, nib.affines.voxel_sizes(affine), rtol=1e-9)
    cosines = np.sort(np.abs(rotation), axis=0)
    if (cosines[2] - cosines[1] > 0.1).all():  # near 45 degrees each library may choose for itself
        assert geometry.orientation == "".join(nib.aff2axcodes(affine))


@given(
    index=arrays(np.float64, (7, 3), elements=st.floats(-500, 500)),
    rotation=rotations(),
    spacing=arrays(np.float64, 3, elements=st.floats(0.2, 10)),
)
def test_index_to_world_and_back(index: np.ndarray, rotation: np.ndarray, spacing: np.ndarray) -> None:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = rotation * spacing, (5.0, -300.0, 20.0)
    geometry = Geometry(affine, (4, 5, 6))
    np.testing.assert_allclose(geometry.to_world_mm(index), nib.affines.apply_affine(affine, index), atol=1e-6)
    np.testing.assert_allclose(geometry.to_index(geometry.to_world_mm(index)), index, atol=1e-6)


@pytest.mark.parametrize(("axes", "flips"), ORDERS)
def test_a_voxel_keeps_its_place_in_the_world_in_every_axis_order(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    volume = make_volume()
    turned = volume.transposed(axes, flips)
    for index in ((0, 0, 0), (2, 1, 3), (1, 3, 4)):
        new = np.argwhere(turned.array == volume.array[index])[0]
        np.testing.assert_allclose(
            turned.geometry.to_world_mm(new), volume.geometry.to_world_mm(np.array(index)), atol=1e-9
        )


@pytest.mark.parametrize(("axes", "flips"), ORDERS)
def test_canonical_undoes_every_axis_order(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    volume = make_volume()
    back = volume.transposed(axes, flips).canonical()
    np.testing.assert_array_equal(back.array, volume.array)
    assert back.geometry.same_grid(volume.geometry)
    assert back.geometry.orientation == "RAS"


def test_transposing_copies_nothing() -> None:
    volume = make_volume()
    assert np.shares_memory(volume.array, volume.transposed((2, 0, 1), (True, False, True)).array)


def test_canonical_agrees_with_nibabel() -> None:
    volume = make_volume().transposed((2, 0, 1), (True, False, True))
    theirs = nib.as_closest_canonical(nib.Nifti1Image(volume.array, volume.geometry.affine))
    ours = volume.canonical()
    np.testing.assert_array_equal(ours.array, np.asarray(theirs.dataobj))
    np.testing.assert_allclose(ours.geometry.affine, theirs.affine, atol=1e-6)


def test_world_axes_are_one_to_one_even_where_two_axes_lie_nearest_the_same() -> None:
    turn = np.deg2rad(50)
    affine = np.eye(4)
    affine[:3, :3] = [[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]]
    assert sorted(Geometry(affine, (2, 2, 2)).world_axes) == [0, 1, 2]


def test_same_grid_sees_a_shift_and_a_shape() -> None:
    volume = make_volume()
    shifted = OBLIQUE.copy()
    shifted[0, 3] += 0.5
    other = Geometry(shifted, (3, 4, 5))
    assert volume.geometry.same_grid(Geometry(OBLIQUE, (3, 4, 5)))
    assert not volume.geometry.same_grid(other)
    assert volume.geometry.largest_corner_shift_mm(other) == pytest.approx(0.5)
    assert not volume.geometry.same_grid(Geometry(OBLIQUE, (3, 4, 6)))


def test_same_grid_sees_a_small_turn_at_the_far_corner() -> None:
    turned = np.eye(4)
    turned[0, 1] = 0.001  # 0.2 mm at the far end of 200 voxels
    assert not Geometry(np.eye(4), (2, 200, 2)).same_grid(Geometry(turned, (2, 200, 2)))


@pytest.mark.parametrize(
    ("affine", "shape", "message"),
    [
        (np.eye(4), (4, 4), "three axes"),
        (np.eye(4), (4, 0, 4), "three axes"),
        (np.eye(3), (4, 4, 4), "finite 4 x 4"),
        (np.full((4, 4), np.nan), (4, 4, 4), "finite 4 x 4"),
        (np.diag([1.0, 1, 1, 2]), (4, 4, 4), "last row"),
        (np.diag([0.0, 1, 1, 1]), (4, 4, 4), "spacing"),
        (np.diag([100.0, 1, 1, 1]), (4, 4, 4), "outside"),
        (np.array([[1.0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), (4, 4, 4), "flat"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(affine: np.ndarray, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        Geometry(affine, shape)  # type: ignore[arg-type]


def test_a_volume_of_another_type_or_shape_is_refused() -> None:
    geometry = Geometry(np.eye(4), (2, 2, 2))
    with pytest.raises(GeometryError, match="float64"):
        Volume(np.zeros((2, 2, 2)), geometry)
    with pytest.raises(GeometryError, match=r"\(2, 2, 3\)"):
        Volume(np.zeros((2, 2, 3), dtype=np.uint8), geometry)


def test_the_affine_is_a_copy_that_cannot_be_written() -> None:
    affine = np.eye(4)
    geometry = Geometry(affine, (2, 2, 2))
    affine[0, 3] = 7
    assert geometry.affine[0, 3] == 0
    with pytest.raises(ValueError, match="read-only"):
        geometry.affine[0, 3] = 7


def test_repr_says_what_a_reader_wants_to_know() -> None:
    volume = Volume(np.zeros((4, 5, 6), dtype=np.uint8), Geometry(np.diag([-1.25, 6, 1.25, 1]), (4, 5, 6)))
    assert repr(volume) == "Volume(4 x 5 x 6, 1.25 x 6 x 1.25 mm, LAS, uint8)"
