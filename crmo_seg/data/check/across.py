"""Rules across files: the grids of one case, and each case against the others."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from crmo_seg.data.check.report import CaseFacts, ImageFacts, Problem, Severity
from crmo_seg.plan import Head
from crmo_seg.volume import Array, Geometry

OUTLIER_Z: Final = 5.0
"""Robust z-score beyond which a case is unlike the others. 3.5 is usual (Iglewicz and Hoaglin, How to Detect and
Handle Outliers, 1993), but names the ends of ordinary distributions; five, with the floors below, names oddities."""

_FEWEST_CASES: Final = 5
_SPACING_FLOOR: Final = 0.05  # of log mm: protocols differ by so much where all cases are one protocol
_SIZE_FLOOR: Final = 0.1  # of log mm
_CONTRAST_FLOOR: Final = 0.1
_INVERTED_RIM: Final = 1.5
_FEW_SHARE: Final = 0.1


def grid_problems(facts: CaseFacts) -> Iterator[Problem]:
    """Sequences and labels of one case that do not lie on the grid of its first image."""
    images = list(facts.images.values())
    if not images:
        return
    first = images[0]
    others = [(image.path, image.geometry, "resample the sequences to one grid") for image in images[1:]]
    others += [(one.path, one.geometry, "resample the label to the image's grid") for one in facts.labels.values()]
    for path, geometry, remedy in others:
        if not geometry.same_grid(first.geometry):
            difference = _difference(geometry, first.geometry)
            what = f"lies on another grid than the image of case {facts.case.case_id} ({difference})"
            yield Problem(Severity.ERROR, "grid", facts.case.case_id, path, what, remedy)


def image_outliers(cases: Sequence[CaseFacts]) -> Iterator[Problem]:
    """Images whose spacing, size, directions or brightness of the rim are unlike those of the same sequence."""
    for images in _by_sequence(cases).values():
        if len(images) >= _FEWEST_CASES:
            yield from _spacing_outliers(images)
            yield from _size_outliers(images)
            yield from _odd_directions(images)
            yield from _inverted(images)


def duplicates(cases: Sequence[CaseFacts]) -> Iterator[Problem]:
    """Images with the same voxels, and labels with the same voxels that are not empty."""
    seen: dict[str, tuple[CaseFacts, Path]] = {}
    for facts in cases:
        found = [(image.path, image.signal.digest) for image in facts.images.values() if image.signal]
        twins = [_duplicate_image(facts, path, *seen[digest]) for path, digest in found if digest in seen]
        yield from twins
        labels = [(label.path, label.digest) for label in facts.labels.values() if label.voxels and label.digest]
        for path, digest in labels:
            if digest in seen and not twins:  # of the same image it is no wonder
                what = f"has the same voxels as {_named(*seen[digest])}"
                remedy = "see which case the label belongs to"
                yield Problem(Severity.WARNING, "duplicate label", facts.case.case_id, path, what, remedy)
        for path, digest in (*found, *labels):
            seen.setdefault(digest, (facts, path))


def head_problems(cases: Sequence[CaseFacts], name: str, head: Head | None, *, asked: bool) -> Iterator[Problem]:
    """What is wrong with a head over all cases: no label, nothing marked, a class never used, a value hardly used."""
    labelled = [facts for facts in cases if name in facts.labels]
    without = [facts.case.case_id for facts in cases if name not in facts.case.labels]
    if without:
        whole = len(without) == len(cases)
        what = f"{len(without)} of {len(cases)} cases have no label_{name}{'' if whole else ': ' + _listed(without)}"
        severity = Severity.ERROR if whole and asked else Severity.NOTE
        remedy = f"fill the column label_{name}" if whole else f"fine where it is meant; they do not train {name}"
        yield Problem(severity, "no label", "", None, what, remedy)
    counts = Counter(value for facts in labelled for value in facts.labels[name].voxels)
    if labelled and not counts:
        what = f"label_{name} marks nothing in any case"
        yield Problem(Severity.ERROR, "empty label", "", None, what, "see whether the right files are named")
    elif head and len(head.classes) > 1 and max(counts, default=0) <= len(head.classes):
        yield from _unused_classes(counts, head)
    elif not head:
        yield from _rare_values(labelled, counts, name)


def contrast_outliers(cases: Sequence[CaseFacts], name: str) -> Iterator[Problem]:
    """Labels on tissue that is darker or brighter than that under the labels of the other cases."""
    labels = [(facts.case.case_id, facts.labels[name]) for facts in cases if name in facts.labels]
    measured = [(case_id, label, label.contrast) for case_id, label in labels if label.contrast is not None]
    if len(measured) < _FEWEST_CASES:
        return
    contrasts = np.array([contrast for *_, contrast in measured])
    for (case_id, label, contrast), score in zip(measured, robust_z(contrasts, _CONTRAST_FLOOR), strict=True):
        if score > OUTLIER_Z:
            usual = f"usual is {np.median(contrasts):+.1f}"
            what = f"lies {contrast:+.1f} standard deviations off the median signal, {usual} (robust z {score:.0f})"
            remedy = "see whether the image is inverted, or the label flipped or that of another image"
            yield Problem(Severity.WARNING, "label contrast", case_id, label.path, what, remedy)


def sequence_problems(cases: Sequence[CaseFacts], name: str) -> Iterator[Problem]:
    """Cases that lack a sequence which others have."""
    without = [facts.case.case_id for facts in cases if name not in facts.case.images]
    if without:
        what = f"{len(without)} of {len(cases)} cases have no image_{name}: {_listed(without)}"
        yield Problem(
            Severity.NOTE, "no sequence", "", None, what, "add it, or leave the sequence out of data.sequences"
        )


def robust_z(values: Array, floor: float) -> Array:
    """Distance from the median in units of the scaled median absolute deviation, which is at least ``floor``.

    >>> robust_z(np.array([1.0, 1.0, 1.0, 1.0, 2.0]), floor=0.1).tolist()
    [0.0, 0.0, 0.0, 0.0, 10.0]
    """
    distance = np.abs(values - np.median(values))
    z: Array = distance / max(float(np.median(distance)) * 1.4826, floor)
    return z


_Images = Sequence[tuple[str, ImageFacts]]


def _by_sequence(cases: Sequence[CaseFacts]) -> Mapping[str, list[tuple[str, ImageFacts]]]:
    images: dict[str, list[tuple[str, ImageFacts]]] = defaultdict(list)
    for facts in cases:
        for name, image in facts.images.items():
            images[name].append((facts.case.case_id, image))
    return images


def _spacing_outliers(images: _Images) -> Iterator[Problem]:
    spacings = np.array([sorted(image.geometry.spacing_mm) for _, image in images])
    usual = " x ".join(f"{mm:.3g}" for mm in np.median(spacings, axis=0))
    scores = np.max([robust_z(column, _SPACING_FLOOR) for column in np.log(spacings).T], axis=0)
    for (case_id, image), score in zip(images, scores, strict=True):
        if score > OUTLIER_Z:
            spacing = " x ".join(f"{mm:.3g}" for mm in image.geometry.spacing_mm)
            what = f"spacing {spacing} mm, usual is {usual} mm (robust z {score:.0f})"
            remedy = "see whether the header is right, and whether this scan belongs here"
            yield Problem(Severity.WARNING, "spacing", case_id, image.path, what, remedy)


def _size_outliers(images: _Images) -> Iterator[Problem]:
    extents = np.array([np.array(image.geometry.shape) * image.geometry.spacing_mm for _, image in images])
    lengths = np.sort(extents, axis=1)
    usual = " x ".join(f"{mm:.0f}" for mm in np.median(lengths, axis=0))
    scores = np.max([robust_z(column, _SIZE_FLOOR) for column in np.log(lengths).T], axis=0)
    for (case_id, image), extent, score in zip(images, extents, scores, strict=True):
        if score > OUTLIER_Z:
            what = f"covers {' x '.join(f'{mm:.0f}' for mm in extent)} mm, usual is {usual} mm (robust z {score:.0f})"
            remedy = "see whether slices or stations are missing"
            yield Problem(Severity.NOTE, "size", case_id, image.path, what, remedy)


def _odd_directions(images: _Images) -> Iterator[Problem]:
    """A few files with axes unlike the rest; mirrored ones may have had left and right swapped by a conversion."""
    counts = Counter(image.geometry.orientation for _, image in images)
    usual, _ = counts.most_common(1)[0]
    usual_hand = next(_hand(image.geometry) for _, image in images if image.geometry.orientation == usual)
    for case_id, image in images:
        orientation = image.geometry.orientation
        if orientation == usual or counts[orientation] > max(1, _FEW_SHARE * len(images)):
            continue
        what = f"axes run {orientation}, those of {counts[usual]} others {usual}"
        if _hand(image.geometry) != usual_hand:
            remedy = "see whether left and right are right (a flipped affine looks like this)"
            yield Problem(Severity.WARNING, "mirrored", case_id, image.path, f"{what}: mirrored storage", remedy)
        else:
            remedy = "fine if the scan was acquired so"
            yield Problem(Severity.NOTE, "directions", case_id, image.path, what, remedy)


def _hand(geometry: Geometry) -> bool:
    return bool(np.linalg.det(geometry.affine[:3, :3]) > 0)


def _inverted(images: _Images) -> Iterator[Problem]:
    ratios = [image.signal.rim_to_core for _, image in images if image.signal]
    finite = [ratio for ratio in ratios if math.isfinite(ratio)]
    if len(finite) < _FEWEST_CASES or float(np.median(finite)) > 1 / _INVERTED_RIM:
        return
    for case_id, image in images:
        if image.signal and _INVERTED_RIM < image.signal.rim_to_core < math.inf:
            what = f"the rim is {image.signal.rim_to_core:.1f} times as bright as the middle"
            remedy = "see whether black and white are swapped"
            yield Problem(Severity.WARNING, "inverted", case_id, image.path, what, remedy)


def _duplicate_image(facts: CaseFacts, path: Path, other: CaseFacts, other_path: Path) -> Problem:
    what = f"has the same voxels as {_named(other, other_path)}"
    if facts.case.patient_id == other.case.patient_id:
        return Problem(Severity.WARNING, "duplicate", facts.case.case_id, path, what, "remove one of them")
    what += f", of patient {other.case.patient_id}"
    remedy = "remove one, or give both one patient_id: else it is learnt from and validated on"
    return Problem(Severity.ERROR, "duplicate", facts.case.case_id, path, what, remedy)


def _named(facts: CaseFacts, path: Path) -> str:
    return f"{path.name} of case {facts.case.case_id}"


def _unused_classes(counts: Counter[int], head: Head) -> Iterator[Problem]:
    unused = [name for value, name in enumerate(head.classes, 1) if not counts[value]]
    if unused and counts:
        what = f"no case marks {_listed(unused)} of label_{head.name}"
        yield Problem(
            Severity.WARNING, "unused class", "", None, what, "leave the class out, or add cases that have it"
        )


def _rare_values(labelled: Sequence[CaseFacts], counts: Counter[int], name: str) -> Iterator[Problem]:
    if len(labelled) < _FEWEST_CASES:
        return
    for facts in labelled:
        label = facts.labels[name]
        rare = [value for value in label.voxels if counts[value] <= max(1, _FEW_SHARE * len(labelled))]
        if rare:
            values = ", ".join(f"{value} ({label.voxels[value]} voxels)" for value in rare[:5])
            what = f"holds values that hardly any other case has: {values}"
            remedy = f"name the classes to check the values: --head {name}=FIRST,SECOND"
            yield Problem(Severity.WARNING, "label value", facts.case.case_id, label.path, what, remedy)


def _difference(geometry: Geometry, image: Geometry) -> str:
    if geometry.shape != image.shape:
        return f"shape {geometry.shape}, not {image.shape}"
    return f"corners up to {geometry.largest_corner_shift_mm(image):.1f} mm apart"


def _listed(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
