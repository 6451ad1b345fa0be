import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, body_with_lesion, make_geometry
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.plan import GridPlan
from crmo_seg.preprocess import model_grid, preprocess
from crmo_seg.volume import Volume

PLAN = GridPlan(2.0, (3.0, 8.0))


def test_coronal_slices_come_last() -> None:
    grid = model_grid(make_geometry((20, 6, 40), (1.25, 6.0, 1.25)), PLAN)
    assert grid.axes == (0, 2, 1)
    assert grid.geometry.spacing_mm == pytest.approx((2.0, 2.0, 6.0))
    assert grid.geometry.orientation == "RSA"


def test_sagittal_slices_come_last() -> None:
    grid = model_grid(make_geometry((6, 40, 40), (4.0, 1.0, 1.0)), PLAN)
    assert grid.geometry.orientation == "ASR"
    assert grid.geometry.spacing_mm == pytest.approx((2.0, 2.0, 4.0))


def test_an_isotropic_scan_is_seen_as_coronal() -> None:
    assert model_grid(make_geometry((20, 20, 20), (3.0, 3.0, 3.0)), PLAN).geometry.orientation == "RSA"


@pytest.mark.parametrize(("slice_mm", "expected_mm"), [(1.0, 3.0), (5.0, 5.0), (12.0, 8.0)])
def test_slices_keep_their_spacing_within_the_range(slice_mm: float, expected_mm: float) -> None:
    grid = model_grid(make_geometry((20, 12, 20), (0.9, slice_mm, 0.9)), PLAN)
    assert grid.geometry.spacing_mm[2] == pytest.approx(expected_mm)


def test_the_field_of_view_keeps_its_centre() -> None:
    source = make_geometry((21, 7, 33), (1.3, 5.0, 1.1), angle_degrees=20)
    target = model_grid(source, PLAN).geometry
    middle = [(np.array(grid.shape) - 1) / 2 for grid in (source, target)]
    assert source.to_world_mm(middle[0]) == pytest.approx(target.to_world_mm(middle[1]))


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_every_orientation_gives_the_same_input(axes: tuple[int, int, int], flips: tuple[bool, bool, bool]) -> None:
    image, _ = body_with_lesion(make_geometry((24, 8, 30), (1.0, 5.0, 1.25), 15), (4.0, 3.0, -6.0), 7.0)
    reference, reference_grid = preprocess([image], PLAN)
    other, other_grid = preprocess([image.transposed(axes, flips)], PLAN)
    assert other_grid.geometry.same_grid(reference_grid.geometry)
    np.testing.assert_allclose(other, reference, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(
    spacing=st.tuples(st.floats(0.8, 3.0), st.floats(3.5, 8.0), st.floats(0.8, 3.0)),
    angle=st.floats(0, 40),
    orientation=st.sampled_from(ALL_ORIENTATIONS),
)
def test_a_linear_ramp_survives_the_way_there_and_back(
    spacing: tuple[float, float, float], angle: float, orientation: tuple[tuple[int, int, int], tuple[bool, bool, bool]]
) -> None:
    """Linear interpolation keeps a linear signal exactly, away from the border."""
    geometry = make_geometry((18, 9, 20), spacing, angle)
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    ramp = Volume((geometry.to_world_mm(indices) @ (0.3, -0.2, 0.5)).astype(np.float32), geometry)
    turned = ramp.transposed(*orientation)
    grid = model_grid(turned.geometry, GridPlan(2.0, (3.0, 8.0)))
    back = grid.restore(grid.resample(turned))
    assert back.geometry.same_grid(turned.geometry)
    inner = tuple(slice(n // 3, n - n // 3) for n in back.array.shape)
    np.testing.assert_allclose(back.array[inner], turned.array[inner], atol=0.02)
