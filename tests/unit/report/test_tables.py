"""``lesions.csv``: the columns of the file format, and empty cells for what is not known."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from crmo_seg.anatomy import Segment, Side, Site
from crmo_seg.lesions import Lesion
from crmo_seg.report.tables import lesion_rows, more_values, write_lesions_csv

HEADER = (
    "lesion_id,volume_ml,max_diameter_mm,centroid_x_ras_mm,centroid_y_ras_mm,centroid_z_ras_mm,"
    "mean_probability,signal_ratio,bone,side,segment,juxtaphyseal,physis_distance_mm"
)
SITE = Site(
    "femur", Side.LEFT, Segment.METAPHYSIS, juxtaphyseal=False, physis_distance_mm=3.456, snomed_code="71341001"
)
KNOWN = Lesion(1, 2.123456, 30.005, (-80.0, 0.5, 12.345), 0.98765, 4.3219, SITE)
UNKNOWN = Lesion(2, 0.5, 10.0, (0.0, 0.0, 0.0))


def test_the_file_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    write_lesions_csv(path, [KNOWN, UNKNOWN])
    assert path.read_text().splitlines() == [
        HEADER,
        "1,2.1235,30.0,-80.0,0.5,12.35,0.9877,4.322,femur,left,metaphysis,false,3.46",
        "2,0.5,10.0,0.0,0.0,0.0,,,,,,,",
    ]
    assert [entry.name for entry in tmp_path.iterdir()] == ["lesions.csv"]


def test_without_lesions_there_is_a_header(tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    write_lesions_csv(path, [])
    assert path.read_text() == HEADER + "\n"


def test_it_reads_back_as_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    write_lesions_csv(path, [KNOWN, UNKNOWN])
    with path.open(newline="", encoding="utf-8") as file:
        assert list(csv.DictReader(file)) == lesion_rows([KNOWN, UNKNOWN])


def test_what_is_known_beyond_the_file() -> None:
    site = Site(bone="femur", side=Side.LEFT, crosses_physis=True, bone_share=0.123456)
    lesion = replace(KNOWN, site=site, soft_tissue_ratio=1.5)
    assert more_values(lesion) == {"crosses_physis": True, "bone_share": 0.1235, "soft_tissue_ratio": 1.5}
    assert set(more_values(UNKNOWN).values()) == {None}
