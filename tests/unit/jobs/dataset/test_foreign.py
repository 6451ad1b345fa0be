"""What dataset.json may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmo_seg.errors import InputError
from crmo_seg.jobs.dataset.foreign import ForeignCase, class_names, read_dataset_json, refuse_missing, sequence_names

PATH = Path("dataset.json")


def test_classes_are_in_the_order_of_their_values() -> None:
    assert class_names(PATH, {"Posterior": 2, "background": 0, "Anterior part": 1}) == ("anterior_part", "posterior")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"background": 0, "a": 1, "b": 3}, "has the label values 1, 3; number them from 1 without a gap"),
        ({"background": 0}, "has the label values none"),
        ({"a": 1}, "has the label 0 for None; 0 must be background"),
        ({"air": 0, "a": 1}, "has the label 0 for air"),
        ({"background": 0, "a": 1, "b": 1}, "gives one label value two names"),
        ({"background": 0, "a b": 1, "A-B": 2}, "has two labels named a_b"),
    ],
)
def test_labels_that_cannot_be_classes(values: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        class_names(PATH, values)


def test_channels_are_in_the_order_of_their_numbers() -> None:
    channels = {str(number): f"C{number}" for number in (10, 2, 0, 1, 3, 4, 5, 6, 7, 8, 9)}
    assert sequence_names(PATH, channels)[:3] == ("c0", "c1", "c2")


@pytest.mark.parametrize(
    ("channels", "message"),
    [
        ({"1": "T1"}, "numbers its channels 1; number them from 0"),
        ({"0": "T1", "1": "t1"}, "has two channels named t1"),
        (["T1"], r"has the channels \['T1'\]"),
        ({}, "has the channels {}"),
    ],
)
def test_channels_that_cannot_be_sequences(channels: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        sequence_names(PATH, channels)


def test_dataset_json_is_there_is_json_and_complete(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no dataset\.json"):
        read_dataset_json(tmp_path, ("labels",), "mend it")
    (tmp_path / "dataset.json").write_text("{labels")
    with pytest.raises(InputError, match="is no JSON") as refused:
        read_dataset_json(tmp_path, ("labels",), "mend it")
    assert "\n" not in str(refused.value)
    for text in ("[]", '{"a": 1}'):
        (tmp_path / "dataset.json").write_text(text)
        with pytest.raises(InputError, match="has no labels; mend it"):
            read_dataset_json(tmp_path, ("labels",), "mend it")
    (tmp_path / "dataset.json").write_text('\ufeff{"labels": 1}', encoding="utf-8")
    assert read_dataset_json(tmp_path, ("labels",), "mend it") == {"labels": 1}


def test_missing_files_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.nii").touch()
    case = ForeignCase("a", (tmp_path / "a.nii", tmp_path / "b.nii"), tmp_path / "c.nii")
    with pytest.raises(InputError, match=r"b\.nii: does not exist \(2 of 3 files of .* are missing\)"):
        refuse_missing(tmp_path, [case])
    with pytest.raises(InputError, match="has no case"):
        refuse_missing(tmp_path, [])
