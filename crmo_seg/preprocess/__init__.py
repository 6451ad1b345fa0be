"""From a scan to the model grid and back: one definition for training and for inference.

The axes are brought into one order (in plane, in plane, slice; directions as in RAS+), resampled separately along
each axis, and the signal is normalised by the body. Every step is a permutation or a scaling of the input's own
axes, so the way back is exact in geometry, oblique scans included.
"""

from crmo_seg.preprocess.body import BODY_MARGIN_MM, body_region
from crmo_seg.preprocess.grid import ModelGrid, model_grid
from crmo_seg.preprocess.model_input import pad_to, preprocess
from crmo_seg.preprocess.restore import RESTORE_FLOOR
from crmo_seg.preprocess.signal import CLIP_PERCENTILES, body_mask, normalise, otsu_threshold

__all__ = [
    "BODY_MARGIN_MM",
    "CLIP_PERCENTILES",
    "RESTORE_FLOOR",
    "ModelGrid",
    "body_mask",
    "body_region",
    "model_grid",
    "normalise",
    "otsu_threshold",
    "pad_to",
    "preprocess",
]
