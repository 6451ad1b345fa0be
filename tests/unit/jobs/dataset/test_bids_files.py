"""Names of BIDS files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.bids_files import BidsFile, difference, head_of, parse_file, parse_selector, sequence_of

LABELS = st.text("abcXYZ019", min_size=1, max_size=5)
ENTITIES = st.dictionaries(st.sampled_from(["ses", "acq", "run", "label", "desc"]), LABELS)


def parsed(name: str) -> BidsFile:
    file = parse_file(Path("anat") / f"{name}.nii.gz")
    assert file is not None
    return file


@given(subject=LABELS, entities=ENTITIES, suffix=st.sampled_from(["T1w", "mask", "STIR"]))
def test_a_name_is_taken_apart_as_it_was_made(subject: str, entities: dict[str, str], suffix: str) -> None:
    told = {"sub": subject} | entities
    file = parsed("_".join([*(f"{key}-{label}" for key, label in told.items()), suffix]))
    assert (dict(file.entities), file.suffix, file.patient_id) == (told, suffix, f"sub-{subject}")


@pytest.mark.parametrize(
    "name", ["sub-01_T1w.json", "knee.nii.gz", "sub-01.nii.gz", "sub-01_left_T1w.nii", "_T1w.nii", "ses-1_T1w.nii"]
)
def test_other_files_are_no_images_of_bids(name: str) -> None:
    assert parse_file(Path(name)) is None


@pytest.mark.parametrize(
    ("name", "sequence"),
    [
        ("sub-1_T1w", "t1"),
        ("sub-1_T2w", "t2"),
        ("sub-1_acq-stir_T2w", "stir"),
        ("sub-1_acq-wbTIRMcor_run-2_T2w", "stir"),
        ("sub-1_STIR", "stir"),
        ("sub-1_TIRM", "stir"),
        ("sub-1_PDw", "pd"),
        ("sub-1_FLAIR", "flair"),
        ("sub-1_T2starw", "t2starw"),
    ],
)
def test_a_name_tells_the_sequence(name: str, sequence: str) -> None:
    assert sequence_of(parsed(name)) == sequence


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("sub-1_label-edema_mask", "edema"),
        ("sub-1_acq-stir_label-L_desc-reader1_mask", "lesion"),
        ("sub-1_seg-longBones_dseg", "longbones"),
        ("sub-1_desc-brain_mask", "brain"),
        ("sub-1_dseg", "cno"),
    ],
)
def test_a_name_tells_what_a_label_shows(name: str, head: str) -> None:
    assert head_of(parsed(name), "cno") == head


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("stir=T2w", True),
        ("stir=acq-stir", True),
        ("stir=acq-stir_run-2_T2w", True),
        ("stir=run-02", True),
        ("stir=run-1", False),
        ("stir=T1w", False),
        ("stir=acq-STIR", False),
        ("stir=rec-a_T2w", False),
    ],
)
def test_a_choice_is_by_all_that_it_names(text: str, takes: bool) -> None:
    assert parse_selector(text, "--sequence").takes(parsed("sub-1_acq-stir_run-2_T2w")) is takes


@pytest.mark.parametrize("text", ["stir", "=T2w", "stir=", "stir=a_b"])
def test_a_choice_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"--sequence: is '.*'; write NAME=ENTITIES, for example stir=acq-stir_T2w"):
        parse_selector(text, "--sequence")


@given(one=ENTITIES, other=ENTITIES)
def test_what_is_proposed_chooses_the_one_and_not_the_other(one: dict[str, str], other: dict[str, str]) -> None:
    files = [BidsFile(Path("x"), {"sub": "1"} | entities, "T2w") for entities in (one, other)]
    told = difference(*files)
    if told:
        selector = parse_selector(f"t2={told}", "--sequence")
        assert selector.takes(files[0])
        assert not selector.takes(files[1]) or any(
            one[key].isdecimal() and other[key].isdecimal() for key in one.keys() & other.keys()
        )
