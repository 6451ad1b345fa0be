"""Numbers of bones: who shares what."""

from __future__ import annotations

import numpy as np
import pytest

from crmo_seg.phantom.body.bone_numbers import SHARES, fixed_normals, normals
from crmo_seg.phantom.body.child import Variation


def mixed(name: str, seed: int = 3, strength: float = 1.0) -> np.ndarray:
    return normals(Variation(seed, strength), name, 4000, "form")


def test_the_same_bone_of_a_person_has_the_same_numbers() -> None:
    assert mixed("femur_left").tolist() == mixed("femur_left").tolist()
    assert mixed("femur_left").tolist() != mixed("femur_left", seed=4).tolist()


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("femur_left", "femur_right", SHARES[0] ** 2 + SHARES[1] ** 2),
        ("rib_3_left", "rib_3_right", SHARES[0] ** 2 + SHARES[1] ** 2),
        ("rib_3_left", "rib_8_left", SHARES[0] ** 2),
        ("vertebra_L1", "vertebra_T5", SHARES[0] ** 2),
        ("femur_left", "tibia_left", 0.0),
    ],
)
def test_bones_that_are_alike_share_a_part(one: str, other: str, shared: float) -> None:
    assert np.corrcoef(mixed(one), mixed(other))[0, 1] == pytest.approx(shared, abs=0.06)
    assert mixed(one).std() == pytest.approx(1, abs=0.06)


def test_strength_scales() -> None:
    np.testing.assert_allclose(mixed("femur_left", strength=0.5), 0.5 * mixed("femur_left"))


def test_kept_numbers_cannot_be_changed() -> None:
    fixed = fixed_normals("femur", 4)
    assert fixed.shape == (4, 3)
    with pytest.raises(ValueError, match="read-only"):
        fixed[0] = 0
