"""What is refused before anything is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from crmo_seg.errors import InputError
from crmo_seg.jobs.evaluation.inputs import EvaluationInputs, check_inputs


def test_folders_have_to_exist(tmp_path: Path) -> None:
    masks, file, nowhere = tmp_path / "masks", tmp_path / "a.csv", tmp_path / "nowhere"
    masks.mkdir()
    file.touch()
    check_inputs(EvaluationInputs(file, masks, masks, {"anna": masks}), tmp_path / "out")
    for inputs, message in (
        (EvaluationInputs(file, nowhere), "nowhere: does not exist; give the folder that holds a folder of masks"),
        (EvaluationInputs(file, masks, nowhere), "nowhere: does not exist"),
        (EvaluationInputs(file, masks, None, {"anna": file}), r"a\.csv: is a file"),
    ):
        with pytest.raises(InputError, match=message):
            check_inputs(inputs, tmp_path / "out")
    with pytest.raises(InputError, match=r"a\.csv: is a file; give a folder after -o"):
        check_inputs(EvaluationInputs(file, masks), file)
