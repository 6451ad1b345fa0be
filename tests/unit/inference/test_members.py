import numpy as np
import pytest
from builders import StubBackend

from crmo_seg.inference.members import MembersTogether
from crmo_seg.inference.windows import RunWindow, mean_of
from crmo_seg.keys import EDEMA

WINDOW = np.zeros((1, 1, 4, 1, 1), np.float32)


def says(*probabilities: float) -> RunWindow:
    """A network with one answer, voxel by voxel."""
    answer = np.array(probabilities, np.float32).reshape(1, 1, -1, 1, 1)
    return lambda _: {EDEMA: answer, "bones": np.concatenate([1 - answer, answer], axis=1)}


def test_the_mean_of_all_members_and_heads() -> None:
    together = MembersTogether(StubBackend(says(0, 0, 1, 1), says(0, 1, 1, 1), says(0, 0.5, 0.4, 1)), 0.5)
    outputs = together(WINDOW)
    np.testing.assert_allclose(outputs[EDEMA].ravel(), [0, 0.5, 0.8, 1], atol=1e-6)
    np.testing.assert_allclose(outputs["bones"].sum(axis=1), 1, atol=1e-6)


def test_disagreement_by_hand() -> None:
    """Masks of 2, 3 and 1 voxels; the pairs share 2, 1 and 1: Dice 0.8, 2/3 and 0.5. Two windows change nothing."""
    together = MembersTogether(StubBackend(says(0, 0, 1, 1), says(0, 1, 1, 1), says(0, 0, 0, 1)), 0.5)
    together(WINDOW)
    together(WINDOW)
    assert together.disagreement() == pytest.approx(1 - (0.8 + 2 / 3 + 0.5) / 3)
    assert together.disagreement(minimum_voxels=3) > together.disagreement(), "a mask of 2 in all windows is empty"


def test_one_network_cannot_disagree() -> None:
    together = MembersTogether(StubBackend(says(0, 0, 1, 1)), 0.5)
    assert together(WINDOW)[EDEMA].ravel().tolist() == [0, 0, 1, 1]
    assert together.disagreement() is None


def test_the_first_members_alone_where_time_is_short() -> None:
    together = MembersTogether(StubBackend(says(0, 1), says(1, 1), says(1, 1)), 0.5, most=1)
    assert together(WINDOW)[EDEMA].ravel().tolist() == [0, 1]
    assert together.disagreement() is None


def test_heads_without_edema_are_averaged_too() -> None:
    parts = [lambda _, value=value: {"parts": np.full((1, 2, 4, 1, 1), value, np.float32)} for value in (0.2, 0.6)]
    together = MembersTogether(StubBackend(*parts), 0.5)
    np.testing.assert_allclose(together(WINDOW)["parts"], 0.4, atol=1e-6)
    assert together.disagreement() is None


def test_the_answers_of_members_are_not_changed() -> None:
    kept = {EDEMA: np.ones(3, np.float32)}
    mean_of([kept, {EDEMA: np.zeros(3, np.float32)}])
    assert kept[EDEMA].tolist() == [1, 1, 1]
