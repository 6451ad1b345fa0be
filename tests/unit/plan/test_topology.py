"""Depth, strides and kernels, against nnU-Net's published plans and cases counted by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.plan import Triple
from crmo_seg.plan.contract import divisors_of
from crmo_seg.plan.topology import SMALLEST_SIDE, kernels_for, padded, topology

SIDES = st.tuples(*[st.integers(1, 200)] * 3)
SPACINGS = st.tuples(*[st.floats(0.3, 10.0)] * 3)


def test_hippocampus_gets_the_patch_and_depth_of_nnunet() -> None:
    found = topology((1.0, 1.0, 1.0), (36, 35, 50))
    assert found.strides == ((1, 1, 1), (2, 2, 2), (2, 2, 2), (2, 2, 2))
    assert set(found.kernels) == {(3, 3, 3)}
    assert padded((36, 35, 50), found.strides) == (40, 40, 56)


def test_thick_slices_are_halved_once_pixels_are_as_large() -> None:
    """nnU-Net's plan of ACDC: patch 20 x 256 x 224 of 5 x 1.56 x 1.56 mm (nature methods supplement, note 6)."""
    found = topology((1.5625, 1.5625, 5.0), (256, 224, 20))
    assert found.strides == ((1, 1, 1), (2, 2, 1), (2, 2, 2), (2, 2, 2), (2, 2, 1), (2, 2, 1))
    assert found.kernels == ((3, 3, 1), *[(3, 3, 3)] * 5)
    assert padded((256, 224, 20), found.strides) == (256, 224, 20)


def test_one_axis_alone_is_halved_from_twelve_voxels() -> None:
    assert len(topology((1.0, 1.0, 1.0), (12, 4, 4)).strides) == 2
    assert len(topology((1.0, 1.0, 1.0), (11, 4, 4)).strides) == 1
    assert topology((1.0, 1.0, 1.0), (8, 8, 1)).strides == ((1, 1, 1), (2, 2, 1))


def test_a_given_patch_is_halved_while_its_sides_are_even() -> None:
    assert divisors_of(topology((1.0, 1.0, 1.0), (48, 40, 36), exact=True).strides) == (8, 8, 4)
    assert divisors_of(topology((1.0, 1.0, 1.0), (33, 64, 64), exact=True).strides) == (1, 16, 16)


def test_depth_can_be_bounded() -> None:
    found = topology((1.0, 1.0, 1.0), (64, 64, 64), depth=3)
    assert (len(found.strides), len(found.kernels)) == (3, 3)


def test_kernels_of_given_strides() -> None:
    strides: tuple[Triple, ...] = ((1, 1, 1), (2, 2, 1), (2, 2, 2))
    assert kernels_for((1.25, 1.25, 6.0), strides) == ((3, 3, 1), (3, 3, 1), (3, 3, 3))
    assert kernels_for((2.5, 2.5, 6.0), strides) == ((3, 3, 1), (3, 3, 3), (3, 3, 3))


@given(SPACINGS, SIDES)
def test_features_keep_four_voxels_and_matching_spacing(spacing: tuple[float, float, float], patch: Triple) -> None:
    strides = topology(spacing, patch).strides
    coarsest = [side // step for side, step in zip(padded(patch, strides), divisors_of(strides), strict=True)]
    assert all(left >= min(SMALLEST_SIDE, side) for left, side in zip(coarsest, patch, strict=True))
    mm = list(spacing)
    for step in strides[1:]:
        halved = [size for size, factor in zip(mm, step, strict=True) if factor == 2]
        assert max(halved) < 2 * min(halved)
        mm = [size * factor for size, factor in zip(mm, step, strict=True)]


@given(SPACINGS, SIDES)
def test_an_exact_topology_divides_the_patch(spacing: tuple[float, float, float], patch: Triple) -> None:
    assert padded(patch, topology(spacing, patch, exact=True).strides) == patch
