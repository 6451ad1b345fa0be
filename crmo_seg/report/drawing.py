"""What pictures of a scan are drawn with: signal, outlines, sides of the body, a scale bar.

matplotlib is used through its object interface, without pyplot: no window, no state that outlives a call. Volumes are
canonical, axes (X, Y, Z), RAS+; the page is in radiological orientation, millimetres from its top left corner.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from crmo_seg.report.views import Plane, grey_range
from crmo_seg.volume import Array, Geometry

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patheffects import AbstractPathEffect

LESION_COLOUR: Final = "#ffb000"
"""Told apart from grey by all forms of colour vision (doi:10.1038/nmeth.1618)."""

DOTS_PER_INCH: Final = 150


@dataclass(frozen=True)
class Line:
    """How an outline is drawn."""

    colour: str
    style: Literal["solid", "dashed"] = "solid"
    width_points: float = 0.9


LESION_LINE: Final = Line(LESION_COLOUR)

_LETTER = "#d8dee6"
_SCALE_BAR_MM = 100.0


def show_signal(
    axes: Axes, array: Array, plane: Plane, geometry: Geometry, window: tuple[float, float] | None = None
) -> None:
    """Signal of a plane in grey, black around it.

    Args:
        axes: to draw on.
        array: a canonical volume without the plane's normal axis.
        plane: which plane it is.
        geometry: of the volume.
        window: signal shown as black and as white; None takes the array's own.
    """
    low, high = window or grey_range(array)
    extent = plane.extent_mm(geometry)
    axes.imshow(
        plane.page(array), cmap="gray", vmin=low, vmax=high, extent=extent, aspect="equal", interpolation="bilinear"
    )
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)


def draw_outline(
    axes: Axes,
    mask: NDArray[np.bool_],
    box: tuple[slice, ...],
    plane: Plane,
    geometry: Geometry,
    line: Line = LESION_LINE,
) -> None:
    """Outline of a 2D mask that fills a box of a canonical grid."""
    page = np.pad(plane.page(mask), 1).astype(np.float32)
    left, top = plane.page_corner_mm(geometry, (box[plane.across].stop, box[plane.up].stop))
    across_mm, up_mm = plane.spacing_mm(geometry)
    x = left + (np.arange(page.shape[1]) - 0.5) * across_mm
    y = top + (np.arange(page.shape[0]) - 0.5) * up_mm
    axes.contour(x, y, page, levels=[0.5], colors=[line.colour], linewidths=line.width_points, linestyles=line.style)


def draw_letters(axes: Axes, plane: Plane) -> None:
    """Which side of the body is on the left and on the right of the page."""
    for x, letter, side in ((0.03, plane.left_letter, "left"), (0.97, plane.right_letter, "right")):
        text = axes.text(x, 0.985, letter, ha=side, va="top", transform=axes.transAxes)
        text.set(color=_LETTER, fontsize=9, path_effects=halo())


def draw_scale_bar(axes: Axes, width_mm: float) -> None:
    """Ten centimetres, where the page is wide enough for them."""
    if width_mm < 2 * _SCALE_BAR_MM:
        return
    bottom, _ = axes.get_ylim()
    x, y = 0.03 * width_mm, bottom - 0.04 * width_mm
    axes.plot((x, x + _SCALE_BAR_MM), (y, y), color=_LETTER, linewidth=1.5)
    axes.text(x, y - 0.01 * width_mm, "10 cm", color=_LETTER, fontsize=7, va="bottom")


def halo() -> list[AbstractPathEffect]:
    """A dark rim that keeps letters legible on bright tissue."""
    from matplotlib.patheffects import withStroke

    return [withStroke(linewidth=2.0, foreground="black")]


def png_of(figure: Figure) -> bytes:
    """The figure as a PNG file."""
    file = io.BytesIO()
    # Without the version of matplotlib in it, the same picture gives the same bytes.
    figure.savefig(file, format="png", metadata={"Software": None}, pil_kwargs={"compress_level": 2})
    return file.getvalue()
