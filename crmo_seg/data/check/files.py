"""Rules for one file: facts -> problems. Limits are chosen so that ordinary scans give none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from crmo_seg.data.check.report import ImageFacts, LabelFacts, Problem, Severity, SignalFacts
from crmo_seg.data.labels import expected_values, wrong_values
from crmo_seg.keys import BONES, EDEMA, MINIMUM_LESION_ML
from crmo_seg.plan import Head
from crmo_seg.volume import Geometry

LARGEST_COSINE: Final = 0.01
"""Axes further from a right angle (0.6 degrees) are sheared, as by a gantry tilt; resampling does not mend that."""

_LARGEST_FORM_SHIFT_VOXELS: Final = 1.0
_MOST_NEGATIVE: Final = 0.01
_MOST_ZERO: Final = 0.95
_MOST_AT_TOP: Final = 0.005
_FEWEST_VALUES: Final = 10
_MOST_LABELLED: Final = 0.5
_MOST_ON_ZERO: Final = 0.5
_STRAY_VOXELS: Final = 3


def image_problems(case_id: str, facts: ImageFacts) -> Iterator[Problem]:
    """What is wrong with one image by itself."""
    for severity, kind, what, remedy in [*_header_findings(facts), *_signal_findings(facts.signal)]:
        yield Problem(severity, kind, case_id, facts.path, what, remedy)


def label_problems(case_id: str, facts: LabelFacts, name: str, head: Head | None) -> Iterator[Problem]:
    """What is wrong with one label by itself; its values are checked where the classes of its head are known."""
    for severity, kind, what, remedy in [*_value_findings(facts, name, head), *_component_findings(facts, name)]:
        yield Problem(severity, kind, case_id, facts.path, what, remedy)


_Finding = tuple[Severity, str, str, str]


def _header_findings(facts: ImageFacts) -> Iterator[_Finding]:
    if not facts.header.positioned:
        remedy = "convert it again from DICOM; left and right are a guess"
        yield Severity.WARNING, "position", "has neither sform nor qform: nothing says where its voxels lie", remedy
    elif np.array_equal(facts.geometry.affine, np.eye(4)):
        remedy = "see whether left and right are right; spacing may have been lost"
        yield Severity.NOTE, "identity", "has the identity as its affine", remedy
    if facts.header.form_shift_voxels > _LARGEST_FORM_SHIFT_VOXELS:
        what = f"sform and qform disagree by {facts.header.form_shift_voxels:.1f} voxels; the sform is taken"
        yield Severity.WARNING, "forms", what, "see which of them is right, and write it to both"
    cosine = largest_cosine(facts.geometry)
    if cosine > LARGEST_COSINE:
        degrees = abs(90 - float(np.degrees(np.arccos(cosine))))
        what = f"axes are {degrees:.1f} degrees off a right angle (gantry tilt, or a registration in the affine)"
        yield Severity.WARNING, "shear", what, "resample it to a grid with right angles"


def largest_cosine(geometry: Geometry) -> float:
    """Largest cosine between two array axes; 0 where all are at right angles.

    >>> sheared = np.array([[1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    >>> round(largest_cosine(Geometry(sheared, (2, 2, 2))), 3)
    0.707
    """
    axes = geometry.affine[:3, :3] / np.array(geometry.spacing_mm)
    return float(np.abs(axes.T @ axes - np.eye(3)).max())


def _signal_findings(signal: SignalFacts | None) -> Iterator[_Finding]:
    if signal is None:
        return
    lowest, *_, highest = signal.percentiles
    if lowest == highest:
        yield Severity.ERROR, "constant", f"every voxel is {lowest:g}", "export the image again"
        return
    if signal.negative_share > _MOST_NEGATIVE:
        what = f"{signal.negative_share:.0%} of the voxels are negative, down to {lowest:g}"
        yield Severity.NOTE, "negative", what, "fine if it was normalised before; the signal of MR is not negative"
    if signal.zero_share > _MOST_ZERO:
        what = f"{signal.zero_share:.1%} of the voxels are exactly 0"
        yield Severity.WARNING, "mostly zero", what, "crop it to the body, or see whether slices are missing"
    if signal.distinct < _FEWEST_VALUES:
        what = f"has only {signal.distinct} different values"
        yield Severity.WARNING, "few values", what, "see whether it is a label or a mask in place of the image"
    elif signal.top_share > _MOST_AT_TOP:
        what = f"{signal.top_share:.1%} of the signal is clipped at {highest:g}"
        yield Severity.WARNING, "clipped", what, "export it without a window, with all bits"


def _value_findings(facts: LabelFacts, name: str, head: Head | None) -> Iterator[_Finding]:
    wrong = wrong_values(facts.voxels, head) if head else ()
    if head and wrong:
        values = ", ".join(f"{value} ({facts.voxels[value]} voxels)" for value in wrong[:5])
        yield Severity.ERROR, "label value", f"holds values of no class: {values}", expected_values(head)
    if facts.header.dtype.startswith(("float", "complex")):
        remedy = "harmless; integers are smaller and cannot be blurred"
        yield Severity.NOTE, "label type", f"is stored as {facts.header.dtype}", remedy
    share = sum(facts.voxels.values()) / float(np.prod(facts.geometry.shape))
    if share > _MOST_LABELLED:
        what = f"marks {share:.0%} of the volume"
        yield Severity.WARNING, "label share", what, "see whether the mask is inverted, or background is a class"
    if facts.on_zero_share is not None and facts.on_zero_share > _MOST_ON_ZERO:
        what = f"{facts.on_zero_share:.0%} of what it marks has no signal in the image"
        yield Severity.WARNING, "label on air", what, "see whether it is flipped, or belongs to another image"
    if not facts.voxels:
        severity, remedy = Severity.WARNING, "see whether it was annotated; leave the cell empty if not"
        if name == EDEMA:
            severity, remedy = (
                Severity.NOTE,
                "fine for a patient without lesions; leave the cell empty if not annotated",
            )
        yield severity, "empty label", "marks nothing", remedy


def _component_findings(facts: LabelFacts, name: str) -> Iterator[_Finding]:
    if name == BONES:  # ribs and phalanges are cut up by thick slices
        return
    limit = MINIMUM_LESION_ML / facts.geometry.voxel_volume_ml if name == EDEMA else _STRAY_VOXELS + 1
    sizes = [size for parts in facts.components.values() for size in (parts if name == EDEMA else parts[1:])]
    small = [size for size in sizes if size < limit - 1e-6]
    if small and name == EDEMA:
        what = f"{len(small)} of {len(sizes)} lesions are below {MINIMUM_LESION_ML} ml"
        yield Severity.NOTE, "tiny lesions", what, "they are trained on, but not counted as lesions in the evaluation"
    elif small:
        what = f"{len(small)} stray pieces of at most {_STRAY_VOXELS} voxels"
        yield Severity.NOTE, "stray voxels", what, "look at them; slips of the brush, or parts cut off by resampling"
