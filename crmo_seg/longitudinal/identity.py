"""Signs that two visits cannot be compared as they stand: flags for the reader, warnings first."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crmo_seg.longitudinal.align import Alignment
from crmo_seg.longitudinal.change import Change, LesionChange
from crmo_seg.longitudinal.settings import DEFAULT_SETTINGS, CompareSettings
from crmo_seg.prediction import QualityFlag

DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True)
class VisitFacts:
    """What is known of a visit beside its masks; None where it is not known.

    Attributes:
        patient_key: pseudonym.
        visit: ISO date.
        model_sha256: hash of the model.
        input_sha256: hash of the input.
    """

    patient_key: str | None = None
    visit: str | None = None
    model_sha256: str | None = None
    input_sha256: str | None = None


def fact_flags(before: VisitFacts, now: VisitFacts) -> tuple[QualityFlag, ...]:
    """What the visits' papers say against comparing them.

    >>> [flag.code for flag in fact_flags(VisitFacts("a", "2025-01-31", "m"), VisitFacts("a", None, "n"))]
    ['unknown_interval', 'other_model']
    """
    return tuple(_fact_flags(before, now))


def years_between(before: VisitFacts, now: VisitFacts) -> float | None:
    """From one date to the other, negative where they are reversed; None where one is not known.

    >>> years_between(VisitFacts(visit="2020-01-01"), VisitFacts(visit="2022-01-01")).__round__(2)
    2.0
    """
    if before.visit is None or now.visit is None:
        return None
    days = (datetime.date.fromisoformat(now.visit) - datetime.date.fromisoformat(before.visit)).days
    return days / DAYS_PER_YEAR


def picture_flags(
    alignment: Alignment,
    changes: tuple[LesionChange, ...],
    years: float | None,
    settings: CompareSettings = DEFAULT_SETTINGS,
) -> tuple[QualityFlag, ...]:
    """What the pictures say against it: bones that do not fit, growth of no child, lesions that cannot be told."""
    return tuple(_picture_flags(alignment, changes, years, settings))


def _fact_flags(before: VisitFacts, now: VisitFacts) -> Iterator[QualityFlag]:
    if before.patient_key is None or now.patient_key is None:
        text = "It is not known whether both visits are of one patient."
        yield QualityFlag("unknown_patient", "warning", text)
    elif before.patient_key != now.patient_key:
        text = "The visits have different patient keys and were compared because --same-patient was given."
        yield QualityFlag("other_patient_key", "warning", text)
    if before.input_sha256 is not None and before.input_sha256 == now.input_sha256:
        yield QualityFlag("same_input", "warning", "Both visits are predictions on the same study.")
    years = years_between(before, now)
    if years is None:
        text = "The date of a visit is not known, so the order of the visits is that of the command."
        yield QualityFlag("unknown_interval", "warning", text)
    elif years == 0:
        yield QualityFlag("same_date", "warning", "Both visits have the same date; their order is that of the command.")
    if before.model_sha256 != now.model_sha256:
        text = "The visits were predicted by different models: a change may be one of the model."
        yield QualityFlag("other_model", "warning", text)


def _picture_flags(
    alignment: Alignment, changes: tuple[LesionChange, ...], years: float | None, settings: CompareSettings
) -> Iterator[QualityFlag]:
    if not alignment.bones:
        text = "There are no bones to align by; the visits lie on one grid and were taken as registered."
        yield QualityFlag("taken_as_registered", "warning", text)
    poor = tuple(sorted(name for name, bone in alignment.bones.items() if not bone.reliable))
    if poor:
        text = f"These bones could not be aligned well, so nothing is called new or resolved there: {', '.join(poor)}."
        yield QualityFlag("poor_alignment", "warning", text, poor)
    yield from _growth_flags(alignment, years, settings)
    for change, code, text in (
        (Change.UNCERTAIN, "uncertain_lesions", "could not be judged; the table says why"),
        (Change.NOT_IN_VIEW, "lesions_not_in_view", "at places that the other visit's picture does not show"),
    ):
        count = sum(one.change is change for one in changes)
        if count:
            yield QualityFlag(code, "info", f"{count} {'lesion' if count == 1 else 'lesions'} {text}.", float(count))


def _growth_flags(alignment: Alignment, years: float | None, settings: CompareSettings) -> Iterator[QualityFlag]:
    scale = alignment.scale
    if scale < 1 - settings.shrinking_bones:
        text = (
            f"The bones are {100 * (1 - scale):.0f} % smaller than at the visit before: another child, or other dates?"
        )
        yield QualityFlag("shrunken_bones", "warning", text, scale)
    elif years is not None and scale > 1 + settings.growth_slack + settings.growth_per_year * years:
        text = f"The bones are {100 * (scale - 1):.0f} % larger, more than a child grows in {years:.1f} years."
        yield QualityFlag("too_much_growth", "warning", text, scale)
