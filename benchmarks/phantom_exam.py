"""Is the phantom a hard exam? A threshold on the signal inside the TRUE bones, and how look-alikes overlap.

python benchmarks/phantom_exam.py [patients] [preset]

For each study the signal is divided by that of muscle (median of the body outside bones); one threshold for all
studies, the best of many, marks what is brighter inside bones. Lesion-wise F1 as everywhere: 26-connected components of
at least 0.1 ml, found by any overlap, pooled over studies. The goal is at most 0.6. The area under the ROC curve tells
lesions from look-alikes by their mean signal alone; the goal is at most 0.8.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.stats import rankdata

from crmo_seg.evaluation.lesionwise import LesionCounts, compare_lesions
from crmo_seg.keys import MINIMUM_LESION_ML, STIR
from crmo_seg.lesions import NEIGHBOURS_26
from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.settings import read_preset
from crmo_seg.volume import Array

THRESHOLDS = np.arange(1.5, 9.01, 0.5)
GOAL_F1, GOAL_AUC = 0.6, 0.8


@dataclass(frozen=True)
class Exam:
    """What one study contributes: lesion counts at each threshold, and the mean signal of what is bright in bones."""

    counts: tuple[LesionCounts, ...]
    lesions: tuple[float, ...]
    look_alikes: tuple[float, ...]


def examine(study: PhantomStudy) -> Exam:
    """Threshold one study at each level and measure its components."""
    scan = study.scan
    image, bones, edema = scan.images[STIR], scan.bones.array > 0, scan.edema
    ratio = image.array / np.float32(muscle_signal(image.array, bones))
    marked = (image.with_array((ratio > level) & bones) for level in THRESHOLDS)
    counts = tuple(compare_lesions(pred=mask, ref=edema).any_overlap for mask in marked)
    in_bones = (scan.findings.array > 0) & bones & ~edema.array
    volume_ml = image.geometry.voxel_volume_ml
    return Exam(counts, means(ratio, edema.array, volume_ml), means(ratio, in_bones, volume_ml))


def muscle_signal(image: NDArray[np.float32], bones: NDArray[np.bool_]) -> float:
    """Median of the body outside bones; most of that is muscle."""
    body = image > 0.25 * np.percentile(image, 90)
    return float(np.median(image[body & ~ndimage.binary_dilation(bones)]))


def means(ratio: Array, mask: NDArray[np.bool_], voxel_ml: float) -> tuple[float, ...]:
    """Mean signal of each component that is large enough to count."""
    labels, count = ndimage.label(mask, structure=NEIGHBOURS_26)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:] * voxel_ml
    values = ndimage.mean(ratio, labels, np.arange(1, count + 1))
    return tuple(float(value) for value, size in zip(values, sizes, strict=True) if size >= MINIMUM_LESION_ML)


def area_under_curve(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Probability that a positive has the larger value (Mann-Whitney)."""
    ranks = rankdata([*positive, *negative])
    wins = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def pooled(counts: Sequence[LesionCounts]) -> LesionCounts:
    """Counts of all studies together."""
    rows = [(one.n_ref, one.n_pred, one.n_found, one.n_false_positive) for one in counts]
    n_ref, n_pred, n_found, n_false = (sum(column) for column in zip(*rows, strict=True))
    return LesionCounts(n_ref=n_ref, n_pred=n_pred, n_found=n_found, n_false_positive=n_false)


def main(patients: int, preset: str) -> None:
    """Print F1 at each threshold, the best, and the area under the curve."""
    settings = read_preset(preset)
    exams = [examine(study) for index in range(patients) for study in make_studies(settings, seed=4242, index=index)]
    scores = [pooled([exam.counts[i] for exam in exams]) for i in range(len(THRESHOLDS))]
    for level, score in zip(THRESHOLDS, scores, strict=True):
        print(
            f"signal > {level:.1f} x muscle: F1 {score.f1:.3f}, sensitivity {score.sensitivity:.3f}, "
            f"{score.n_false_positive / len(exams):.1f} false positives a study"
        )
    best = max(score.f1 for score in scores)
    lesions = [value for exam in exams for value in exam.lesions]
    others = [value for exam in exams for value in exam.look_alikes]
    auc = area_under_curve(lesions, others)
    print(f"{len(exams)} studies, {len(lesions)} lesions, {len(others)} look-alikes in bones")
    print(
        f"best F1 {best:.3f} (goal: at most {GOAL_F1}); "
        f"AUC of lesions against look-alikes {auc:.3f} (at most {GOAL_AUC})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("patients", type=int, nargs="?", default=12)
    parser.add_argument("preset", nargs="?", default="whole_body")
    given = parser.parse_args()
    main(given.patients, given.preset)
