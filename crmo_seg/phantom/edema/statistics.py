"""A drawn cohort beside the literature: each quantity with its value, the report and the report's 95 % interval.

Everything is counted on planned lesions, without a voxel, so hundreds of children take seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crmo_seg.phantom.comparison import Row
from crmo_seg.phantom.edema.literature import Share
from crmo_seg.phantom.edema.measures import Patient, Visits
from crmo_seg.phantom.edema.quantities import QUANTITIES, VISIT_QUANTITIES, Of, Quantity


def cohort_statistics(plans: Iterable[Patient]) -> tuple[Row, ...]:
    """The table of a cohort at one visit: one plan per child, empty for children without edema."""
    return _rows(QUANTITIES, tuple(plans))


def visit_statistics(visits: Iterable[Visits]) -> tuple[Row, ...]:
    """The table of fates: for each child the plan of a visit and what came after it."""
    return _rows(VISIT_QUANTITIES, tuple(visits))


def _rows(quantities: Sequence[Quantity[Of]], cohort: Sequence[Of]) -> tuple[Row, ...]:
    return tuple(_row(quantity, quantity.measure(cohort)) for quantity in quantities)


def _row(quantity: Quantity[Of], measured: Share | float) -> Row:
    counted = measured.total if isinstance(measured, Share) else None
    value = measured.value if isinstance(measured, Share) else measured
    low, high = quantity.interval
    return Row(
        name=quantity.name,
        value=value,
        counted=counted,
        reported=quantity.reported,
        low=low,
        high=high,
        source=quantity.source.name,
        reference=quantity.source.reference,
        percent=quantity.percent,
    )
