"""The drawing: dots by volume and kind, numbers apart, bones by whether they were seen."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest

from crmo_seg.anatomy import Side, Site, bone_named
from crmo_seg.lesions import Lesion
from crmo_seg.report.body_map.figure import BONES, HEIGHT
from crmo_seg.report.body_map.marks import body_map, radius_of, seen_bones
from crmo_seg.volume import Geometry, Volume


def lesion(number: int, site: Site, volume_ml: float = 1.0) -> Lesion:
    return Lesion(number, volume_ml, 10.0, (0.0, 0.0, 0.0), site=site)


def bones_with(*names: str) -> Volume:
    array = np.zeros((len(names), 1, 1), dtype=np.uint8)
    array[:, 0, 0] = [bone_named(name).label for name in names]
    return Volume(array, Geometry(np.eye(4), array.shape))


def test_dots_grow_with_volume_within_limits() -> None:
    radii = [radius_of(ml) for ml in (0.01, 0.5, 1, 10, 50, 1000)]
    assert radii == sorted(radii)
    assert radius_of(8.0) == pytest.approx(2 * radius_of(1.0))


def test_hands_and_feet_are_of_another_kind_unless_the_caller_says_otherwise() -> None:
    lesions = [lesion(1, Site("femur", Side.LEFT)), lesion(2, Site("metatarsals", Side.LEFT))]
    assert {mark.lesion_id: mark.kind for mark in body_map(lesions, None, {}).marks} == {1: "lesion", 2: "extremity"}
    assert {mark.kind for mark in body_map(lesions, None, {}, {1: "new", 2: "new"}).marks} == {"new"}


def test_an_unknown_side_is_marked_and_a_midline_bone_is_not() -> None:
    marks = {m.lesion_id: m for m in body_map([lesion(1, Site("femur")), lesion(2, Site("sacrum"))], None, {}).marks}
    assert marks[1].unsided
    assert "side not known" in marks[1].text
    assert not marks[2].unsided
    assert marks[1].x == marks[2].x == 0


def test_a_lesion_without_a_bone_is_named_not_drawn() -> None:
    drawing = body_map([lesion(1, Site()), lesion(2, Site("femur", Side.RIGHT))], None, {})
    assert drawing.unplaced == (1,)
    assert [mark.lesion_id for mark in drawing.marks] == [2]


def test_thirty_lesions_at_one_place_are_all_seen_and_numbered() -> None:
    lesions = [lesion(i, Site("femur", Side.LEFT), 0.2 + i) for i in range(1, 31)]
    marks = body_map(lesions, None, {}).marks
    assert len({(mark.x, mark.y) for mark in marks}) == 30
    heights = sorted(mark.label_y for mark in marks if mark.label_y is not None)
    assert len(heights) == 30
    assert min(b - a for a, b in pairwise(heights)) > 15
    assert max(heights) <= HEIGHT


def test_distant_lesions_stay_where_they_are() -> None:
    lesions = [lesion(1, Site("skull")), lesion(2, Site("calcaneus", Side.LEFT)), lesion(3, Site("patella", Side.LEFT))]
    marks = body_map(lesions, None, {}).marks
    assert all(abs(a.y - b.y) > 50 for a, b in combinations(marks, 2))


def test_bones_are_seen_by_side_and_an_unsided_label_counts_for_both() -> None:
    assert seen_bones(bones_with("femur_left", "tibia")) >= {("femur", Side.LEFT), ("tibia", None)}
    drawing = body_map([], bones_with("femur_left", "tibia"), {})
    seen = [curve for curve in drawing.bones if curve.seen]
    assert len(seen) == len(BONES["femur"]) + 2 * len(BONES["tibia"])
    assert all(curve.seen is None for curve in body_map([], None, {}).bones)
