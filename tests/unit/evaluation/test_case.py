"""Everything lesion-wise of one scan in one call, and fast enough for a whole body."""

from __future__ import annotations

import numpy as np
from builders import make_volume

from crmo_seg.evaluation.case import measure_lesions
from crmo_seg.evaluation.lesionwise import compare_lesions
from crmo_seg.evaluation.settings import EvaluationSettings
from crmo_seg.volume import Volume


def rods(*boxes: tuple[int, int]) -> Volume:
    array = np.zeros((40, 5, 5), dtype=bool)
    for start, stop in boxes:
        array[start:stop, 2, 2] = True
    return make_volume(array, (2.0, 5.0, 10.0))


def test_all_parts_follow_the_settings() -> None:
    pred, ref = rods((3, 6), (20, 21)), rods((0, 4), (10, 12))
    found = measure_lesions(pred=pred, ref=ref, settings=EvaluationSettings(minimum_lesion_ml=0.3, minimum_iou=0.2))
    assert (found.agreement.any_overlap.n_ref, found.agreement.any_overlap.n_pred) == (1, 1)
    assert found.agreement.iou.n_found == 0  # the IoU is 1 / 6
    assert (len(found.table.ref), len(found.table.pred), found.table.ref[0].partner) == (1, 1, None)
    default = measure_lesions(pred=pred, ref=ref)
    assert default.agreement == compare_lesions(pred=pred, ref=ref)
    assert default.table.ref[0].partner == 1
