"""How sure the model is of each lesion: ``mean_probability`` of the prediction's own ``lesions.csv``.

The table may be older than the mask beside it, or miss: a lesion takes the confidence of the row with its own volume
and centre, and has none without such a row.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.evaluation.lesion_table import LesionTable, with_confidence
from crmo_seg.lesions import Lesion

_CENTRE_TOLERANCE_MM = 0.05
_VOLUME_TOLERANCE_ML = 0.001
_COLUMNS = ("volume_ml", "centroid_x_ras_mm", "centroid_y_ras_mm", "centroid_z_ras_mm", "mean_probability")


@dataclass(frozen=True)
class KnownLesion:
    """A row of the table."""

    volume_ml: float
    centroid_ras_mm: tuple[float, float, float]
    mean_probability: float


def read_known_lesions(path: Path) -> tuple[KnownLesion, ...]:
    """Rows with a probability; none where the file does not exist or has no such column.

    Raises:
        InputError: where a cell is no number.
    """
    if not path.exists():
        return ()
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [row for row in csv.DictReader(file) if row.get("mean_probability")]
    return tuple(_parse(path, number, row) for number, row in enumerate(rows, 1))


def add_confidence(table: LesionTable, known: Sequence[KnownLesion]) -> LesionTable:
    """The table with the confidences of the rows that its predicted lesions are."""
    return with_confidence(table, [_confidence(one.lesion, known) for one in table.pred])


def _parse(path: Path, number: int, row: dict[str, str | None]) -> KnownLesion:
    try:
        volume, x, y, z, probability = (float(row.get(name) or "") for name in _COLUMNS)
    except ValueError:
        problem = f"lesion {number} has no number in one of {', '.join(_COLUMNS)}"
        raise InputError(path, problem, "predict the case again") from None
    if not 0.0 <= probability <= 1.0:
        raise InputError(path, f"lesion {number} has the mean_probability {probability:g}", "give one from 0 to 1")
    return KnownLesion(volume, (x, y, z), probability)


def _confidence(lesion: Lesion, known: Sequence[KnownLesion]) -> float | None:
    for one in known:
        shift_mm = np.abs(np.subtract(lesion.centroid_ras_mm, one.centroid_ras_mm)).max()
        if shift_mm <= _CENTRE_TOLERANCE_MM and abs(lesion.volume_ml - one.volume_ml) <= _VOLUME_TOLERANCE_ML:
            return one.mean_probability
    return None
