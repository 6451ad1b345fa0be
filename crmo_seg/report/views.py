"""How a volume is laid on the page: planes, directions and extents in radiological orientation.

The patient's right is on the viewer's left, the head (in axial slices the front) is up, and in sagittal slices the
front is on the viewer's left. Volumes are canonical here: axes (right, anterior, superior), (X, Y, Z).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.volume import Array, Geometry


@dataclass(frozen=True)
class Plane:
    """A plane of the page by world axes (0 right, 1 anterior, 2 superior); ``across`` is below ``up``.

    Attributes:
        normal: the axis that looks at the viewer.
        across: the axis that runs from the right of the page to its left.
        up: the axis that runs up the page.
        left_letter: what lies at the left edge of the page.
        right_letter: what lies at its right edge.
        name: of the plane.
    """

    normal: int
    across: int
    up: int
    left_letter: str
    right_letter: str
    name: str

    def page(self, array: Array) -> Array:
        """A canonical (X, Y, Z) array without its normal axis -> (rows from the top, columns from the left)."""
        return array.T[::-1, ::-1]

    def page_corner_mm(self, geometry: Geometry, stop: tuple[int, int]) -> tuple[float, float]:
        """Where on the page, in mm from its top left corner, the part that ends before voxel ``stop`` begins."""
        across_mm, up_mm = self.spacing_mm(geometry)
        return (geometry.shape[self.across] - stop[0]) * across_mm, (geometry.shape[self.up] - stop[1]) * up_mm

    def spacing_mm(self, geometry: Geometry) -> tuple[float, float]:
        """Spacing (across, up) of a canonical grid."""
        return geometry.spacing_mm[self.across], geometry.spacing_mm[self.up]

    def extent_mm(self, geometry: Geometry) -> tuple[float, float, float, float]:
        """(left, right, bottom, top) of the page, voxel edges, in mm from its top left corner."""
        width, height = geometry.shape[self.across], geometry.shape[self.up]
        across_mm, up_mm = self.spacing_mm(geometry)
        return 0.0, width * across_mm, height * up_mm, 0.0


CORONAL: Final = Plane(normal=1, across=0, up=2, left_letter="R", right_letter="L", name="coronal")
SAGITTAL: Final = Plane(normal=0, across=1, up=2, left_letter="A", right_letter="P", name="sagittal")
AXIAL: Final = Plane(normal=2, across=0, up=1, left_letter="R", right_letter="L", name="axial")


_CLEARLY_SHORTER: Final = 0.8


def acquired_plane(geometry: Geometry) -> Plane:
    """The plane in which a canonical grid has its fine axes; coronal where all are alike.

    >>> acquired_plane(Geometry(np.diag([6.0, 1.2, 1.2, 1.0]), (20, 64, 64))).left_letter
    'A'
    """
    planes = (CORONAL, SAGITTAL, AXIAL)
    return max(planes, key=lambda plane: round(geometry.spacing_mm[plane.normal], 3))


def projection_plane(geometry: Geometry) -> Plane:
    """The plane that shows most of a canonical grid: the one across its shortest extent, coronal where in doubt.

    Whole-body and most regional scans are coronal; a sagittal spine or an axial slab would be a mere strip there.

    >>> projection_plane(Geometry(np.diag([4.0, 1.2, 1.2, 1.0]), (15, 200, 300))).name
    'sagittal'
    """
    extents_mm = np.array(geometry.shape) * geometry.spacing_mm
    others = (SAGITTAL, AXIAL)
    shortest = min(others, key=lambda plane: float(extents_mm[plane.normal]))
    return shortest if extents_mm[shortest.normal] < _CLEARLY_SHORTER * extents_mm[CORONAL.normal] else CORONAL


def grey_range(array: Array) -> tuple[float, float]:
    """Signal shown as black and as white: percentiles 1 and 99.8 of what is not exactly 0, never an empty range.

    >>> grey_range(np.zeros((2, 2)))
    (0.0, 1.0)
    """
    signal = array[array != 0]
    if not signal.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(signal, (1.0, 99.8)))
    low = min(low, 0.0) if low > 0.5 * high else low
    return (low, high) if high > low else (low, low + 1.0)
