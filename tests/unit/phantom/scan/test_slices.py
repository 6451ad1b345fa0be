from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.phantom.scan.protocol import Artefacts, Profile, Protocol
from crmo_seg.phantom.scan.slices import fine_grid, image_geometry, labels_to_slices, slice_weights, to_slices


def protocol(
    *,
    thickness: float = 5.0,
    gap: float = 1.0,
    sub_slices: int = 2,
    profile: Profile = "trapezoid",
    slice_axis: int = 1,
    wrap_mm: float = 0.0,
) -> Protocol:
    return Protocol(
        view="region",
        slice_axis=slice_axis,
        phase_axis=2 if slice_axis == 0 else 0,
        in_plane_mm=2.0,
        slice_pitch_mm=thickness + gap,
        slice_thickness_mm=thickness,
        field_of_view=((-20.0, -30.0, 10.0), (20.0, 30.0, 70.0)),
        sub_slices=sub_slices,
        profile=profile,
        artefacts=Artefacts(wrap_mm=wrap_mm),
    )


@given(
    thickness=st.floats(3, 8),
    gap_share=st.floats(0, 0.2),
    sub_slices=st.integers(1, 4),
    profile=st.sampled_from(["gaussian", "trapezoid"]),
)
def test_weights_of_a_slice_sum_to_one(thickness: float, gap_share: float, sub_slices: int, profile: Profile) -> None:
    one = protocol(thickness=thickness, gap=thickness * gap_share, sub_slices=sub_slices, profile=profile)
    weights = slice_weights(one)
    assert weights.shape == (len(weights), len(weights) * sub_slices)
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert (weights >= 0).all()
    centre = weights @ np.arange(weights.shape[1])  # symmetric but at the ends
    np.testing.assert_allclose(np.diff(centre[1:-1]), sub_slices, atol=1e-3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_uniform_object_stays_uniform(axis: int) -> None:
    one = protocol(slice_axis=axis, sub_slices=3)
    shape = fine_grid(one).geometry.shape
    sliced = to_slices(np.full(shape, 100, np.float32), slice_weights(one), axis)
    assert sliced.shape == image_geometry(one).shape
    np.testing.assert_allclose(sliced, 100, rtol=1e-6)


def test_slicing_is_the_weighted_sum() -> None:
    rng = np.random.default_rng(0)
    weights = rng.random((4, 8)).astype(np.float32)
    for axis in range(3):
        shape = tuple(np.insert((5, 6), axis, 8))
        fine = rng.random(shape).astype(np.float32)
        expected = np.moveaxis(np.tensordot(weights, fine, axes=(1, axis)), 0, axis)
        np.testing.assert_allclose(to_slices(fine, weights, axis), expected, rtol=1e-5)


def test_a_bright_plane_answers_as_the_profile() -> None:
    """Slices of 5 mm every 6 mm, planes of 3 mm: flanks of 1.5 mm around 2.5 mm from the centre, so from 1.75 to 3.25.

    The inner planes reach from 0 to 3 mm: all but the flank beyond 3 mm; the next from 3 to 6 mm: the flank's end,
    a triangle of 0.25 mm, which is less than 1 % of the slice and is left out.
    """
    weights = slice_weights(protocol(profile="trapezoid"))
    np.testing.assert_allclose(weights[3, 6:8], 0.5, atol=1e-6)
    assert np.count_nonzero(weights[3]) == 2


def test_a_gaussian_profile_reaches_its_neighbours() -> None:
    """Half its height at half the thickness; the share of the outer planes is known from the error function."""
    from scipy.special import erf

    weights = slice_weights(protocol(profile="gaussian"))
    scale = 2 * np.sqrt(np.log(2)) / 5.0
    inner, outer = erf(3 * scale), erf(6 * scale) - erf(3 * scale)
    assert weights[4, 7] == pytest.approx(0.5 * outer / (inner + outer), abs=2e-3)
    assert weights[4, 7] == weights[4, 10] > 0.02
    plane = np.zeros((1, weights.shape[1], 1), np.float32)
    plane[0, 8] = 1000
    response = to_slices(plane, weights, 1)[0, :, 0]
    assert response[4] > response[3] > 0
    assert response[5] == 0


def test_the_label_of_most_weight_wins() -> None:
    weights = np.array([[0.1, 0.3, 0.4, 0.2, 0.0]], np.float32)
    cases = [
        ([7, 7, 7, 7, 7], 7),
        ([0, 0, 5, 0, 5], 0),  # 0.6 against 0.4
        ([0, 5, 5, 0, 0], 5),
        ([1, 2, 3, 1, 0], 3),  # 0.3, 0.3, 0.4
        ([0, 1, 0, 1, 9], 0),  # a tie: the plane that weighs most
    ]
    labels = np.array([planes for planes, _ in cases], np.uint8).T[None]  # (1, planes, cases)
    out = labels_to_slices(labels, weights, 1)
    assert out.dtype == np.uint8
    assert out[0, 0].tolist() == [label for _, label in cases]


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_majority_against_counting_voxel_by_voxel(axis: int) -> None:
    rng = np.random.default_rng(1)
    shape = tuple(np.insert((4, 5), axis, 9))
    labels = rng.integers(0, 3, shape).astype(np.uint8)
    weights = np.kron(np.eye(3), [0.2, 0.5, 0.3]).astype(np.float32)
    out = np.moveaxis(labels_to_slices(labels, weights, axis), axis, 0)
    planes = np.moveaxis(labels, axis, 0)
    for index in np.ndindex(out.shape):
        column = planes[:, index[1], index[2]]
        votes = [(weights[index[0]] * (column == label)).sum() for label in range(3)]
        assert votes[out[index]] == pytest.approx(max(votes))


def test_where_most_is_edema_most_is_bone() -> None:
    rng = np.random.default_rng(2)
    one = protocol(profile="gaussian")
    bones = np.cumsum(rng.random((8, 20, 30)) < 0.2, axis=1).astype(np.uint8) % 3
    edema = ((bones > 0) & (rng.random(bones.shape) < 0.95)).astype(np.float32)
    weights = slice_weights(one)
    assert len(weights) * 2 == 20
    share = to_slices(edema, weights, 1)
    assert (share > 0.5).any()
    whole = labels_to_slices((bones > 0).astype(np.uint8), weights, 1)
    assert whole[share > 0.5].all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_planes_lie_inside_their_slice(axis: int) -> None:
    one = protocol(slice_axis=axis, sub_slices=3)
    fine, images = fine_grid(one).geometry, image_geometry(one)
    assert images.orientation == fine.orientation == "RAS"
    assert images.spacing_mm == pytest.approx(one.spacing_mm)
    assert fine.spacing_mm[axis] == pytest.approx(2.0)
    middle = np.array([0, 0, 0])
    middle[axis] = 1
    np.testing.assert_allclose(fine.to_world_mm(middle), images.to_world_mm(np.zeros(3)), atol=1e-9)
    centre = images.to_world_mm((np.array(images.shape) - 1) / 2)
    np.testing.assert_allclose(centre, np.mean(one.field_of_view, axis=0), atol=1e-9)


def test_what_will_wrap_is_drawn_too() -> None:
    one, plain = protocol(wrap_mm=8.0), protocol()
    wide, narrow = fine_grid(one).geometry, fine_grid(plain).geometry
    assert wide.shape == (narrow.shape[0] + 8, *narrow.shape[1:])
    np.testing.assert_allclose(wide.to_world_mm(np.array([4, 0, 0])), narrow.to_world_mm(np.zeros(3)))
    assert image_geometry(one).same_grid(image_geometry(plain))
