"""What pages with a viewer share."""

from __future__ import annotations

import numpy as np

from crmo_seg.lesions import find_lesions
from crmo_seg.report.page import focus_points
from crmo_seg.report.pictures import projection_view
from crmo_seg.volume import Geometry, Volume


def test_the_viewer_goes_to_a_voxel_of_a_bent_lesion_in_its_fullest_slice() -> None:
    geometry = Geometry(np.diag([2.0, 6.0, 2.0, 1.0]), (20, 5, 20))
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[2:18, 3, 2:4] = mask[2:18, 3, 16:18] = mask[2:4, 3, 2:18] = mask[2, 2, 2:6] = True
    lesions = find_lesions(Volume(mask, geometry))
    index = np.rint(geometry.to_index(np.array(focus_points(lesions)[1]))).astype(int)
    assert mask[tuple(index)]
    assert index[1] == 3


def test_spots_lie_on_the_lesions_of_the_projection() -> None:
    geometry = Geometry(np.diag([2.0, 6.0, 2.0, 1.0]), (50, 5, 100))
    mask = np.zeros(geometry.shape, dtype=bool)
    mask[40:45, 1:3, 90:95] = True  # on the right, near the head: at the top left of the picture
    image = Volume(mask.astype(np.float32), geometry)
    (spot,) = projection_view(image, find_lesions(Volume(mask, geometry))).spots
    assert (spot.x, spot.y) == (15.0, 15.0)
