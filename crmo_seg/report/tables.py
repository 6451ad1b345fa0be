"""The table of lesions: ``lesions.csv``, and its rows for the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from crmo_seg.files import write_table
from crmo_seg.lesions import Lesion

LESION_COLUMNS: Final = (
    "lesion_id",
    "volume_ml",
    "max_diameter_mm",
    "centroid_x_ras_mm",
    "centroid_y_ras_mm",
    "centroid_z_ras_mm",
    "mean_probability",
    "signal_ratio",
    "bone",
    "side",
    "segment",
    "juxtaphyseal",
    "physis_distance_mm",
)

MORE_COLUMNS: Final = ("crosses_physis", "bone_share", "soft_tissue_ratio")
"""What is known beyond ``lesions.csv``, whose columns are fixed: for the report and ``summary.json``."""


def lesion_rows(lesions: Sequence[Lesion]) -> list[dict[str, str]]:
    """One row a lesion, with the keys of ``LESION_COLUMNS``; a cell is empty where a value is not known.

    >>> row = lesion_rows([Lesion(1, 2.5, 30.0, (-80.0, 0.0, 12.3))])[0]
    >>> row["volume_ml"], row["centroid_z_ras_mm"], row["bone"]
    ('2.5', '12.3', '')
    """
    return [_row(lesion) for lesion in lesions]


def more_values(lesion: Lesion) -> dict[str, bool | float | None]:
    """Values of ``MORE_COLUMNS``; None where one is not known.

    >>> more_values(Lesion(1, 2.5, 30.0, (-80.0, 0.0, 12.3)))
    {'crosses_physis': None, 'bone_share': None, 'soft_tissue_ratio': None}
    """
    share, ratio = lesion.site.bone_share, lesion.soft_tissue_ratio
    values = (lesion.site.crosses_physis, *(None if one is None else round(float(one), 4) for one in (share, ratio)))
    return dict(zip(MORE_COLUMNS, values, strict=True))


def write_lesions_csv(path: Path, lesions: Sequence[Lesion]) -> None:
    """Write the table as CSV, complete or not at all; without lesions only its header."""
    write_table(path, LESION_COLUMNS, lesion_rows(lesions))


def _row(lesion: Lesion) -> dict[str, str]:
    site = lesion.site
    x, y, z = lesion.centroid_ras_mm
    values = (
        str(lesion.lesion_id),
        _number(lesion.volume_ml, 4),
        _number(lesion.max_diameter_mm, 2),
        *(_number(mm, 2) for mm in (x, y, z)),
        _number(lesion.mean_probability, 4),
        _number(lesion.signal_ratio, 3),
        site.bone or "",
        site.side.value if site.side else "",
        site.segment.value if site.segment else "",
        "" if site.juxtaphyseal is None else str(site.juxtaphyseal).lower(),
        _number(site.physis_distance_mm, 2),
    )
    return dict(zip(LESION_COLUMNS, values, strict=True))


def _number(value: float | None, decimals: int) -> str:
    return "" if value is None else str(round(float(value), decimals))
