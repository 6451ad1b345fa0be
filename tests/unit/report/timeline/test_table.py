"""Rows by site; volumes that are lower bounds say so."""

from __future__ import annotations

from timeline_builders import course

from crmo_seg.anatomy import Segment, Side, Site
from crmo_seg.longitudinal.course_status import Status
from crmo_seg.report.timeline.table import MEANINGS, WORDS, legend, site_rows

LEFT_FEMUR = Site("femur", Side.LEFT, Segment.METAPHYSIS)
COURSES = (
    course(1, ("present", "gone"), (1.0, 0.0), LEFT_FEMUR),
    course(2, ("present", "stable"), (9.0, 9.0), Site("sacrum")),
    course(3, ("present", "not_in_view"), (2.0, 0.0), LEFT_FEMUR),
    course(4, ("not_yet", "new"), (0.0, 0.5), Site(), note="It is so small."),
)


def test_grouped_by_bone_and_side_the_most_volume_first() -> None:
    sites = site_rows(COURSES)
    assert [(site.place, [row.number for row in site.rows]) for site in sites] == [
        ("sacrum", [2]), ("left femur", [1, 3]), ("no known bone", [4])
    ]  # fmt: skip
    assert sites[1].rows[0].segment == "metaphysis"


def test_the_volume_of_a_site_is_empty_or_a_bound_where_a_course_cannot_be_judged() -> None:
    sacrum, femur, nowhere = site_rows(COURSES)
    assert sacrum.volumes == ("9.0 ml", "9.0 ml")
    assert femur.volumes == ("3.0 ml", "")
    assert nowhere.volumes == ("0.0 ml", "0.5 ml")
    seen = (course(1, ("present", "stable"), (1.0, 1.0), LEFT_FEMUR), COURSES[2])
    assert site_rows(seen)[0].volumes == ("3.0 ml", "≥ 1.0 ml")


def test_a_cell() -> None:
    cell = site_rows(COURSES)[2].rows[0].cells[1]
    assert (cell.kind, cell.word, cell.volume, cell.ratio) == ("new", "new", "0.50 ml", "")
    assert cell.hint == "Compared with visit 1. In lesions.nii.gz of this visit: 4. It is so small."
    gone = site_rows(COURSES)[1].rows[0].cells[1]
    assert (gone.word, gone.volume) == ("gone", "")


def test_every_status_has_a_word_and_a_meaning_and_only_those_seen_are_explained() -> None:
    assert set(WORDS) == set(MEANINGS) == set(Status)
    assert [word for _, word, _ in legend(COURSES)] == [
        "present", "new", "stable", "gone", "not yet", "not in the picture"
    ]  # fmt: skip


def test_nothing() -> None:
    assert site_rows(()) == legend(()) == ()
