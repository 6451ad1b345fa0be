"""The reports in a real browser: rows lead to lesions, nothing is fetched, and without WebGL the pictures stand."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import NO_WEBGL, SOFTWARE_WEBGL, Page, opened_browser
from builders import PROVENANCE

from crmo_seg.lesions import LesionMap
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.prediction import Prediction
from crmo_seg.report.followup import VisitView, write_followup
from crmo_seg.report.html import write_report
from crmo_seg.volume import Volume

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

LARGEST_PAGE_BYTES = 15_000_000
STARTED = "document.body.dataset.viewer"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Volume, Volume, LesionMap]:
    """A tiny phantom with two lesions put into its femora: image, bones, lesions."""
    from crmo_seg.anatomy import bone_named
    from crmo_seg.cases import read_manifest
    from crmo_seg.io.nifti import read_image, read_labels
    from crmo_seg.lesions import find_lesions
    from crmo_seg.sites import assign_sites

    folder = tmp_path_factory.mktemp("phantom")
    (case,) = read_manifest(make_phantoms(folder, PhantomOptions(patients=1, tiny=True)))
    image, bones = read_image(case.images["stir"]), read_labels(case.labels["bones"])
    mask = np.zeros(bones.array.shape, dtype=bool)
    for name, share in (("femur_left", 0.3), ("femur_right", 0.7)):
        inside = np.argwhere(bones.array == bone_named(name).label)
        z = np.quantile(inside[:, 2], (share - 0.05, share + 0.05))
        near = inside[(inside[:, 2] >= z[0]) & (inside[:, 2] <= z[1])]
        mask[tuple(near.T)] = True
    return image, bones, assign_sites(find_lesions(image.with_array(mask)), bones)


@pytest.fixture(scope="module")
def report(study: tuple[Volume, Volume, LesionMap], tmp_path_factory: pytest.TempPathFactory) -> Path:
    image, bones, lesion_map = study
    masks = {"edema": image.with_array(lesion_map.labels.array > 0), "bones": bones}
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, Prediction("case", masks, None, lesion_map, PROVENANCE), image, {})
    return path


@pytest.fixture(scope="module")
def page(report: Path) -> Iterator[Page]:
    with opened_browser(*SOFTWARE_WEBGL) as opened:
        opened.resize(1400, 900)
        opened.open(report)
        opened.wait_for(STARTED)
        assert opened.evaluate(STARTED) == "ready", opened.complaints
        yield opened


def place(page: Page) -> list[float]:
    return [float(mm) for mm in page.evaluate("document.querySelector('canvas').dataset.at").split()]


def key(page: Page, name: str) -> None:
    page.send("Input.dispatchKeyEvent", type="keyDown", key=name, code=name)
    page.send("Input.dispatchKeyEvent", type="keyUp", key=name, code=name)


def test_a_click_on_a_row_takes_the_viewer_to_the_lesion(page: Page, study: tuple[Volume, Volume, LesionMap]) -> None:
    labels, lesions = study[2].labels, study[2].lesions
    assert len(lesions) == 2
    pictures = []
    for lesion in lesions:
        page.evaluate(f"document.querySelector('[data-row=\"{lesion.lesion_id}\"]').click()")
        index = np.rint(labels.geometry.to_index(np.array(place(page)))).astype(int)
        assert labels.array[tuple(index)] == lesion.lesion_id
        pictures.append(page.screenshot())
    assert pictures[0] != pictures[1]


def test_arrow_keys_go_through_lesions_and_slices(page: Page) -> None:
    page.evaluate("document.querySelector('[data-row=\"1\"]').click()")
    first = place(page)
    key(page, "ArrowDown")
    assert page.evaluate("document.querySelector('tr.chosen').dataset.row") == "2"
    assert place(page) != first
    key(page, "ArrowUp")
    assert place(page) == first
    page.evaluate("document.querySelector('canvas').focus()")
    before = int(page.evaluate("document.querySelector('canvas').dataset.slice"))
    key(page, "ArrowRight")
    assert int(page.evaluate("document.querySelector('canvas').dataset.slice")) == before + 1


def test_a_click_on_the_drawing_chooses_the_row(page: Page) -> None:
    page.evaluate(
        "document.querySelector('a.mark[data-mark=\"2\"]').dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    )
    assert page.evaluate("document.querySelector('tr.chosen').dataset.row") == "2"


def test_sides_are_marked_in_the_viewer(page: Page) -> None:
    assert (
        page.evaluate("[...document.querySelectorAll('.viewer .side')].map((one) => one.textContent).join('')") == "RL"
    )


def test_nothing_is_fetched_and_nobody_complains(page: Page, report: Path) -> None:
    assert {url for url in page.requests if not url.startswith(("data:", "blob:"))} == {report.as_uri()}
    assert page.complaints == []
    blocked = "fetch('https://example.org').then(() => 'fetched', () => 'refused')"
    assert page.evaluate(blocked) == "refused"
    page.complaints.clear()  # the refusal that was provoked


def test_it_fits_narrow_windows_and_its_size(page: Page, report: Path) -> None:
    assert report.stat().st_size < LARGEST_PAGE_BYTES
    page.resize(400, 800, dark=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.resize(1400, 900)


def test_it_prints_as_a_pdf_with_pictures_instead_of_the_viewer(page: Page) -> None:
    page.send("Emulation.setEmulatedMedia", media="print")
    assert page.evaluate("document.querySelector('.viewer').offsetHeight") == 0
    assert page.evaluate("document.querySelector('.still img').offsetHeight") > 100
    page.send("Emulation.setEmulatedMedia", media="")
    printed = b64decode(page.send("Page.printToPDF", printBackground=True, preferCSSPageSize=True)["data"])
    assert printed.startswith(b"%PDF")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4


def test_without_webgl_the_pictures_stand(report: Path) -> None:
    with opened_browser(*NO_WEBGL) as page:
        page.open(report)
        page.wait_for(STARTED)
        assert page.evaluate(STARTED) == "absent"
        assert page.evaluate("document.querySelector('.still img').offsetHeight") > 100
        assert page.evaluate("document.querySelector('.viewer').offsetHeight") == 0
        assert page.evaluate("document.querySelectorAll('[data-row]').length") == 2
        assert page.evaluate("document.getElementById('no-viewer').hidden") is False


def test_both_visits_of_a_followup_go_to_the_lesion(study: tuple[Volume, Volume, LesionMap], tmp_path: Path) -> None:
    image, bones, lesion_map = study
    views = [VisitView(title, image, lesion_map, bones, {}) for title in ("Before", "Now")]
    rows = [{"change": "stable", "before_ids": [i], "now_ids": [i]} for i in (1, 2)]
    path = tmp_path / "followup.html"
    write_followup(path, views[0], views[1], rows)
    assert path.stat().st_size < LARGEST_PAGE_BYTES
    with opened_browser(*SOFTWARE_WEBGL) as page:
        page.resize(1400, 900)
        page.open(path)
        page.wait_for(STARTED)
        page.evaluate("document.querySelector('[data-row=\"2\"]').click()")
        places = page.evaluate("[...document.querySelectorAll('canvas')].map((one) => one.dataset.at)")
        assert len(places) == 2
        assert places[0] == places[1]
        assert page.complaints == []
