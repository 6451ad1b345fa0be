"""Folds by patient with alike lesion load: a fold of patients without lesions would validate nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from crmo_seg.cases import Case
from crmo_seg.io.nifti import read_labels
from crmo_seg.keys import EDEMA


def head_of_load(cases: Sequence[Case], head: str) -> str:
    """Edema wherever any case labels it, else ``head``.

    So trainings of different heads on one manifest hold out the same patients, and their models can be combined
    without one of them having learnt from what the other is tested on.
    """
    return EDEMA if any(EDEMA in case.labels for case in cases) else head


def with_folds(cases: Sequence[Case], head: str, folds: int) -> tuple[Case, ...]:
    """The cases with a fold each, patients grouped, stratified by the volume of a head's labels.

    Cases of which any has a fold already stay as they are: then the manifest decides.

    Args:
        cases: of a manifest.
        head: whose labels are measured.
        folds: how many.

    Raises:
        InputError: where a label cannot be read.
    """
    if any(case.fold is not None for case in cases):
        return tuple(cases)
    dealt = deal_patients(foreground_ml(cases, head), folds)
    return tuple(replace(case, fold=dealt[case.patient_id]) for case in cases)


def foreground_ml(cases: Sequence[Case], head: str) -> dict[str, float]:
    """Patient -> volume of everything but background in the labels of a head, all visits together; 0 without labels.

    Raises:
        InputError: where a label cannot be read.
    """
    volumes: dict[str, float] = defaultdict(float)
    for case in cases:
        volumes[case.patient_id] += _foreground_ml(case, head)
    return dict(volumes)


def deal_patients(volumes_ml: Mapping[str, float], folds: int) -> dict[str, int]:
    """Patient -> fold: sorted by volume and dealt there and back, so that each fold gets large and small ones alike.

    Depends on the patients and their volumes only, not on their order. Folds differ by one patient at most.

    >>> deal_patients({"a": 9.0, "b": 0.0, "c": 5.0, "d": 1.0}, 2)
    {'a': 0, 'c': 1, 'd': 1, 'b': 0}
    """
    largest_first = sorted(volumes_ml, key=lambda patient: (-volumes_ml[patient], patient))
    return {patient: _there_and_back(place, folds) for place, patient in enumerate(largest_first)}


def _there_and_back(place: int, folds: int) -> int:
    turn, seat = divmod(place, folds)
    return folds - 1 - seat if turn % 2 else seat


def _foreground_ml(case: Case, head: str) -> float:
    if head not in case.labels:
        return 0.0
    labels = read_labels(case.labels[head])
    return int(np.count_nonzero(labels.array)) * labels.geometry.voxel_volume_ml
