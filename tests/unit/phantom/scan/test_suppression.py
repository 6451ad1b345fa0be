from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.scan.protocol import Artefacts, SuppressionFailure
from crmo_seg.phantom.scan.suppression import add_unsuppressed, failure_field

AXES = tuple(np.arange(*span, dtype=np.float32) for span in ((-150, 150, 5), (-80, 80, 6), (0, 400, 5)))
PLACE = SuppressionFailure((100.0, 0.0, 200.0), (40.0, 60.0, 50.0), 0.8)


def failure(artefacts: Artefacts, seed: int = 0) -> np.ndarray:
    field = failure_field(AXES, artefacts, np.random.default_rng(seed))
    assert field is not None
    return field.whole()


def test_without_artefact_there_is_no_field() -> None:
    assert failure_field(AXES, Artefacts(), np.random.default_rng(0)) is None


def test_a_place_elsewhere_does_not_reach_the_station() -> None:
    far = SuppressionFailure((0.0, 0.0, 900.0), (40.0, 60.0, 50.0), 1.0)
    assert failure_field(AXES, Artefacts(suppression_failures=(far,)), np.random.default_rng(0)) is None


@pytest.mark.parametrize("seed", range(4))
def test_suppression_fails_at_its_place_only(seed: int) -> None:
    field = failure(Artefacts(suppression_failures=(PLACE,)), seed)
    assert field.min() >= 0
    assert field.max() <= 0.8 + 1e-6
    assert field[50, 13, 40] > 0.5  # in its middle
    assert field[:20].max() < 1e-6
    assert field[:, :, :10].max() < 1e-6


def test_suppression_fails_at_the_ends_of_a_station() -> None:
    field = failure(Artefacts(end_failure=1.0))
    assert field[:, :, [0, -1]].mean() > 0.6
    assert field[:, :, 35:45].max() < 0.1


def test_suppression_fails_at_the_sides_of_the_field() -> None:
    field = failure(Artefacts(edge_failure=0.5))
    assert 0.3 < field[[0, -1]].mean() <= 0.5
    assert field[25:35].max() < 0.1


def test_only_fat_becomes_brighter() -> None:
    field = failure_field(AXES, Artefacts(suppression_failures=(PLACE,)), np.random.default_rng(0))
    assert field is not None
    rng = np.random.default_rng(1)
    image = rng.random([len(axis) for axis in AXES], dtype=np.float32)
    leak = np.where(rng.random(image.shape) < 0.5, 400, 0).astype(np.float32)
    before = image.copy()
    add_unsuppressed(image, leak, field)
    np.testing.assert_allclose(image, before + field.whole() * leak, rtol=1e-4)
    np.testing.assert_array_equal(image[leak == 0], before[leak == 0])
