"""What a model was shown: from headers, through a bundle's provenance, and back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry, make_volume

from crmo_seg.cases import Case
from crmo_seg.data.ranges import TrainingRanges, acquired_spacing_mm, ranges_of_model, training_ranges
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import write_nifti

SEEN = TrainingRanges((1.0, 1.5), (3.0, 8.0), ("stir",), 40)


def make_case(folder: Path, name: str, spacing_mm: tuple[float, float, float]) -> Case:
    write_nifti(folder / f"{name}.nii.gz", make_volume(np.zeros((4, 3, 5), dtype=np.float32), spacing_mm))
    return Case(name, name, images={"stir": folder / f"{name}.nii.gz"})


def test_ranges_are_those_of_the_headers(tmp_path: Path) -> None:
    cases = [
        make_case(tmp_path, "coronal", (1.25, 6.0, 1.25)),
        make_case(tmp_path, "sagittal", (4.0, 0.9, 0.8)),
        make_case(tmp_path, "axial", (1.1, 1.1, 5.0)),
    ]
    ranges = training_ranges(cases, ["t1", "stir"])
    assert ranges == TrainingRanges((0.8, 1.25), (4.0, 6.0), ("t1", "stir"), 3)


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS)
def test_spacing_does_not_depend_on_the_order_of_axes(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    geometry = make_geometry((9, 8, 7), (1.25, 6.0, 1.3), angle_degrees=7.0).transposed(axes, flips)
    first, second, slices = acquired_spacing_mm(geometry)
    assert sorted((first, second)) == [1.25, 1.3]
    assert slices == 6.0


def test_a_bundle_keeps_them_as_plain_values() -> None:
    assert ranges_of_model({"training_ranges": json.loads(json.dumps(SEEN.to_dict()))}) == SEEN


@pytest.mark.parametrize("provenance", [None, {}, {"members": [{"training_ranges": SEEN.to_dict()}, {}]}])
def test_a_model_that_does_not_tell_has_none(provenance: dict[str, object] | None) -> None:
    assert ranges_of_model(provenance) is None


def test_an_ensemble_was_shown_what_its_members_were() -> None:
    other = TrainingRanges((0.8, 1.2), (4.0, 9.0), ("stir",), 41)
    members = [{"training_ranges": ranges.to_dict()} for ranges in (SEEN, other)]
    assert ranges_of_model({"members": members}) == TrainingRanges((0.8, 1.5), (3.0, 9.0), ("stir",), 41)


def test_errors_name_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="would be of no case"):
        training_ranges([], ["stir"])
    case = make_case(tmp_path, "one", (1.0, 1.0, 1.0))
    with pytest.raises(InputError, match=r"case one: has no image_t1 \(has stir\)"):
        training_ranges([case], ["t1"])
    with pytest.raises(InputError, match=r"training_ranges: cannot be read \(KeyError\('n_cases'\)\)"):
        TrainingRanges.from_dict({key: value for key, value in SEEN.to_dict().items() if key != "n_cases"})
    with pytest.raises(InputError, match="has the range 3.0 to 1.0 mm"):
        TrainingRanges((3.0, 1.0), (3.0, 8.0), ("stir",), 1)


def test_reading_them_needs_no_torch() -> None:
    code = "import sys, crmo_seg.data.ranges; print(sorted({'torch', 'monai'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
