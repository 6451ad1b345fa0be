"""Maps between visits and their fits."""

from __future__ import annotations

import numpy as np
import pytest
from builders import rotation_about
from hypothesis import given, settings
from hypothesis import strategies as st

from crmo_seg.longitudinal.affine import AffineMap, fit_affine, fit_robust_similarity, fit_similarity, turning

POINTS = np.random.default_rng(3).normal(size=(40, 3)) * (30.0, 20.0, 90.0)
degrees = st.floats(-180, 180)


@settings(max_examples=25, deadline=None)
@given(angle=degrees, scale=st.floats(0.6, 1.8), shift=st.floats(-200, 200))
def test_a_similarity_is_found_again(angle: float, scale: float, shift: float) -> None:
    true = AffineMap(scale * rotation_about((1.0, 2.0, 0.5), angle), np.array([shift, -shift, 3.0]))
    found = fit_similarity(POINTS, true(POINTS))
    np.testing.assert_allclose(found.matrix, true.matrix, atol=1e-8)
    np.testing.assert_allclose(found.inverse(true(POINTS)), POINTS, atol=1e-7)
    assert found.scale == pytest.approx(scale)


def test_a_mirror_image_is_not_taken_for_a_rotation() -> None:
    found = fit_similarity(POINTS, POINTS * (-1, 1, 1))
    assert np.linalg.det(found.matrix) > 0


def test_the_scale_stays_in_its_range() -> None:
    assert fit_similarity(POINTS, 1.5 * POINTS, scale_range=(0.9, 1.1)).scale == pytest.approx(1.1)


def test_a_few_wrong_pairs_do_not_move_the_robust_fit() -> None:
    target = 1.08 * POINTS + 5.0
    target[:6] += 300.0
    found = fit_robust_similarity(POINTS, target, 15.0)
    np.testing.assert_allclose(found(POINTS[6:]), target[6:], atol=1.0)
    assert np.abs(fit_similarity(POINTS, target)(POINTS[6:]) - target[6:]).max() > 20


def test_a_rod_is_stretched_along_but_not_across() -> None:
    rod = np.random.default_rng(0).uniform(-1, 1, size=(200, 3)) * (3.0, 3.0, 150.0)
    target = rod * (1.5, 1.5, 1.08)  # across: noise of thick slices
    found = fit_affine(rod, target, fit_similarity(rod, rod), stiffness=0.05)
    assert found.matrix[2, 2] == pytest.approx(1.08, abs=0.01)
    assert found.matrix[0, 0] == pytest.approx(1.0, abs=0.02)


@settings(max_examples=25, deadline=None)
@given(angle=degrees)
def test_turning_takes_one_direction_to_the_other(angle: float) -> None:
    one = np.array([1.0, 0.3, -0.2])
    other = rotation_about((0.2, 1.0, 1.0), angle) @ one
    turned = turning(one, 3 * other)
    np.testing.assert_allclose(turned @ one, other, atol=1e-6)
    np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-6)
    np.testing.assert_allclose(turning(one, -one) @ one, -one, atol=1e-9)
