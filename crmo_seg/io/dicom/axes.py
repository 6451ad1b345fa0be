"""Axes of the patient: in DICOM to the left, back and head (LPS), in this package to the right, front and head (RAS+).

DICOM: PS3.3 C.7.6.2.1.1. RAS+ is the world of NIfTI and of `crmo_seg.volume.Geometry`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from crmo_seg.volume import Float64Array, Geometry

LPS_TO_RAS: Final[Float64Array] = np.diag([-1.0, -1.0, 1.0, 1.0])
"""(4, 4); its own inverse, so that it leads back as well."""

LPS_TO_RAS.flags.writeable = False


def affine_lps(geometry: Geometry) -> Float64Array:
    """Voxel indices -> LPS millimetres, (4, 4).

    >>> affine_lps(Geometry(np.diag([2.0, 3.0, 4.0, 1.0]), (5, 5, 5))).diagonal().tolist()
    [-2.0, -3.0, 4.0, 1.0]
    """
    affine: Float64Array = LPS_TO_RAS @ geometry.affine
    return affine
