from __future__ import annotations

import pydicom

from crmo_seg.io.dicom.uids import case_id_of_study, derived_uid, frame_of_reference_of


def test_case_id_tells_nothing_of_the_study() -> None:
    assert case_id_of_study("1.2.3") == "c47f5b18b8a4"
    assert len({case_id_of_study(f"1.2.{n}") for n in range(100)}) == 100


def test_a_derived_frame_of_reference_is_a_uid_of_its_series() -> None:
    assert frame_of_reference_of("1.2.3.1") != frame_of_reference_of("1.2.3.2")
    assert pydicom.uid.UID(frame_of_reference_of("1.2.3.1")).is_valid


def test_uids_are_pinned() -> None:
    """By hand: printf a | sha256sum | head -c 32, as a decimal number."""
    assert derived_uid("a") == f"2.25.{0xCA978112CA1BBDCAFAC231B39A23DC4D}"
    assert derived_uid("a", "b") not in (derived_uid("ab"), derived_uid("b", "a"))
