"""Fingerprints for tests of the planner."""

from __future__ import annotations

from crmo_seg.plan import Fingerprint, Head, HeadFingerprint, SignalFingerprint, Spread

LESION = Head("edema", ("edema",))


def spread(value: float, *, low: float | None = None, high: float | None = None) -> Spread:
    """One value in every case, or percentiles 10 and 90 beside it."""
    low, high = value if low is None else low, value if high is None else high
    return Spread(low, low, value, high, high)


def head_fingerprint(object_ml: float | None = 0.3, cases: int = 10) -> HeadFingerprint:
    return HeadFingerprint(
        labelled_cases=cases,
        empty_cases=0 if object_ml else cases,
        class_cases={"edema": cases if object_ml else 0},
        foreground_share=spread(0.001),
        objects_per_case=spread(2.0 if object_ml else 0.0),
        object_ml=spread(object_ml) if object_ml else None,
    )


def make_fingerprint(
    spacing: tuple[float, float],
    extent: tuple[float, float, float],
    *,
    cases: int = 10,
    object_ml: float | None = 0.3,
    slices: Spread | None = None,
) -> Fingerprint:
    """Of cases that are all alike: spacing in plane and between slices, extent along each axis, mm."""
    x, y, z = (spread(mm) for mm in extent)
    signal = SignalFingerprint(spread(1.0), spread(50.0), spread(200.0))
    return Fingerprint(
        cases=cases,
        orientations={"coronal": cases},
        in_plane_spacing_mm=spread(spacing[0]),
        slice_spacing_mm=slices or spread(spacing[1]),
        extent_mm=(x, y, z),
        heads={"edema": head_fingerprint(object_ml, cases)},
        signal={"stir": signal},
    )


def hippocampus() -> Fingerprint:
    """Medians of the Decathlon's task 4."""
    return make_fingerprint((1.0, 1.0), (35.0, 36.0, 50.0), cases=200, object_ml=1.28)


def whole_body() -> Fingerprint:
    """Coronal, composed of stations: 384 x 1200 x 36 voxels of 1.25 x 1.25 x 6 mm, lesions from 0.2 ml."""
    return make_fingerprint((1.25, 6.0), (480.0, 1500.0, 216.0), cases=40, object_ml=0.2)
