"""Every bone of the table has a place, on its own side, and segments lie where they belong."""

from __future__ import annotations

import pytest

from crmo_seg.anatomy import BONES_TABLE, Bone, Segment, Side, Site
from crmo_seg.report.body_map.figure import HALF_WIDTH, HEIGHT
from crmo_seg.report.body_map.places import LONG_BONES, place_of


@pytest.mark.parametrize("bone", BONES_TABLE, ids=lambda bone: bone.full_name)
def test_every_bone_is_on_the_drawing_and_on_its_side(bone: Bone) -> None:
    point = place_of(Site(bone.name, bone.side))
    assert point is not None
    assert abs(point[0]) <= HALF_WIDTH
    assert 0 <= point[1] <= HEIGHT
    if bone.side is Side.RIGHT:
        assert point[0] < 0  # the patient's right is on the left of the picture
    elif bone.side is Side.LEFT:
        assert point[0] > 0
    else:
        assert point[0] == 0


def test_the_body_is_in_order_from_head_to_foot() -> None:
    names = ["skull", "mandible", *(f"vertebra_C{i}" for i in range(1, 8)), *(f"vertebra_T{i}" for i in range(1, 13)),
             *(f"vertebra_L{i}" for i in range(1, 6)), "sacrum", "femur", "patella", "tibia", "calcaneus"]  # fmt: skip
    heights = [place_of(Site(name, Side.LEFT))[1] for name in names]  # type: ignore[index]
    assert heights == sorted(heights)


@pytest.mark.parametrize("bone", LONG_BONES)
def test_along_a_long_bone_the_distal_end_is_further_from_the_trunk(bone: str) -> None:
    near, far = (place_of(Site(bone, Side.LEFT), along) for along in (0.0, 1.0))
    assert near is not None
    assert far is not None
    assert (far[0], far[1]) > (near[0], 0) if bone == "clavicle" else far[1] > near[1]


def test_a_segment_moves_the_dot_to_where_it_is_drawn() -> None:
    def height(segment: Segment | None, along: float | None) -> float:
        point = place_of(Site("femur", Side.LEFT, segment), along)
        assert point is not None
        return point[1]

    assert height(Segment.EPIPHYSIS, 0.9) > height(Segment.METAPHYSIS, 0.95) > height(Segment.DIAPHYSIS, 0.95)
    assert height(Segment.METAPHYSIS, 0.4) < height(Segment.DIAPHYSIS, 0.4)
    assert height(Segment.METAPHYSIS, None) == height(None, 0.5)  # which end is not known


def test_an_unknown_side_is_on_the_midline_and_an_unknown_bone_nowhere() -> None:
    point = place_of(Site("femur"), 0.5)
    assert point is not None
    assert point[0] == 0
    assert place_of(Site()) is None
    assert place_of(Site("no_such_bone")) is None
