"""Names and heads as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.names import format_head, head_name_of, hydra_heads, identifier, parse_head
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD, Head, heads_from

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
heads = st.builds(Head, names, st.lists(names, min_size=1, max_size=4, unique=True).map(tuple))


@pytest.mark.parametrize(
    ("folder", "name"),
    [("Dataset004_Hippocampus", "hippocampus"), ("Task10_Colon", "colon"), ("my data-set 2", "my_data_set_2")],
)
def test_a_head_is_named_after_the_folder(folder: str, name: str) -> None:
    assert head_name_of(Path("raw") / folder) == name


def test_a_name_without_letters_is_refused() -> None:
    with pytest.raises(InputError, match=r"dataset\.json: has the name '\?\?', without a letter or digit"):
        identifier("??", "dataset.json")


def test_known_heads_need_no_classes() -> None:
    assert (parse_head("edema"), parse_head("bones")) == (EDEMA_HEAD, BONES_HEAD)
    assert format_head(BONES_HEAD) == "bones"


def test_another_head_needs_its_classes() -> None:
    with pytest.raises(InputError, match="head knee: names no classes; write knee=FIRST,SECOND"):
        parse_head("knee")


@given(heads)
def test_a_head_is_read_as_it_is_written(head: Head) -> None:
    assert parse_head(format_head(head)) == head


@given(st.lists(heads, min_size=1, max_size=3))
def test_hydra_reads_the_override(found: list[Head]) -> None:
    override = OverridesParser.create().parse_override(f"data.heads={hydra_heads(found)}")
    assert heads_from(override.value()) == tuple(found)
