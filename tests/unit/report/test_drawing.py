"""What pictures are drawn with: outlines lie where the mask is, in the colour that was asked for."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread

from crmo_seg.report.drawing import Line, draw_letters, draw_outline, draw_scale_bar, png_of, show_signal
from crmo_seg.report.views import CORONAL
from crmo_seg.volume import Geometry

GEOMETRY = Geometry(np.diag([5.0, 6.0, 5.0, 1.0]), (60, 4, 40))


def drawn(mask: np.ndarray, line: Line) -> np.ndarray:
    """RGB, shape (rows, columns, 3), of a black coronal slice with the outline of a mask."""
    figure = Figure(figsize=(3.0, 2.0), dpi=100, facecolor="black")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    show_signal(axes, np.zeros((60, 40), dtype=np.float32), CORONAL, GEOMETRY)
    draw_outline(axes, mask, tuple(slice(0, n) for n in GEOMETRY.shape), CORONAL, GEOMETRY, line)
    return np.asarray(imread(io.BytesIO(png_of(figure))))[..., :3]


def test_the_outline_surrounds_the_mask() -> None:
    mask = np.zeros((60, 40), dtype=bool)
    mask[40:50, 30:36] = True  # the patient's right, near the head
    picture = drawn(mask, Line("#ff0000"))
    rows, columns = np.argwhere(picture[..., 0] > 0.5).T / np.array([picture.shape[:2]]).T
    assert np.allclose((columns.min(), columns.max()), (10 / 60, 20 / 60), atol=0.02)
    assert np.allclose((rows.min(), rows.max()), (4 / 40, 10 / 40), atol=0.02)


def test_a_dashed_line_has_gaps() -> None:
    mask = np.zeros((60, 40), dtype=bool)
    mask[10:50, 5:35] = True
    solid, dashed = (drawn(mask, Line("#00ff00", style, 1.5))[..., 1] > 0.5 for style in ("solid", "dashed"))
    assert 0.3 < dashed.sum() / solid.sum() < 0.9


def test_letters_and_scale_bar() -> None:
    figure = Figure(figsize=(3.0, 2.0), dpi=100, facecolor="black")
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    show_signal(axes, np.zeros((60, 40), dtype=np.float32), CORONAL, GEOMETRY)
    draw_letters(axes, CORONAL)
    draw_scale_bar(axes, 300.0)
    assert [text.get_text() for text in axes.texts] == ["R", "L", "10 cm"]
    draw_scale_bar(axes, 150.0)  # too narrow for 10 cm
    assert len(axes.texts) == 3
