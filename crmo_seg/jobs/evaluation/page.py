"""``report.html`` and ``figures/`` of an evaluation: the images of the worst cases are read, all else is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.evaluation.cohort import CohortSummary
from crmo_seg.io.nifti import is_nifti_name, read_image
from crmo_seg.jobs.evaluation.inputs import EvaluationInputs
from crmo_seg.jobs.evaluation.output import write_bytes
from crmo_seg.jobs.evaluation.reading import read_pair
from crmo_seg.jobs.evaluation.sources import facts_of
from crmo_seg.jobs.output import IMAGE_FILE
from crmo_seg.keys import STIR
from crmo_seg.report.evaluation.elements import PageFigure
from crmo_seg.report.evaluation.page import CaseImages, case_figure, render_page, worst_section
from crmo_seg.report.evaluation.sections import sections
from crmo_seg.report.evaluation.worst import shown_cases, shown_head
from crmo_seg.volume import Volume

PAGE_FILE: Final = "report.html"
FIGURES: Final = "figures"

_OUR_FIGURES: Final = ("froc", "strata", "bland_altman", "calibration", "paired", "case_*")


def write_page(out: Path, summary: CohortSummary, cases: Sequence[Case], inputs: EvaluationInputs) -> Path:
    """Write ``OUT/report.html`` and ``OUT/figures/*.png``; figures of an evaluation before are removed.

    Args:
        out: the folder of the evaluation.
        summary: of the cohort.
        cases: of the manifest; those without a label are not in the summary.
        inputs: as the user gave them.

    Returns:
        The page.

    Raises:
        InputError: where the folder cannot be written.
    """
    evaluated = {one.case_id for one in summary.cases}
    known = [case for case in cases if case.case_id in evaluated]
    shown = [case_figure(one) for one in _worst_images(summary, known, inputs.predictions)]
    content = sections(summary)
    worst = worst_section(summary, shown) if shown else None
    page = render_page(summary, content, worst, facts_of(inputs, known))
    _write_figures(out / FIGURES, [*(figure for section in content for figure in section.figures), *shown])
    write_bytes(out / PAGE_FILE, page.encode())
    return out / PAGE_FILE


def image_on_grid(case: Case, predictions: Path, ref: Volume) -> Volume | None:
    """The image of a case near RAS+; None where no file of it is a volume on the reference's grid."""
    sequences = sorted(case.images, key=lambda name: name != STIR)
    files = [predictions / case.case_id / IMAGE_FILE, *(case.images[name] for name in sequences)]
    for path in files:
        if path.is_file() and is_nifti_name(path):
            image = _read(path)
            if image is not None and image.geometry.same_grid(ref.geometry):
                return image
    return None


def _worst_images(summary: CohortSummary, cases: Sequence[Case], predictions: Path) -> Iterator[CaseImages]:
    head = shown_head(summary.cases)
    by_id = {case.case_id: case for case in cases}
    for metrics in shown_cases(summary.cases):
        case = by_id[metrics.case_id]
        pred, ref = read_pair(case, predictions, head or "")
        yield CaseImages(metrics, image_on_grid(case, predictions, ref), pred, ref)


def _read(path: Path) -> Volume | None:
    """An image only illustrates here: one that cannot be read is left out, and the picture says so."""
    try:
        return read_image(path).canonical()
    except InputError:
        return None


def _write_figures(folder: Path, figures: Sequence[PageFigure]) -> None:
    for figure in figures:
        write_bytes(folder / f"{figure.name}.png", figure.png)
    _remove_figures(folder, keep={f"{figure.name}.png" for figure in figures})


def _remove_figures(folder: Path, keep: set[str]) -> None:
    for pattern in _OUR_FIGURES:
        for path in folder.glob(f"{pattern}.png"):
            if path.name not in keep:
                path.unlink()
