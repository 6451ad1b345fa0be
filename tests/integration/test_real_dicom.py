"""Files of real scanners: every series equals its reference NIfTI, or says why it is no volume."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.read.pixels import read_stack
from crmo_seg.io.dicom.types import Stack
from crmo_seg.volume import Array, Volume

pytestmark = pytest.mark.real_data

AFFINE_TOLERANCE_MM = 1e-3
FLOAT32_TOLERANCE = 1e-6  # of the largest value; references made by Philips scaling were rounded on another path


def check(volume: Volume, reference: Path, *, repeat: int = 0, up_to_a_line: bool = False) -> None:
    image = nib.as_closest_canonical(nib.load(reference))
    voxels: Array = image.get_fdata()
    voxels = voxels[..., repeat] if voxels.ndim == 4 else voxels
    mine = volume.canonical()
    assert mine.array.shape == voxels.shape
    np.testing.assert_allclose(mine.geometry.affine, image.affine, atol=AFFINE_TOLERANCE_MM)
    signal = mine.array.astype(np.float64)
    if up_to_a_line:
        slope, intercept = np.polyfit(signal.ravel(), voxels.ravel(), 1)
        signal = slope * signal + intercept
    np.testing.assert_allclose(signal, voxels, rtol=0, atol=FLOAT32_TOLERANCE * np.abs(voxels).max())


def only(stacks: tuple[Stack, ...]) -> Stack:
    (stack,) = stacks
    return stack


@pytest.mark.parametrize("number", range(1, 10))
def test_a_mosaic_in_every_transfer_syntax(shared_data: Path, number: int) -> None:
    folder = shared_data / "dicom_transfer_syntaxes"
    stack = only(find_stacks(folder / "In" / f"{number}.dcm"))
    check(read_stack(stack).volume, folder / "Ref" / f"{number}.nii")


def test_series_that_share_a_uid_are_apart_by_number(shared_data: Path) -> None:
    stacks = find_stacks(shared_data / "dicom_transfer_syntaxes" / "In")
    assert [stack.name for stack in stacks] == [f"series-{number}" for number in range(1, 10)]


@pytest.mark.parametrize("series", ["1301_Dual-echo_iso", "2201_Dual-echo_FH-60_table_moved"])
def test_echoes_magnitude_and_phase_of_one_series(shared_data: Path, series: str) -> None:
    folder = shared_data / "dicom_table_moved"
    stacks = find_stacks(folder / "In" / series)
    endings = {"echo-1_magnitude": "e1", "echo-1_phase": "e1_ph", "echo-2_magnitude": "e2", "echo-2_phase": "e2_ph"}
    assert [stack.name for stack in stacks] == list(endings)
    for stack in stacks:
        reference = folder / "Ref" / f"Ph_727468159_{series}_{endings[stack.name]}.nii"
        check(read_stack(stack).volume, reference, up_to_a_line="phase" in stack.name)


def test_enhanced_files_of_two_vendors(shared_data: Path) -> None:
    folder = shared_data / "dicom_enhanced"
    siemens = only(find_stacks(folder / "In" / "Siemens"))
    repeats = read_stack(siemens).volumes
    assert len(repeats) == 4
    for number, volume in enumerate(repeats):
        check(volume, folder / "Ref" / "Siemens_REST1_w_SMS_PF7-8_6.nii", repeat=number)
    field_map, magnitude = find_stacks(folder / "In" / "Philips")
    assert (field_map.name, magnitude.name) == ("echo-1_field-map", "echo-2_magnitude")
    check(read_stack(magnitude).volume, folder / "Ref" / "Philips_WIP_B0_NS_801_e1.nii")
    reference = folder / "Ref" / "Philips_WIP_B0_NS_801_e2_fieldmaphz.nii"
    check(read_stack(field_map).volume, reference, up_to_a_line=True)


VENDORS = [
    "anatomical/001",
    "anatomical/001_implicit",
    "failing/slicecount/001",
    "generic/compressed/001",
    "generic/compressed_j2k/001",
    "generic/compressed_jpeg/001",
    "generic/compressed_jpegls/001",
    "generic/compressed_rle/001",
    "hitachi/anatomical/001",
    "hitachi/anatomical/001_implicit",
    "philips_enhanced/anatomical/001",
    "philips_enhanced/anatomical/001_implicit",
    "siemens_multiframe/anatomical/001",
]


@pytest.mark.parametrize("name", VENDORS)
def test_a_series_of_each_vendor(shared_data: Path, name: str) -> None:
    folder = shared_data / "dicom_vendors" / name
    volume = read_stack(only(find_stacks(folder))).volume
    # These references hold Philips signal by rescale alone, on a scale of each series' own.
    check(volume, folder.with_name(f"{folder.name}_ground_truth.nii.gz"), up_to_a_line="philips" in name)


PROBLEMS = {
    "gantrytilting/001": ["is stacked askew to its slices (14.0 degrees, gantry tilt)"],
    "notavolume/001": ["is no volume: all 4 images lie at one position"],
    "sliceincrement/001": ["misses a slice: 10 mm from the one at 28.11 mm to the next, where others are 5 mm apart"],
    "sliceincrement/002": ["is stacked askew to its slices (15.5 degrees, gantry tilt)"],
    "sliceorientation/001": [None, None],  # two series under one UID, which their numbers tell apart
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_is_no_volume_says_why(shared_data: Path, name: str) -> None:
    stacks = find_stacks(shared_data / "dicom_vendors" / "failing" / name)
    assert [stack.problem and stack.problem[0] for stack in stacks] == PROBLEMS[name]


def test_a_whole_folder_of_vendors_is_listed_once(shared_data: Path) -> None:
    stacks = find_stacks(shared_data / "dicom_vendors")
    assert len({(stack.series_uid, stack.name) for stack in stacks}) == len(stacks)
