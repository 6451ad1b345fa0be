"""Visits of phantoms with known fates: what ``compare`` calls new, resolved, grown, shrunk and stable.

python benchmarks/followup_on_phantoms.py [--patients 14] [--seed 5] [--months 18] [--tiny] [--as-predicted]

Masks are the truth; the child has grown, lies differently and was scanned with another protocol. ``--as-predicted``
gives bones as a network does: without levels, sides by the midline. A lesion is a component of 0.1 ml or more; it is
truly new where none of the planned lesions in it was drawn at the visit before, truly resolved where none is drawn
now. Volumes are judged where one planned lesion is one component at both visits, by the change of its planned volume.
Lesions at places that the other visit's picture does not show, or in bones that are not aligned, are not told.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from crmo_seg.lesions import LesionMap, find_lesions, overlap_voxels
from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.change import Change, LesionChange
from crmo_seg.longitudinal.comparison import VisitMasks, compare_visits
from crmo_seg.phantom.comparison import wilson
from crmo_seg.phantom.dataset import PhantomOptions
from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.settings import PhantomSettings
from crmo_seg.sites import fine_bones, head_classes_of

AGES_YEARS: Final = (3.5, 13.0)
UNTOLD: Final = (Change.NOT_IN_VIEW, Change.UNCERTAIN)
JUDGED: Final = (Change.NEW, Change.RESOLVED, Change.GROWN, Change.SHRUNK, Change.STABLE)
ELSE: Final = "else"


@dataclass(frozen=True, eq=False)
class TrueVisit:
    """Lesions of a visit and the planned lesions that each of them shows."""

    masks: VisitMasks
    keys: Mapping[int, frozenset[str]]
    planned_ml: Mapping[str, float]


def true_visit(study: PhantomStudy, *, as_predicted: bool) -> TrueVisit:
    """The truth of a study, as a prediction would be."""
    lesion_map = find_lesions(study.scan.edema)
    bones = fine_bones(head_classes_of(study.scan.bones)) if as_predicted else study.scan.bones
    planned = {lesion.lesion_key: lesion.planned_ml for lesion in study.plan.lesions}
    return TrueVisit(VisitMasks(lesion_map, bones), keys_of(study, lesion_map), planned)


def keys_of(study: PhantomStudy, lesion_map: LesionMap) -> dict[int, frozenset[str]]:
    """The planned lesions in each component."""
    shared = overlap_voxels(ref=lesion_map.labels.array, pred=study.scan.lesions.array)
    drawn = [lesion for lesion in study.lesions if lesion.number < shared.shape[1]]
    return {
        lesion.lesion_id: frozenset(one.plan.lesion_key for one in drawn if shared[lesion.lesion_id, one.number])
        for lesion in lesion_map.lesions
    }


def true_change(change: LesionChange, before: TrueVisit, now: TrueVisit) -> str | None:
    """What truly became of a group; None where the truth cannot be told from volumes."""
    first, second = _keys(change.before, before), _keys(change.now, now)
    none: frozenset[str] = frozenset()
    seen_before, seen_now = none.union(*before.keys.values()), none.union(*now.keys.values())
    if not change.before:
        return ELSE if second & seen_before else Change.NEW.value
    if not change.now:
        return ELSE if first & seen_now else Change.RESOLVED.value
    if not first & second:
        return ELSE
    if first != second or len(first) != 1:
        return None
    (key,) = first
    return _true_size_change(now.planned_ml[key] / before.planned_ml[key])


def _keys(lesions: tuple[Carried, ...], visit: TrueVisit) -> frozenset[str]:
    none: frozenset[str] = frozenset()
    return none.union(*(visit.keys[one.lesion.lesion_id] for one in lesions))


def _true_size_change(ratio: float) -> str:
    if ratio >= 1.2:
        return Change.GROWN.value
    return Change.SHRUNK.value if ratio <= 1 / 1.2 else Change.STABLE.value


def pairs(settings: PhantomSettings, options: argparse.Namespace) -> Iterator[tuple[PhantomStudy, PhantomStudy]]:
    """Two visits of each patient."""
    for index in range(options.patients):
        before, now = make_studies(settings, options.seed, index, 2)
        yield before, now


def table(found: Counter[tuple[str | None, Change]]) -> Iterator[str]:
    """Sensitivity and precision of each class; what was not told is left out of the first sensitivity only."""
    yield "| change | true | not told | found | right | sensitivity where told | not told as missed | precision |"
    yield "|---|---|---|---|---|---|---|---|"
    for change in JUDGED:
        own = {called: n for (truth, called), n in found.items() if truth == change.value}
        true, untold = sum(own.values()), sum(n for called, n in own.items() if called in UNTOLD)
        called = sum(n for (truth, called), n in found.items() if called is change and truth is not None)
        right = own.get(change, 0)
        shares = _share(right, true - untold), _share(right, true), _share(right, called)
        yield f"| {change.value} | {true} | {untold} | {called} | {right} | {' | '.join(shares)} |"
    for reason in UNTOLD:
        yield f"\n{reason.value}: {sum(n for (_, called), n in found.items() if called is reason)} in all."


def _share(hits: int, total: int) -> str:
    if not total:
        return "-"
    low, high = wilson(hits, total)
    return f"{hits / total:.2f} ({low:.2f} to {high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=14)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--months", type=float, default=18.0)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--as-predicted", action="store_true")
    options = parser.parse_args()
    settings = replace(
        PhantomOptions(tiny=options.tiny).settings(),
        age_years=AGES_YEARS,
        months_between_visits=(options.months, options.months + 0.01),
    )
    found: Counter[tuple[str | None, Change]] = Counter()
    growths, seconds = [], 0.0
    for studies in pairs(settings, options):
        before, now = (true_visit(study, as_predicted=options.as_predicted) for study in studies)
        start = time.perf_counter()
        comparison = compare_visits(before.masks, now.masks)
        seconds += time.perf_counter() - start
        growths.append(studies[1].plan.marks.child.height_mm / studies[0].plan.marks.child.height_mm - 1)
        found.update((true_change(change, before, now), change.change) for change in comparison.changes)
    growth = f"growth {100 * min(growths):.0f} to {100 * max(growths):.0f} %"
    print(f"{options.patients} children, {options.months:g} months, {growth}, {seconds / len(growths):.1f} s a pair\n")
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
