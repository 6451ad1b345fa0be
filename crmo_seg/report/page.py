"""What pages with a viewer have in common: templates, scripts, and the policy that forbids the network."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from crmo_seg.lesions import LesionMap
from crmo_seg.report.scan_data import ScanData, scan_data
from crmo_seg.report.views import acquired_plane
from crmo_seg.volume import Volume

if TYPE_CHECKING:
    from jinja2 import Environment

Colour = tuple[int, int, int]

LESION_COLOUR: Final[Colour] = (255, 176, 0)


@dataclass(frozen=True)
class ViewerSettings:
    """What the script of one viewer reads.

    Attributes:
        key: names its elements and its volumes in the page.
        plane: of acquisition: coronal, sagittal or axial.
        points: lesion id -> RAS+ mm of a voxel of the lesion.
        colours: lesion id -> red, green, blue.
        height_mm: of the scan in that plane.
        white: signal first shown as white.
        rim_offset: what is added to a lesion's id in its outline.
    """

    key: str
    plane: str
    points: dict[str, tuple[float, float, float]]
    colours: dict[str, Colour]
    height_mm: float
    white: int
    rim_offset: int


@dataclass(frozen=True)
class PageViewer:
    """A viewer of a page: its settings and its volumes."""

    settings: ViewerSettings
    data: ScanData


def page_viewer(
    key: str,
    image: Volume,
    lesion_map: LesionMap,
    bones: Volume | None,
    *,
    colours: dict[int, Colour] | None = None,
    largest_bytes: int | None = None,
) -> PageViewer:
    """The viewer of a scan.

    Args:
        key: letters; unique on the page.
        image: signal in any orientation.
        lesion_map: on the same grid.
        bones: fine labels on the same grid, or None.
        colours: of lesions by id; the others are of one colour.
        largest_bytes: of the compressed signal; None takes the usual limit.
    """
    geometry = image.canonical().geometry
    plane = acquired_plane(geometry)
    limit = {} if largest_bytes is None else {"largest_bytes": largest_bytes}
    data = scan_data(image, lesion_map, bones, **limit)
    settings = ViewerSettings(
        key=key,
        plane=plane.name,
        points={str(lesion_id): point for lesion_id, point in focus_points(lesion_map).items()},
        colours={str(one.lesion_id): (colours or {}).get(one.lesion_id, LESION_COLOUR) for one in lesion_map.lesions},
        height_mm=round(geometry.shape[plane.up] * plane.spacing_mm(geometry)[1], 1),
        white=data.white,
        rim_offset=data.rim_offset,
    )
    return PageViewer(settings, data)


def focus_points(lesion_map: LesionMap) -> dict[int, tuple[float, float, float]]:
    """For each lesion the RAS+ mm of a voxel of it: the one nearest the middle of the slice that holds most of it.

    A centroid may lie outside a bent lesion, and between two thick slices.
    """
    from scipy import ndimage

    labels = lesion_map.labels.canonical()
    normal = acquired_plane(labels.geometry).normal
    points = {}
    for lesion_id, box in enumerate(ndimage.find_objects(labels.array), 1):
        if box is None:
            continue
        voxels = np.argwhere(labels.array[box] == lesion_id) + [part.start for part in box]
        fullest = np.bincount(voxels[:, normal]).argmax()
        voxels = voxels[voxels[:, normal] == fullest]
        world = labels.geometry.to_world_mm(voxels)
        x, y, z = world[np.linalg.norm(world - world.mean(axis=0), axis=1).argmin()]
        points[lesion_id] = (round(float(x), 2), round(float(y), 2), round(float(z), 2))
    return points


def render_page(template: str, viewers: list[PageViewer], **values: Any) -> str:  # noqa: ANN401 - what a template takes
    """A page of this package's templates.

    Args:
        template: file name.
        viewers: in their order on the page; empty for a page without scripts.
        **values: what the template shows.
    """
    environment = _environment()
    scripts = _scripts() if viewers else ()
    html: str = environment.get_template(template).render(
        policy=_policy(scripts),
        scripts=[_markup(script) for script in scripts],
        style=_markup(_asset("style.css") + _asset("scan_page.css")),
        viewers=viewers,
        viewer_settings={"viewers": [asdict(viewer.settings) for viewer in viewers]},
        **values,
    )
    return html


def png_text(png: bytes) -> str:
    """A picture as the page holds it."""
    return base64.b64encode(png).decode("ascii")


def _policy(scripts: tuple[str, ...]) -> str:
    """Content Security Policy: these scripts and no others, and nothing from anywhere else.

    NiiVue reads its letters from a data URL.
    """
    allowed = " ".join(f"'sha256-{_sha256(script)}'" for script in scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _sha256(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


@cache
def _scripts() -> tuple[str, ...]:
    return _asset("assets/niivue.umd.js"), _asset("viewer.js")


@cache
def _asset(name: str) -> str:
    return files("crmo_seg.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("crmo_seg", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _markup(text: str) -> Any:  # noqa: ANN401 - jinja2's own type, imported late
    from markupsafe import Markup

    return Markup(text)
