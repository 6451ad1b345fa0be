"""The page: it is whole, opens offline, and shows what the summary holds."""

from __future__ import annotations

import base64
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from evaluation_builders import FEW_SAMPLES, mixed_cases, mixed_summary, rods

from crmo_seg.evaluation.cohort import CaseMetrics, summarise
from crmo_seg.evaluation.voxel import Overlap
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.report.evaluation.page import (
    CaseImages,
    PageFacts,
    case_caption,
    case_figure,
    render_page,
    worst_section,
)
from crmo_seg.report.evaluation.sections import sections

FACTS = PageFacts("mymodel", {"Manifest": "manifest.csv"}, ["The cases are phantoms."])


class Page(HTMLParser):
    """What is on a page: its words, its references, and the tags that were not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words, self.references, self.open, self.headings = list[str](), list[str](), list[str](), list[str]()
        self.feed(html)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "img", "br"):
            self.open.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)
        if self.open and self.open[-1] in ("h1", "h2"):
            self.headings.append(data)


@pytest.fixture(scope="module")
def page() -> Page:
    summary = replace(mixed_summary(), notes=("bones has labels but no prediction",))
    half = summary.cases[1]
    shown = case_figure(CaseImages(half, None, pred=rods((1, 5), (20, 23)), ref=rods((0, 4), (10, 14))))
    return Page(render_page(summary, sections(summary), worst_section(summary, [shown]), FACTS))


def test_the_page_is_whole_and_needs_nothing_beside_it(page: Page) -> None:
    assert page.open == []
    assert all(reference.startswith("data:") for reference in page.references)
    pictures = [text.partition("base64,")[2] for text in page.references if "image/png" in text]
    assert len(pictures) == 5
    assert all(base64.b64decode(text, validate=True).startswith(b"\x89PNG") for text in pictures)


def test_it_says_first_what_has_to_be_known(page: Page) -> None:
    order = [page.text.index(part) for part in
             ("Evaluation: mymodel", "5 scans of 5 patients", RESEARCH_ONLY, "Lesions: F1", "The cases are phantoms.",
              "bones has labels but no prediction", "Found by any overlap")]  # fmt: skip
    assert order == sorted(order)


def test_numbers_counts_and_settings_are_there(page: Page) -> None:
    for part in ("2 of 4 lesions found", "4 of 5 patients", "≥ 0.500", "ICC(A,1)", "Smallest lesion 0.1 ml",
                 "Tolerance of surfaces 3 mm", "40 samples", "Manifest manifest.csv",
                 "All cases, the lowest Dice first (5)"):  # fmt: skip
        assert part in page.text, part
    assert page.headings[-2:] == ["The worst cases", "How this was made"]


def test_a_case_has_its_numbers_below(page: Page) -> None:
    caption = "half: Dice 0.400; 1 of 2 lesions found, 1 false; 0.700 ml predicted, 0.800 ml in the reference."
    assert case_caption(mixed_cases()[1]) == caption
    assert f"{caption} Without the image" in page.text


def test_with_an_image_the_caption_does_not_miss_it() -> None:
    image = rods().with_array(np.ones((30, 8, 20), dtype=np.float32))
    shown = case_figure(CaseImages(mixed_cases()[0], image, pred=rods((0, 4)), ref=rods((0, 4))))
    assert "Without the image" not in shown.caption
    assert shown.name == "case_found"


def test_names_are_escaped() -> None:
    summary = mixed_summary()
    html = render_page(summary, sections(summary), None, PageFacts("<script>alert(1)</script>"))
    assert "<script" not in html
    assert "The worst cases" not in html


def test_another_head_fits_too() -> None:
    cases = [CaseMetrics("a", "A", {"hippocampus": {"1": Overlap(1, 1, 1)}})]
    summary = summarise(cases, FEW_SAMPLES)
    shown = case_figure(CaseImages(cases[0], None, pred=rods((0, 4)), ref=rods((0, 4))))
    page = Page(render_page(summary, sections(summary), worst_section(summary, [shown]), FACTS))
    assert "a: Dice 1.00." in page.text
    assert "All classes of hippocampus are outlined as one." in page.text
    assert "Lesions" not in page.headings
