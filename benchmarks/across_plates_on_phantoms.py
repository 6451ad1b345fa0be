"""How often are the two pieces of a lesion that a growth plate cuts in two told as one? Against the phantom's truth.

python benchmarks/across_plates_on_phantoms.py [--patients 8] [--seed 6001] [--model DIR]

Lesions are the components of at least 0.1 ml of the true edema; bones are the true ones as unsided head classes, or
with ``--model`` its own. Pairs of components near each other on both sides of a plate are told by ``across_plates``;
the truth has a pair where two components of one planned lesion are its pieces in the epiphysis and in the shaft.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path

from sites_on_phantoms import bone_classes, studies

from crmo_seg import load_model
from crmo_seg.anatomy import Segment
from crmo_seg.keys import MINIMUM_LESION_ML
from crmo_seg.lesions import LesionMap, find_lesions, overlap_voxels
from crmo_seg.phantom.generate import PhantomStudy
from crmo_seg.sites import across_plates, assign_sites, fine_bones

Pairs = set[frozenset[int]]


def planned_of(study: PhantomStudy, lesions: LesionMap) -> dict[int, set[int]]:
    """Numbers of the planned lesions that each component shows."""
    shared = overlap_voxels(ref=lesions.labels.array, pred=study.scan.lesions.array)
    return {one.lesion_id: set(shared[one.lesion_id, 1:].nonzero()[0] + 1) for one in lesions.lesions}


def true_pairs(study: PhantomStudy, lesions: LesionMap) -> Pairs:
    """Pieces of one planned lesion across a plate: one in the epiphysis by the true bones, one not."""
    crossing = {one.number for one in study.lesions if one.plan.crosses_plate}
    planned = planned_of(study, lesions)
    placed = assign_sites(lesions, study.scan.bones).lesions
    beyond = {one.lesion_id for one in placed if one.site.segment is Segment.EPIPHYSIS}
    return {
        frozenset((first, second))
        for first, second in combinations(planned, 2)
        if planned[first] & planned[second] & crossing and (first in beyond) != (second in beyond)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=6001, help="of the children")
    parser.add_argument("--model", type=Path, help="a bundle with a head for bones")
    options = parser.parse_args()
    predictor = None if options.model is None else load_model(options.model)
    wanted = right = wrong = 0
    for number, study in enumerate(studies("whole_body", options.patients, options.seed)):
        lesions = find_lesions(study.scan.edema, minimum_ml=MINIMUM_LESION_ML)
        bones = fine_bones(bone_classes(study, predictor, 0.0, number))
        told, truth = set(across_plates(lesions, bones)), true_pairs(study, lesions)
        wanted, right, wrong = wanted + len(truth), right + len(told & truth), wrong + len(told - truth)
        print(f"child {number}: {len(lesions.lesions)} lesions, {len(truth)} pairs, told {len(told & truth)} of them"
              f" and {len(told - truth)} others", flush=True)  # fmt: skip
    print(f"{right} of {wanted} pairs told, {wrong} others")


if __name__ == "__main__":
    main()
