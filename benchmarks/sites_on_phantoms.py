"""How often is the site of a lesion right? Bone, side, level, segment and growth plate against the phantom's truth.

python benchmarks/sites_on_phantoms.py [--patients 8] [--presets whole_body spine region] [--seed 2026]
    [--corrupt 0 1 | --model DIR]

Bones are given as unsided head classes, which is what a network can tell: the true ones, with ``--corrupt`` the true
ones with errors of each of these strengths (``phantom.bone_errors``), or with ``--model`` its own.
Every study is looked at in another order and with other flips of the array axes. Lesions are the true ones of at
least 0.1 ml. The goals: bone 98 %, side 98 % where it can be told, segment 95 %. Of a model that learnt from phantoms,
give another ``--seed`` than its training had: the default model had 2026.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path

import numpy as np

from crmo_seg import load_model, predict
from crmo_seg.anatomy import BONES_TABLE, Site
from crmo_seg.evaluation.voxel import overlap_by_class, pooled
from crmo_seg.inference.predictor import Predictor
from crmo_seg.keys import BONES, MINIMUM_LESION_ML, STIR
from crmo_seg.lesions import Lesion, LesionMap, measure_lesions
from crmo_seg.phantom.bone_errors import with_errors
from crmo_seg.phantom.edema.plan import PlannedLesion
from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.settings import read_preset
from crmo_seg.sites import assign_sites, fine_bones, head_classes_of
from crmo_seg.sites.muscle import Muscle, find_muscle
from crmo_seg.volume import Volume

QUESTIONS = ("bone", "side", "level", "segment", "juxtaphyseal", "crosses plate")
ORDERS = [((x, y, z), (a, b, c)) for x, y, z in permutations(range(3)) for a, b, c in product((False, True), repeat=3)]
AGES = ((3, 7), (7, 11), (11, 14), (14, 18))
SEED = 2026
HEAD_CLASS_OF_BONE = {bone.name: bone.head_class for bone in BONES_TABLE}

Answer = tuple[str, str, bool | None]


@dataclass(frozen=True)
class Told:
    """One lesion: the groups that it counts in, and for each question whether the answer is right; None where open.

    The ratios are those of the signal over the true one, by muscle near the lesion and by that of the whole picture.
    """

    groups: tuple[str, ...]
    right: dict[str, bool | None]
    ratios: tuple[float, float] | None


def told_of(study: PhantomStudy, classes: Volume, number: int, groups: Sequence[str]) -> Iterator[Told]:
    """What is told of each lesion of a study, its axes turned in the order of that number."""
    axes, flips = ORDERS[number % len(ORDERS)]
    scan = study.scan
    labels = scan.lesions.with_array(scan.lesions.array.astype(np.int32))
    volumes = (one.transposed(axes, flips) for one in (labels, classes, scan.images[STIR]))
    labels, classes, image = (replace(one, array=np.ascontiguousarray(one.array)) for one in volumes)
    bones = fine_bones(classes)
    placed = assign_sites(LesionMap(labels, measure_lesions(labels)), bones, image)
    muscle = find_muscle(image, bones, labels)
    plans = {one.number: one.plan for one in study.lesions}
    for lesion in placed.lesions:
        if lesion.volume_ml >= MINIMUM_LESION_ML:
            plan = plans[lesion.lesion_id]
            yield Told((*groups, "all"), answers(plan, lesion), ratios_of(lesion, plan, muscle))


def ratios_of(lesion: Lesion, plan: PlannedLesion, muscle: Muscle | None) -> tuple[float, float] | None:
    """Signal ratio over the true one: as told, and with the muscle of the whole picture."""
    if lesion.signal_ratio is None or muscle is None:
        return None
    near = lesion.signal_ratio / plan.signal_ratio
    return near, near * muscle.near(np.array(lesion.centroid_ras_mm)) / muscle.usual


def answers(plan: PlannedLesion, lesion: Lesion) -> dict[str, bool | None]:
    """Right, wrong or open for each question that can be asked of a lesion."""
    site, bone = lesion.site, plan.bone
    asked: dict[str, bool | None] = {"bone": is_bone(site, plan)}
    if bone.side is not None:
        asked["side"] = None if site.side is None else site.side is bone.side
    if bone.name.startswith(("vertebra_", "rib_")):
        asked["level"] = None if not (site.bone or "").startswith(("vertebra_", "rib_")) else site.bone == bone.name
    if plan.segment is not None:
        asked["segment"] = None if site.segment is None else site.segment is plan.segment
    if plan.juxtaphyseal is not None:
        same = site.juxtaphyseal is plan.juxtaphyseal
        asked["juxtaphyseal"] = None if site.juxtaphyseal is None else same
        asked["crosses plate"] = None if site.crosses_physis is None else site.crosses_physis == plan.crosses_plate
    return asked


def is_bone(site: Site, plan: PlannedLesion) -> bool:
    """The bone as far as a head class tells it, such as the pelvis for an ilium; levels are asked apart."""
    return HEAD_CLASS_OF_BONE.get(site.bone or "") == plan.bone.head_class


def table(told: Sequence[Told]) -> list[str]:
    """A row for each group: right of those told, and how many stayed open."""
    lines = [f"{'':24}{'lesions':>8}" + "".join(f"{name:>22}" for name in QUESTIONS)]
    groups = list(dict.fromkeys(group for one in told for group in one.groups if group != "all"))
    for group in [*sorted(groups), "all"]:
        here = [one for one in told if group in one.groups]
        lines.append(f"{group:24}{len(here):8}" + "".join(f"{cell(here, name):>22}" for name in QUESTIONS))
    return lines


def cell(told: Sequence[Told], question: str) -> str:
    """For example ``98.5 % of 65, 2 open``."""
    counts = Counter(one.right[question] for one in told if question in one.right)
    decided = counts[True] + counts[False]
    if not decided:
        return f"{counts[None]} open" if counts[None] else "-"
    return f"{counts[True] / decided:.1%} of {decided}" + (f", {counts[None]} open" if counts[None] else "")


def studies(preset: str, patients: int, seed: int) -> Iterator[PhantomStudy]:
    """Ill children only."""
    settings = read_preset(preset)
    settings = replace(settings, edema=replace(settings.edema, lesion_free=0.0))
    for index in range(patients):
        yield from make_studies(settings, seed, index)


def groups_of(study: PhantomStudy) -> tuple[str, ...]:
    """Age and view."""
    age = study.plan.marks.child.age_years
    low, high = next(limits for limits in AGES if age < limits[1])
    view = study.scan.protocol.view
    return f"{low} to {high} years", view if view != "region" else f"region: {study.scan.protocol.region}"


def predicted_classes(study: PhantomStudy, predictor: Predictor) -> Volume:
    """Head classes of the bones that a model marks.

    They went through ``fine_bones`` on the model's grid already; here they do once more on the scan's, in turned axes.
    """
    masks = predict(study.scan.images[STIR], model=predictor).masks
    if BONES not in masks:
        raise SystemExit(f"{predictor.bundle.name} has no head for bones: give a bundle that has one")
    return head_classes_of(masks[BONES])


def bone_classes(study: PhantomStudy, predictor: Predictor | None, strength: float, number: int) -> Volume:
    """Head classes of the bones: a model's, or the true ones, with errors where the strength is not 0."""
    if predictor is not None:
        return predicted_classes(study, predictor)
    truth = head_classes_of(study.scan.bones)
    return with_errors(truth, strength, np.random.default_rng((SEED, number)), study.scan.lesions)


def dice_of(classes: Volume, study: PhantomStudy) -> float:
    """Of all classes taken together."""
    return pooled(overlap_by_class(pred=classes, ref=head_classes_of(study.scan.bones)).values()).dice


def summary(told: Sequence[Told], dices: Sequence[float]) -> list[str]:
    """The table, how good the bones were, and the signal ratios."""
    lines = table(told)
    lines.append(f"Dice of all classes as one: mean {np.mean(dices):.2f}, {np.min(dices):.2f} to {np.max(dices):.2f}")
    ratios = np.array([one.ratios for one in told if one.ratios is not None]).reshape(-1, 2)
    for name, column in zip(("near", "of the whole picture"), ratios.T, strict=True):
        low, middle, high = np.percentile(column, (10, 50, 90)) if len(column) else (np.nan,) * 3
        lines.append(f"signal ratio by muscle {name} over the true one: {middle:.2f}, 80 % in {low:.2f} to {high:.2f}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=8, help="of each preset")
    parser.add_argument("--presets", nargs="+", default=["whole_body", "spine", "region"])
    parser.add_argument("--seed", type=int, default=SEED, help="of the children")
    bones = parser.add_mutually_exclusive_group()
    bones.add_argument("--corrupt", type=float, nargs="+", default=[0.0], metavar="STRENGTH", help="of errors in bones")
    bones.add_argument("--model", type=Path, help="a bundle with a head for bones")
    options = parser.parse_args()
    predictor = None if options.model is None else load_model(options.model)
    told: dict[float, list[Told]] = {strength: [] for strength in options.corrupt}
    dices: dict[float, list[float]] = {strength: [] for strength in options.corrupt}
    presets, patients, seed = options.presets, options.patients, options.seed
    numbered = enumerate(study for preset in presets for study in studies(preset, patients, seed))
    for number, study in numbered:
        for strength in options.corrupt:
            classes = bone_classes(study, predictor, strength, number)
            dices[strength].append(dice_of(classes, study))
            told[strength] += told_of(study, classes, len(told[strength]) + number, groups_of(study))
    for strength in options.corrupt:
        print(f"bones {f'with errors of strength {strength:g}' if strength else options.model or 'as they are'}")
        print("\n".join(summary(told[strength], dices[strength])))


if __name__ == "__main__":
    main()
