"""Identifiers that are derived from others: the same each time, and no way back."""

from __future__ import annotations

import hashlib


def derived_uid(*parts: object) -> str:
    """A UID of the 2.25 root (PS3.5 B.2) that is the same each time for the same parts.

    >>> derived_uid("study", 1) == derived_uid("study", 1) != derived_uid("study1")
    True
    >>> derived_uid("a").startswith("2.25.") and len(derived_uid("a")) <= 64
    True
    """
    digest = hashlib.sha256("\0".join(str(part) for part in parts).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16])}"


def case_id_of_study(study_uid: str) -> str:
    """12 hex digits of SHA-256 of the StudyInstanceUID: names a case, and tells nothing of the patient.

    >>> case_id_of_study("1.2.3")
    'c47f5b18b8a4'
    """
    return hashlib.sha256(study_uid.encode("ascii", "replace")).hexdigest()[:12]


def frame_of_reference_of(series_uid: str) -> str:
    """A FrameOfReferenceUID for a series without one: the same each time (UUID-derived UID, PS3.5 B.2).

    >>> frame_of_reference_of("1.2.3") == frame_of_reference_of("1.2.3")
    True
    """
    digest = hashlib.sha256(f"frame of reference of {series_uid}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16])}"
