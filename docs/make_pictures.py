"""The pictures of docs/phantom.md: ages, a sagittal spine, single regions, sequences, and each artefact.

make pictures
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from crmo_seg.phantom.generate import PhantomStudy, scan_visit
from crmo_seg.phantom.scan.protocol import Artefacts, MetalVoid, Protocol, SuppressionFailure
from crmo_seg.phantom.scan.settings import NO_ARTEFACTS
from crmo_seg.phantom.settings import PhantomSettings, read_preset
from crmo_seg.phantom.visit import VisitPlan, plan_visits, visit_protocol
from crmo_seg.report.contact_sheet import SheetRow, contact_sheet_png

OUT: Final = Path(__file__).parent
AGES_YEARS: Final = (4.0, 9.0, 15.0)
SEED: Final = 20
NOISE: Final = 0.05


def main() -> None:
    """Write every sheet."""
    _write("phantom_ages.png", [_row(study, slices=4) for study in _ages()], 420)
    _write("phantom_spine.png", [_row(_study(_ill("spine", 10.0), 3), slices=7)], 320)
    _write("phantom_regions.png", [_row(_study(_ill("region", 9.0), index), slices=4) for index in (1, 4, 6)], 240)
    _write("phantom_sequences.png", list(_sequences()), 320)
    _write("phantom_artefacts.png", list(_artefacts()), 300)


def _ages() -> Iterator[PhantomStudy]:
    for index, age in enumerate(AGES_YEARS):
        yield _study(_ill("whole_body", age), index)


def _ill(preset: str, age: float) -> PhantomSettings:
    settings = read_preset(preset)
    return replace(settings, age_years=(age, age), edema=replace(settings.edema, lesion_free=0.0))


def _study(settings: PhantomSettings, index: int) -> PhantomStudy:
    return scan_visit(settings, plan_visits(settings, SEED, index)[0])


def _row(study: PhantomStudy, *, slices: int = 5, title: str = "") -> SheetRow:
    scan, child = study.scan, study.plan.marks.child
    words = title or f"{child.age_years:.0f} years, {child.sex.name.lower()}, {len(study.lesions)} lesions"
    return SheetRow(words, scan.images["stir"], scan.edema, scan.bones, slices)


def _sequences() -> Iterator[SheetRow]:
    settings = replace(_ill("whole_body", 11.0), sequences=("stir", "t1", "t2_dixon_water"))
    scan = _study(settings, 7).scan
    for name, image in scan.images.items():
        yield SheetRow(name, image, scan.edema, slices=4)


def _artefacts() -> Iterator[SheetRow]:
    """The same child, scanned perfectly but for one artefact."""
    settings = _ill("whole_body", 8.0)
    clean = replace(settings, scan=replace(settings.scan, artefacts=NO_ARTEFACTS))
    plan = plan_visits(clean, SEED, 5)[0]
    protocol = replace(visit_protocol(clean, plan), stations=4, tilt_deg=(0.0, 0.0, 0.0))
    for title, amounts in _amounts(plan, protocol).items():
        own = replace(protocol, artefacts=replace(Artefacts(noise=0.02), **amounts))
        yield _row(scan_visit(clean, plan, own), slices=3, title=title)


def _amounts(plan: VisitPlan, protocol: Protocol) -> Mapping[str, dict[str, Any]]:
    joints = plan.marks.joints
    shoulder, knee = (next(iter(joints.values())).shoulder, next(iter(joints.values())).knee)
    low, high = protocol.field_of_view
    middle = (low[2] + high[2]) / 2
    chest = ((low[0], low[1], middle), (high[0], high[1], middle + 0.5 * (high[2] - middle)))
    failures = tuple(SuppressionFailure(tuple(at.tolist()), (70.0, 60.0, 70.0), 1.0) for at in (shoulder, knee))
    return {
        "a perfect scanner": {},
        "strong noise": {"noise": 0.25, "noise_unevenness": 1.0},
        "coil sensitivity": {"bias": 1.0},
        "steps and shifts at the seams": {"seam_step": 0.25, "seam_shift_voxels": 3},
        "cross-talk of slices": {"cross_talk": 0.3},
        "failed fat suppression at a shoulder and a knee": {"suppression_failures": failures},
        "failed fat suppression at the edges and ends": {"edge_failure": 0.9, "end_failure": 0.7},
        "ghosts of breathing": {"ghosting": 0.25, "ghost_box": chest},
        "motion in one station": {"motion_voxels": 3.0},
        "interpolated, with Gibbs ringing": {"interpolation": 2.0, "gibbs": True},
        "metal": {"metal": MetalVoid(tuple(knee.tolist()), 18.0)},
    }


def _write(name: str, rows: list[SheetRow], row_pixels: int) -> None:
    (OUT / name).write_bytes(contact_sheet_png(rows, row_pixels=row_pixels))
    print(OUT / name)


if __name__ == "__main__":
    main()
