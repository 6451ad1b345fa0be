from __future__ import annotations

import pytest

from crmo_seg.anatomy import bone_named
from crmo_seg.phantom.body.bone_kinds import kind_of


@pytest.mark.parametrize(
    ("bone", "kind"),
    [("vertebra_T5", "vertebra"), ("rib_3_left", "rib"), ("sacrum", "sacrum"), ("femur_right", "femur")],
)
def test_a_kind_has_neither_side_nor_level(bone: str, kind: str) -> None:
    assert kind_of(bone_named(bone)) == kind
