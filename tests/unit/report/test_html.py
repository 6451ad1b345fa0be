"""The report: offline, complete, safe against what stands in names, and written whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from builders import PROVENANCE

from crmo_seg.anatomy import Side, Site
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.prediction import Prediction, QualityFlag
from crmo_seg.report.html import render_report, report_columns, write_report
from crmo_seg.report.tables import LESION_COLUMNS, MORE_COLUMNS
from crmo_seg.sites.vertebral_height import BodyHeights
from crmo_seg.sites.vertebral_loss import beside_neighbours
from crmo_seg.volume import Geometry, Volume

SUMMARY = {"patient_key": "9f2c41", "visit": "2025-03-14", "versions": {"crmo_seg": "0.1.0", "python": "3.11.9"}}
FLAGS = (
    QualityFlag("slice_spacing_outside_training", "warning", "The slices are far apart.", 12.0),
    QualityFlag("body_regions", "info", "Bones were found of the legs.", ("legs",)),
)


class Page(HTMLParser):
    """What a browser would see: cells of tables, texts, references."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.references: list[str] = []
        self.divs: list[dict[str, str | None]] = []
        self.scripts: list[str] = []
        self.policy = ""
        self._in_script = self._in_data = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "action", "srcset")]
        if tag in ("td", "th"):
            self.cells.append("")
        self.divs += [dict(attrs)] if tag == "div" else []
        if dict(attrs).get("http-equiv") == "Content-Security-Policy":
            self.policy = dict(attrs)["content"] or ""
        self._in_data = tag == "script"
        self._in_script = tag == "script" and not attrs
        self.scripts += [""] if self._in_script else []

    def handle_endtag(self, tag: str) -> None:
        self._in_script = self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_script:
            self.scripts[-1] += data
        if self._in_data:
            return
        self.texts.append(data.strip())
        if self.cells:
            self.cells[-1] = (self.cells[-1] + data).strip()


def make_prediction(*, lesions: bool = True, case_id: str = "study_1") -> tuple[Prediction, Volume]:
    geometry = Geometry(np.diag([5.0, 6.0, 5.0, 1.0]), (30, 4, 50))
    mask = np.zeros(geometry.shape, dtype=bool)
    if lesions:
        mask[4:8, 1:3, 10:14] = mask[20:22, 1:3, 30:32] = True
    edema = Volume(mask, geometry)
    found = find_lesions(edema)
    sited = tuple(replace(one, site=Site("femur", Side.LEFT, juxtaphyseal=True)) for one in found.lesions[:1])
    lesion_map = LesionMap(found.labels, (*sited, *found.lesions[1:]))
    image = Volume(np.random.default_rng(0).random(geometry.shape).astype(np.float32), geometry)
    return Prediction(case_id, {"edema": edema}, None, lesion_map, PROVENANCE, FLAGS), image


def test_it_says_what_it_must() -> None:
    page = Page(render_report(*make_prediction(), SUMMARY))
    for text in (RESEARCH_ONLY, "study_1", "9f2c41", "2025-03-14", "6.0 ml", "4.8 ml"):
        assert text in page.texts, text
    for text in (
        "crmo_seg 0.1.0",
        "default",
        "a" * 64,
        "b" * 64,
        "0.45",
        "0.1 ml",
        "python 3.11.9",
        "on cpu by openvino, f32, mode default",
    ):
        assert text in page.cells, text


def test_warnings_stand_apart_from_what_was_covered() -> None:
    prediction, image = make_prediction()
    texts = Page(render_report(prediction, image, SUMMARY)).texts
    order = ["Read with care", "The slices are far apart.", "What the scan shows", "Bones were found of the legs."]
    assert [text for text in texts if text in order] == order
    silent = Page(render_report(replace(prediction, quality_flags=()), image, SUMMARY)).texts
    assert not {"Read with care", "What the scan shows"} & set(silent)


def test_the_full_table_has_every_column_and_empty_cells() -> None:
    columns = report_columns()
    assert set(columns) == {*LESION_COLUMNS, *MORE_COLUMNS}
    cells = Page(render_report(*make_prediction(), SUMMARY)).cells
    width = len(columns)
    start = next(i for i in range(len(cells)) if cells[i : i + width] == list(columns.values()))
    first, second = cells[start + width : start + 2 * width], cells[start + 2 * width : start + 3 * width]
    assert first[:5] == ["1", "femur", "left", "", "4.80"]
    assert first[list(columns).index("juxtaphyseal")] == "yes"
    assert second[:5] == ["2", "", "", "", "1.20"]


def test_nothing_is_fetched_and_only_our_scripts_run() -> None:
    html = render_report(*make_prediction(), SUMMARY)
    page = Page(html)
    assert page.references
    assert all(reference.startswith(("data:", "#")) for reference in page.references)
    assert not {"iframe", "object", "embed", "form"} & set(page.tags)
    assert "default-src 'none'" in page.policy
    scripts = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in page.scripts]
    assert len(scripts) == 2
    allowed = re.search(r"script-src ([^;]*)", page.policy)
    assert allowed
    assert allowed[1] == " ".join(f"'sha256-{script}'" for script in scripts)


def test_without_its_scripts_the_page_still_says_all() -> None:
    page = Page(render_report(*make_prediction(), SUMMARY))
    assert page.tags.count("img") == 2
    assert page.tags.count("tr") > 3
    assert all("hidden" in attrs for attrs in page.divs if attrs.get("class") == "viewer")


def test_it_is_below_its_size() -> None:
    assert len(render_report(*make_prediction(), SUMMARY).encode()) < 4_000_000  # most of it is the viewer


def test_pictures_are_png() -> None:
    references = Page(render_report(*make_prediction(), SUMMARY)).references
    pictures = [text.removeprefix("data:image/png;base64,") for text in references if "image/png" in text]
    assert len(pictures) == 2
    assert all(base64.b64decode(text, validate=True).startswith(b"\x89PNG") for text in pictures)


def test_without_lesions_it_says_so_and_shows_the_image() -> None:
    page = Page(render_report(*make_prediction(lesions=False), SUMMARY))
    assert page.tags.count("img") == 1
    assert "No lesion of at least the smallest volume was found." in page.texts
    assert "0.0 ml" in page.texts


def test_a_model_without_edema_is_not_reported_as_a_healthy_patient() -> None:
    prediction, image = make_prediction()
    bones = Prediction("b", {"bones": prediction.masks["edema"]}, None, None, PROVENANCE)
    page = Page(render_report(bones, image, {}))
    assert "This model does not segment edema." in page.texts
    assert "Total volume" not in page.texts


def test_names_cannot_bring_markup_in() -> None:
    prediction, image = make_prediction()
    evil = "<script>alert(1)</script>"
    flag = QualityFlag("evil", "warning", evil)
    named = replace(prediction, case_id=evil, quality_flags=(flag,), provenance=replace(PROVENANCE, model_name=evil))
    html = render_report(named, image, {"patient_key": evil, "versions": {evil: evil}})
    assert evil not in html
    assert evil in Page(html).texts


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
def test_any_orientation(axes: tuple[int, int, int]) -> None:
    prediction, image = make_prediction()
    flips = (True, False, True)
    assert prediction.lesion_map is not None
    turned = replace(
        prediction,
        masks={"edema": prediction.masks["edema"].transposed(axes, flips)},
        lesion_map=replace(prediction.lesion_map, labels=prediction.lesion_map.labels.transposed(axes, flips)),
    )
    here, there = (
        Page(render_report(prediction, image, {})),
        Page(render_report(turned, image.transposed(axes, flips), {})),
    )
    assert here.references == there.references
    assert here.cells == there.cells


def test_it_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prediction, image = make_prediction()
    write_report(tmp_path / "report.html", prediction, image, SUMMARY)
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")

    def fail(*_: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("crmo_seg.report.html.projection_view", fail)
    with pytest.raises(MemoryError):
        write_report(tmp_path / "other.html", prediction, image, SUMMARY)
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_the_same_prediction_gives_the_same_file() -> None:
    assert render_report(*make_prediction(), SUMMARY) == render_report(*make_prediction(), SUMMARY)


def test_vertebral_heights_where_any_were_measured() -> None:
    prediction, image = make_prediction()
    heights = (BodyHeights("T7", 20.0, 20.0, 20.0, 20.0, 1.0), BodyHeights("T8", 12.0, 16.0, 20.0, 16.0, 1.0))
    rows = [one.to_dict() for one in beside_neighbours(heights)]
    html = render_report(prediction, image, SUMMARY | {"vertebrae": rows})
    assert "Lower by 20 % or more: T8 (40 %, grade 3)." in Page(html).texts
    assert "Vertebral height" in html
    for summary in (SUMMARY, SUMMARY | {"vertebrae": [{"level": "T8", "note": "cut"}]}):
        assert "Vertebral height" not in render_report(prediction, image, summary)
