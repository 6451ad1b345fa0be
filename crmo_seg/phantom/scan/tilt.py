"""Oblique slices: the header's affine is turned about the middle of the field, the voxels stay as drawn."""

from __future__ import annotations

from scipy.spatial.transform import Rotation

from crmo_seg.phantom.scan.protocol import Point
from crmo_seg.phantom.solids.shapes import Vector
from crmo_seg.volume import Geometry


def tilted(geometry: Geometry, tilt_deg: Point, centre_mm: Vector) -> Geometry:
    """The geometry turned by degrees around x, then y, then z, about a point in RAS+ mm.

    >>> import numpy as np
    >>> flat = Geometry(np.diag([2.0, 2.0, 5.0, 1.0]), (3, 3, 3))
    >>> turned = tilted(flat, (0.0, 0.0, 90.0), np.array([2.0, 2.0, 5.0]))
    >>> (turned.to_world_mm(np.array([2, 1, 1])) + 0.0).round(6).tolist()
    [2.0, 4.0, 5.0]
    """
    if not any(tilt_deg):
        return geometry
    turn = Rotation.from_euler("xyz", tilt_deg, degrees=True).as_matrix()
    affine = geometry.affine.copy()
    affine[:3, :3] = turn @ affine[:3, :3]
    affine[:3, 3] = turn @ (affine[:3, 3] - centre_mm) + centre_mm
    return Geometry(affine, geometry.shape, geometry.frame_of_reference_uid)
