"""A small study of the exam, with answers that are known: a lesion in each of two bones, one missed, one too many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from crmo_seg.anatomy import bone_named
from crmo_seg.jobs.exam import BASELINE_TRUE_BONES, MODEL, Answer, Question, measure
from crmo_seg.volume import Geometry, Volume

SHAPE = (30, 6, 40)
GEOMETRY = Geometry(np.diag([3.0, 6.0, 3.0, 1.0]), SHAPE)
IN_FEMUR, IN_TIBIA, OUTSIDE = (12, 4), (12, 30), (24, 4)
LESION_ML = 4 * 2 * 4 * 0.054
SECONDS = 2.0

Corners = Sequence[tuple[int, int]]


def mask(*corners: tuple[int, int]) -> Volume:
    """Blocks of 4 x 2 x 4 voxels that begin there in x and z."""
    array = np.zeros(SHAPE, np.uint8)
    for x, z in corners:
        array[x : x + 4, 2:4, z : z + 4] = 1
    return Volume(array, GEOMETRY)


def bones() -> Volume:
    array = np.zeros(SHAPE, np.uint8)
    for name, first in (("femur_left", 2), ("tibia_left", 22)):
        array[10:20, 1:5, first : first + 16] = bone_named(name).label
    return Volume(array, GEOMETRY)


def question(case_id: str, *, ref: Corners = (IN_FEMUR, IN_TIBIA)) -> Question:
    edema = mask(*ref)
    image = np.random.default_rng(0).normal(100, 4, SHAPE).astype(np.float32)
    image[edema.array > 0] = 700
    return Question(case_id, {"stir": Volume(image, GEOMETRY)}, edema, bones())


def answered(case_id: str, *, pred: Corners, ref: Corners = (IN_FEMUR, IN_TIBIA)) -> Answer:
    """The model marks ``pred`` and all bones, the baseline nothing."""
    asked = question(case_id, ref=ref)
    takers = {MODEL: measure(asked, mask(*pred), asked.bones), BASELINE_TRUE_BONES: measure(asked, mask())}
    return Answer(takers, mask(*pred), SECONDS)
