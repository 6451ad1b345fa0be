"""The part of the page on several readers."""

from __future__ import annotations

from crmo_seg.evaluation.readers import PairAgreement, ReaderAgreement
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.report.console import UNDEFINED
from crmo_seg.report.evaluation.elements import PageTable, defined_of, readable, readable_interval
from crmo_seg.report.evaluation.tables import interval_name


def pair_table(readers: ReaderAgreement, settings: EvaluationSettings) -> PageTable:
    """Every pair of raters, the readers with each other first."""
    labels = [one.label for one in readers.pairs[0].estimates.values()]
    note = f"{interval_name(settings)} over patients in brackets. Volume: ICC(A,1)."
    return PageTable(("Raters", *labels, "Volume", "Patients"), tuple(map(_pair_row, readers.pairs)), note=note)


def mean_table(readers: ReaderAgreement, settings: EvaluationSettings) -> PageTable:
    """The prediction with the readers beside the readers with each other."""
    rows = tuple(
        (one.label, readable(one.with_readers), readable(one.between_readers), readable(one.difference),
         readable_interval(one.interval), str(one.n_scans))
        for one in readers.differences
    )  # fmt: skip
    columns = ("Mean over pairs", "Prediction with readers", "Readers with each other", "Difference",
               interval_name(settings), "Scans")  # fmt: skip
    note = (
        "Below 0, readers agree better with each other than the prediction with them. A mean over patients takes the "
        "scans in which every pair has a value."
    )
    return PageTable(columns, rows, note=note)


def _pair_row(pair: PairAgreement) -> tuple[str, ...]:
    estimates = list(pair.estimates.values())
    cells = [f"{readable(one.value)} ({readable_interval(one.interval)})" for one in estimates]
    volumes = pair.volumes
    volume = (
        f"{readable(volumes.correlation)} ({readable_interval(volumes.correlation_interval)})" if volumes else UNDEFINED
    )
    patients = defined_of(estimates[0].n_defined, estimates[0].n)
    return (f"{pair.first} and {pair.second}", *cells, volume, patients)
