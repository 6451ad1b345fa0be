"""The files of one phantom study: its volumes, its lesions as a table, and how it was acquired."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from crmo_seg.cases import Case
from crmo_seg.files import write_table, written_whole
from crmo_seg.io.nifti import write_nifti
from crmo_seg.keys import BONES, EDEMA, STIR
from crmo_seg.phantom.edema.plan import PlannedLesion
from crmo_seg.phantom.generate import PhantomStudy, TrueLesion
from crmo_seg.phantom.plain.generate import PhantomStudy as PlainStudy
from crmo_seg.phantom.plain.generate import TrueLesion as PlainLesion
from crmo_seg.volume import Volume

FINDINGS: Final = "findings"
TRUTH_FILE: Final = "truth.csv"
SCAN_FILE: Final = "scan.json"
PLAIN_COLUMNS: Final = ("bone", "side", "region", "volume_ml", "signal_ratio")
TRUTH_COLUMNS: Final = (
    "lesion_key", "bone", "side", "region", "segment", "juxtaphyseal", "physis_distance_mm", "crosses_plate", "nodular",
    "halo", "planned_ml", "volume_ml", "signal_ratio", "centroid_x_ras_mm", "centroid_y_ras_mm", "centroid_z_ras_mm",
    "fate",
)  # fmt: skip

Row = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class StudyFiles:
    """A study as it goes to disk; the same for every generator.

    Attributes:
        study: where it comes from.
        case_id: names the folder.
        patient_id: shared by the visits of a patient.
        visit: ISO date or None.
        images: by sequence.
        truth: by name; ``edema`` and ``bones`` become labels of the manifest.
        columns: of the table of lesions.
        lesions: its rows.
        scan: how it was acquired, for JSON; None where there is nothing to tell.
    """

    study: PhantomStudy | PlainStudy
    case_id: str
    patient_id: str
    visit: str | None
    images: Mapping[str, Volume]
    truth: Mapping[str, Volume]
    columns: Sequence[str]
    lesions: Sequence[Row]
    scan: Mapping[str, Any] | None = None


@dataclass(frozen=True, eq=False)
class WrittenStudy:
    """A study and its row of the manifest."""

    study: PhantomStudy | PlainStudy
    case: Case


def write_study(out: Path, files: StudyFiles) -> WrittenStudy:
    """Write ``OUT/<case_id>/``.

    Raises:
        InputError: where the disk is full or the folder cannot be written.
    """
    folder = out / files.case_id
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.nii.gz" for name in (*files.images, *files.truth)}
    for name, volume in (*files.images.items(), *files.truth.items()):
        write_nifti(paths[name], volume)
    write_table(folder / TRUTH_FILE, files.columns, files.lesions)
    if files.scan is not None:
        with written_whole(folder / SCAN_FILE) as part:
            part.write_text(json.dumps(files.scan, indent=2) + "\n", encoding="utf-8")
    images = MappingProxyType({name: paths[name] for name in files.images})
    labels = MappingProxyType({name: paths[name] for name in (EDEMA, BONES)})
    return WrittenStudy(files.study, Case(files.case_id, files.patient_id, files.visit, images=images, labels=labels))


def plain_study(study: PlainStudy) -> StudyFiles:
    """A study of the preset ``plain``."""
    return StudyFiles(
        study=study,
        case_id=study.case_id,
        patient_id=study.patient_id,
        visit=None,
        images={STIR: study.image},
        truth={EDEMA: study.edema, BONES: study.bones},
        columns=PLAIN_COLUMNS,
        lesions=[_plain_row(lesion) for lesion in study.lesions],
    )


def varied_study(study: PhantomStudy) -> StudyFiles:
    """A study of any other preset."""
    plan, scan = study.plan, study.scan
    return StudyFiles(
        study=study,
        case_id=plan.case_id,
        patient_id=plan.patient_id,
        visit=plan.visit,
        images=scan.images,
        truth={EDEMA: scan.edema, BONES: scan.bones, FINDINGS: scan.findings},
        columns=TRUTH_COLUMNS,
        lesions=[*_rows(study), *_resolved_rows(study)],
        scan={
            "age_years": round(plan.marks.child.age_years, 3),
            "sex": plan.person.sex.value,
            "stature_mm": round(plan.marks.child.height_mm, 1),
            "sequences": {name: dataclasses.asdict(contrast) for name, contrast in study.contrast.items()},
            "protocol": dataclasses.asdict(scan.protocol),
        },
    )


def _plain_row(lesion: PlainLesion) -> Row:
    bone = lesion.plan.bone
    side = bone.side.value if bone.side else ""
    cells = (bone.name, side, lesion.plan.site.region, f"{lesion.volume_ml:.4f}", f"{lesion.plan.signal_ratio:.3f}")
    return dict(zip(PLAIN_COLUMNS, cells, strict=True))


def _rows(study: PhantomStudy) -> list[Row]:
    """Every lesion of the visit; the volume is 0 where the scan shows nothing of it."""
    drawn = {lesion.plan.lesion_key: lesion for lesion in study.lesions}
    return [_row(lesion, drawn.get(lesion.lesion_key), study) for lesion in study.plan.lesions]


def _row(plan: PlannedLesion, drawn: TrueLesion | None, study: PhantomStudy) -> Row:
    fate = study.plan.fates.get(plan.lesion_key)
    cells = {
        "lesion_key": plan.lesion_key,
        "bone": plan.bone.name,
        "side": plan.bone.side.value if plan.bone.side else "",
        "region": plan.region,
        "segment": plan.segment.value if plan.segment else "",
        "juxtaphyseal": _yes_or_no(plan.juxtaphyseal),
        "physis_distance_mm": "" if plan.physis_distance_mm is None else f"{plan.physis_distance_mm:.1f}",
        "crosses_plate": _yes_or_no(plan.crosses_plate),
        "nodular": _yes_or_no(plan.nodular),
        "halo": _yes_or_no(plan.halo),
        "planned_ml": f"{plan.planned_ml:.4f}",
        "volume_ml": f"{drawn.volume_ml if drawn else 0.0:.4f}",
        "signal_ratio": f"{plan.signal_ratio:.3f}",
        "fate": fate.value if fate else "",
    }
    if drawn is None:
        return cells
    centroid = zip("xyz", drawn.centroid_ras_mm, strict=True)
    return cells | {f"centroid_{axis}_ras_mm": f"{mm:.1f}" for axis, mm in centroid}


def _resolved_rows(study: PhantomStudy) -> list[Row]:
    """Lesions of the visit before that are gone: their key and fate."""
    here = {lesion.lesion_key for lesion in study.plan.lesions}
    gone = {key: fate for key, fate in study.plan.fates.items() if key not in here}
    return [{"lesion_key": key, "fate": fate.value} for key, fate in gone.items()]


def _yes_or_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"
