from __future__ import annotations

import numpy as np
from builders import body_with_lesion, make_geometry

from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.report.key_pictures import key_pictures

IMAGE, LESION = body_with_lesion(make_geometry((30, 8, 40), (3.0, 6.0, 3.0)), (0.0, 0.0, 20.0), 12.0)


def test_lesions_give_an_overview_and_slices() -> None:
    overview, slices = key_pictures(IMAGE, find_lesions(LESION))
    for picture in (overview, slices):
        assert picture.dtype == np.uint8
        assert (picture.ndim, picture.shape[2]) == (3, 3)
        caption = picture[:40].astype(int)
        assert caption.max() > 200  # white letters
        assert np.median(caption) == 0  # on black
    orange = (np.abs(overview.astype(int) - (255, 176, 0)).max(axis=2) < 30).sum()
    assert orange > 20  # the outline


def test_no_lesion_gives_an_overview() -> None:
    none = LesionMap(LESION.with_array(np.zeros(LESION.array.shape, dtype=np.int32)), ())
    (overview,) = key_pictures(IMAGE, none)
    assert (np.abs(overview.astype(int) - (255, 176, 0)).max(axis=2) < 30).sum() == 0


def test_the_notice_fits_on_a_narrow_picture() -> None:
    image, lesion = body_with_lesion(make_geometry((4, 8, 60), (3.0, 6.0, 3.0)), (0.0, 0.0, 20.0), 8.0)
    overview, _ = key_pictures(image, find_lesions(lesion))
    assert overview.shape[1] >= 450
    assert (overview[:50, -15:] == 0).all()  # the text ends before the edge
