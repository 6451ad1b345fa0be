"""The message that a user reads."""

from __future__ import annotations

import pytest

from crmo_seg.errors import InputError


def test_message_is_one_line_with_source_problem_and_remedy() -> None:
    error = InputError("knee.nii.gz", "is 2D", "give one 3D volume")
    assert str(error) == "knee.nii.gz: is 2D; give one 3D volume"
    assert "\n" not in str(error)


def test_it_is_a_value_error_so_that_library_users_need_not_know_it() -> None:
    with pytest.raises(ValueError, match="knee"):
        raise InputError("knee", "is wrong", "mend it")
