"""Bundles that mark different things as one: what is kept, what is left out, what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from stub_model import make_bundle

from crmo_seg.bundle import combined, load_bundle, part_folder, save_bundle
from crmo_seg.errors import InputError
from crmo_seg.plan import BONES_HEAD, EDEMA_HEAD

EDEMA_MODEL = make_bundle("edema")
BONES_MODEL = make_bundle("bones", heads=(BONES_HEAD,), seed=1)


def test_it_marks_what_its_parts_mark() -> None:
    made = combined(EDEMA_MODEL, [BONES_MODEL])
    assert made.heads == (EDEMA_HEAD, BONES_HEAD)
    assert (made.plan, made.weights) == (EDEMA_MODEL.plan, EDEMA_MODEL.weights)
    assert made.network_sha256 == EDEMA_MODEL.network_sha256
    assert made.sha256 != EDEMA_MODEL.sha256


def test_a_part_replaces_a_head_of_the_same_name() -> None:
    metrics = {"val/edema_dice": 0.5, "val/bones_dice": 0.1, "val/bones_dice_rib": 0.1, "val/lesion_f1": 0.6}
    both = replace(make_bundle("both", heads=(EDEMA_HEAD, BONES_HEAD)), provenance={"metrics": metrics})
    made = combined(both, [BONES_MODEL])
    assert made.provenance == {"metrics": {"val/edema_dice": 0.5, "val/lesion_f1": 0.6}}
    assert made.plan.heads == (EDEMA_HEAD,)
    assert not [name for name in made.weights if name.startswith("heads.bones.")]
    assert [name for name in made.weights if name.startswith("heads.edema.")]
    assert made.parts == (BONES_MODEL,)


def test_what_counts_as_a_lesion_is_as_with_whichever_marks_edema() -> None:
    chosen = replace(EDEMA_MODEL, threshold=0.3, minimum_lesion_ml=0.7, minimum_peak_probability=0.8)
    for made in (combined(chosen, [BONES_MODEL]), combined(BONES_MODEL, [chosen])):
        assert (made.threshold, made.minimum_lesion_ml, made.minimum_peak_probability) == (0.3, 0.7, 0.8)


def test_a_part_replaces_an_older_one() -> None:
    newer = replace(BONES_MODEL, name="newer")
    assert combined(combined(EDEMA_MODEL, [BONES_MODEL]), [newer]).parts == (newer,)


def test_parts_of_a_part_are_parts() -> None:
    inner = combined(BONES_MODEL, [EDEMA_MODEL])
    other = make_bundle("other", heads=(replace(EDEMA_HEAD, name="other"),))
    made = combined(other, [inner])
    assert [part.name for part in made.parts] == ["bones", "edema"]
    assert all(not part.parts for part in made.parts)


def test_it_reads_what_any_part_reads() -> None:
    t1 = replace(BONES_MODEL, plan=replace(BONES_MODEL.plan, sequences=("t1", "stir")))
    assert combined(EDEMA_MODEL, [t1]).sequences == ("stir", "t1")


def test_a_bundle_that_would_mark_nothing_itself_is_refused() -> None:
    with pytest.raises(InputError, match=r"bones: marks nothing but bones, as a part does; name the bundle first that"):
        combined(BONES_MODEL, [BONES_MODEL])


def test_two_parts_that_mark_the_same_are_refused() -> None:
    with pytest.raises(InputError, match="several parts that mark bones"):
        combined(EDEMA_MODEL, [BONES_MODEL, BONES_MODEL])


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    bones = replace(BONES_MODEL, provenance={"metrics": {"val/bones_dice": 0.25}})
    made = combined(EDEMA_MODEL, [bones])
    save_bundle(made, tmp_path / "model")
    loaded = load_bundle(tmp_path / "model")
    assert (loaded.sha256, loaded.parts[0].sha256) == (made.sha256, BONES_MODEL.sha256)
    card = (tmp_path / "model" / "README.md").read_text()
    assert "- `bones`:" in card
    assert "| val/bones_dice | 0.250 |" in card


def test_another_part_than_it_was_saved_with_is_refused(tmp_path: Path) -> None:
    save_bundle(combined(EDEMA_MODEL, [BONES_MODEL]), tmp_path / "model")
    save_bundle(make_bundle("bones", heads=(BONES_HEAD,), seed=2), part_folder(tmp_path / "model", 0))
    with pytest.raises(InputError, match=r"parts/0: is not the part that the model was saved with"):
        load_bundle(tmp_path / "model")
