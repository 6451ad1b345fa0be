"""Key images for archives that show pictures only: the report's own, with the notice in the picture itself."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.lesions import LesionMap
from crmo_seg.report.drawing import DOTS_PER_INCH, png_of
from crmo_seg.report.figures import largest_lesions, montage_png, projection_png
from crmo_seg.volume import Volume

_CAPTION_INCH: Final = 0.36
_CAPTION_POINTS: Final = 6.5
_NARROWEST_INCH: Final = 3.0  # that the notice needs
_WHITE: Final = 255


def key_pictures(image: Volume, lesion_map: LesionMap) -> tuple[NDArray[np.uint8], ...]:
    """All lesions on a projection and, where there are any, slices through the largest; (rows, columns, 3) uint8 RGB.

    Args:
        image: signal in any orientation.
        lesion_map: lesions on the same grid.
    """
    count = len(lesion_map.lesions)
    if not count:
        return (_captioned(projection_png(image, lesion_map), "No lesion found"),)
    found = f"{count} lesion{'s' if count > 1 else ''}, {lesion_map.total_volume_ml:.1f} ml"
    shown = len(largest_lesions(lesion_map.lesions))
    largest = found if shown == count else f"The {shown} largest of {found}"
    overview, slices = projection_png(image, lesion_map), montage_png(image, lesion_map)
    return _captioned(overview, found), _captioned(slices, largest)


def _captioned(png: bytes, text: str) -> NDArray[np.uint8]:
    """The picture below a strip with a text and the notice; both as wide as the wider one."""
    from matplotlib.figure import Figure

    picture = _pixels(png)
    width_inch = max(picture.shape[1] / DOTS_PER_INCH, _NARROWEST_INCH)
    figure = Figure(figsize=(width_inch, _CAPTION_INCH), dpi=DOTS_PER_INCH, facecolor="black")
    for height, line in ((0.72, text), (0.28, RESEARCH_ONLY)):
        figure.text(0.01, height, line, color="white", fontsize=_CAPTION_POINTS, va="center")
    strip = _pixels(png_of(figure))
    width = max(strip.shape[1], picture.shape[1])
    return np.vstack([_widened(part, width) for part in (strip, picture)])


def _pixels(png: bytes) -> NDArray[np.uint8]:
    from matplotlib.image import imread

    shares = imread(io.BytesIO(png), format="png")[..., :3]
    pixels: NDArray[np.uint8] = np.rint(shares * _WHITE).astype(np.uint8)
    return pixels


def _widened(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    return np.pad(picture, ((0, 0), (0, width - picture.shape[1]), (0, 0)))
