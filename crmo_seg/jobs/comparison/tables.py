"""The rows of ``changes.csv`` and ``sites.csv``, and of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crmo_seg.longitudinal.change import Change, LesionChange
from crmo_seg.longitudinal.site_changes import SiteChange, main_lesion, mean_signal_ratio

CHANGE_COLUMNS: Final = (
    "change", "relation", "before_ids", "now_ids", "bone", "side", "segment", "volume_before_ml", "volume_now_ml",
    "volume_ratio", "stable_from_ratio", "stable_to_ratio", "growth_corrected_ratio", "signal_ratio_before",
    "signal_ratio_now", "signal_change", "displacement_mm", "place_error_mm", "note",
)  # fmt: skip
SITE_COLUMNS: Final = (
    "bone", "side", "lesions_before", "lesions_now", "volume_before_ml", "volume_now_ml", "volume_change_ml",
    "signal_ratio_before", "signal_ratio_now", *(change.value for change in Change),
)  # fmt: skip

Row = Mapping[str, str | int | float | None]


def change_row(change: LesionChange) -> Row:
    """One group of lesions; None where a value is not known."""
    lesion = main_lesion(change)
    before, now = (mean_signal_ratio([one.lesion for one in side]) for side in (change.before, change.now))
    return {
        "change": change.change.value,
        "relation": change.relation.value,
        "before_ids": " ".join(str(one.lesion.lesion_id) for one in change.before),
        "now_ids": " ".join(str(one.lesion.lesion_id) for one in change.now),
        "bone": lesion.site.bone,
        "side": lesion.site.side.value if lesion.site.side else None,
        "segment": lesion.site.segment.value if lesion.site.segment else None,
        "volume_before_ml": _rounded(change.volume_before_ml, 4),
        "volume_now_ml": _rounded(change.volume_now_ml, 4),
        "volume_ratio": _rounded(change.volume_ratio, 3),
        "stable_from_ratio": _rounded(change.stable_from, 3),
        "stable_to_ratio": _rounded(change.stable_to, 3),
        "growth_corrected_ratio": _rounded(change.grown_ratio, 3),
        "signal_ratio_before": _rounded(before, 3),
        "signal_ratio_now": _rounded(now, 3),
        "signal_change": _rounded(now / before, 3) if before and now else None,
        "displacement_mm": _rounded(change.displacement_mm, 1),
        "place_error_mm": _rounded(change.error_mm, 1),
        "note": change.note,
    }


def site_row(site: SiteChange) -> Row:
    """One bone and side."""
    return {
        "bone": site.bone,
        "side": site.side.value if site.side else None,
        "lesions_before": site.lesions_before,
        "lesions_now": site.lesions_now,
        "volume_before_ml": _rounded(site.volume_before_ml, 4),
        "volume_now_ml": _rounded(site.volume_now_ml, 4),
        "volume_change_ml": _rounded(site.volume_now_ml - site.volume_before_ml, 4),
        "signal_ratio_before": _rounded(site.signal_before, 3),
        "signal_ratio_now": _rounded(site.signal_now, 3),
        **{change.value: site.counts[change] for change in Change},
    }


def _rounded(value: float | None, decimals: int) -> float | None:
    return None if value is None else round(value, decimals)
