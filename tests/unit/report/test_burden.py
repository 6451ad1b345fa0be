"""Burden in words: nothing invented, what needs a reader said so."""

from __future__ import annotations

from crmo_seg.anatomy import Segment, Side, Site
from crmo_seg.lesions import Lesion
from crmo_seg.report.burden import NEEDS_A_READER, NOT_KNOWN, burden_tables
from crmo_seg.sites.burden import burden_of


def rows(burden: dict[str, object]) -> dict[str, dict[str, str]]:
    return {table.heading: dict(table.rows) for table in burden_tables(burden)}


def test_what_the_package_writes_is_shown() -> None:
    sites = [Site("tibia", side, Segment.METAPHYSIS) for side in Side] + [Site("metatarsals", Side.LEFT)]
    lesions = [Lesion(i, 2.0 * i, 20.0, (0.0, 0.0, 0.0), site=site) for i, site in enumerate(sites, 1)]
    found = rows(burden_of(lesions).to_dict())
    assert found["Lesions"]["All"] == "3 lesions, 12.0 ml"
    assert found["Lesions"]["In hands and feet"] == "1 lesion, 6.0 ml"
    assert found["Pattern"]["Bones on both sides"] == "tibia"
    assert found["Bones"]["left metatarsals"] == "1 lesion, 6.0 ml"
    assert found["Pattern"]["Clavicle"] == NOT_KNOWN
    assert NEEDS_A_READER in found["RINBO"].values()
    assert NEEDS_A_READER in found["RAI-CROMRIS"].values()


def test_no_burden_no_section_and_unknown_parts_do_no_harm() -> None:
    assert burden_tables(None) == ()
    assert burden_tables({}) == ()
    assert burden_tables({"something_new": 3}) == ()
