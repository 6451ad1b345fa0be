from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from dicom_file_builders import enhanced, groups, mosaic, save
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import JPEGLosslessSV1, RLELossless

from crmo_seg.errors import InputError
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.read.pixels import read_stack

WriteSeries = Callable[..., list[Path]]

SIGNAL = np.stack([(np.arange(20) + 100 * index).reshape(4, 5).T for index in range(3)], axis=-1)
AXIAL: dict[str, Any] = {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0], "PixelSpacing": [2, 2]}


def test_voxels_are_column_row_slice(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path)
    (stack,) = find_stacks(tmp_path)
    volume = read_stack(stack).volume
    np.testing.assert_array_equal(volume.array, SIGNAL)
    assert volume.array.dtype == np.float32
    assert volume.geometry is stack.geometry


def test_a_list_a_zip_and_files_without_preamble_are_the_same(tmp_path: Path, write_series: WriteSeries) -> None:
    paths = write_series(tmp_path / "a")
    write_series(tmp_path / "bare", preamble=False)
    with zipfile.ZipFile(tmp_path / "study.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, f"DICOM/../{path.name}")
    for source in (paths[::-1], tmp_path / "study.zip", tmp_path / "bare"):
        (stack,) = find_stacks(source)
        np.testing.assert_array_equal(read_stack(stack).volume.array, SIGNAL)


def test_slope_and_intercept_are_applied_slice_by_slice(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, lambda index: {"RescaleSlope": index + 0.5, "RescaleIntercept": -7})
    (stack,) = find_stacks(tmp_path)
    np.testing.assert_allclose(read_stack(stack).volume.array, SIGNAL * (np.arange(3) + 0.5) - 7)


def test_repeats_are_volumes_on_one_grid(tmp_path: Path, write_series: WriteSeries) -> None:
    for time in range(2):
        changes = {"AcquisitionTime": f"10000{time}", "RescaleSlope": time + 1, "RescaleIntercept": 0}
        write_series(
            tmp_path / str(time), lambda n, c=changes: {**c, "SOPInstanceUID": f"1.{n + 1}.{c['AcquisitionTime']}"}
        )
    (stack,) = find_stacks(tmp_path)
    read = read_stack(stack)
    assert len(read.volumes) == 2
    np.testing.assert_array_equal(read.volumes[0].array, SIGNAL)
    np.testing.assert_array_equal(read.volumes[1].array, 2 * SIGNAL)


def test_frames_of_a_multi_frame_file_are_laid_where_they_lie(tmp_path: Path) -> None:
    pixels = np.arange(4 * 2 * 3, dtype=np.uint16).reshape(4, 2, 3)
    # Echo 1 at 4 mm, echo 2 at 0, echo 1 at 0, echo 2 at 4 mm.
    frames = [
        groups(MREchoSequence={"EffectiveEchoTime": echo}, PlanePositionSequence={"ImagePositionPatient": [0, 0, z]})
        for echo, z in ((7.0, 4), (9.0, 0), (7.0, 0), (9.0, 4))
    ]
    shared = groups(
        PlaneOrientationSequence={"ImageOrientationPatient": AXIAL["ImageOrientationPatient"]},
        PixelMeasuresSequence={"PixelSpacing": AXIAL["PixelSpacing"]},
    )
    save(enhanced(pixels, frames, shared), tmp_path / "a")
    first, second = find_stacks(tmp_path)
    assert (first.name, second.name) == ("echo-1", "echo-2")
    np.testing.assert_array_equal(read_stack(first).volume.array, pixels[[2, 0]].transpose(2, 1, 0))
    np.testing.assert_array_equal(read_stack(second).volume.array, pixels[[1, 3]].transpose(2, 1, 0))


@pytest.mark.parametrize("direction", [1, -1])
def test_tiles_of_a_mosaic_are_slices(tmp_path: Path, direction: int) -> None:
    tiles = np.arange(5 * 2 * 4, dtype=np.uint16).reshape(5, 2, 4)
    place: dict[str, Any] = {**AXIAL, "ImagePositionPatient": [0, 0, 0], "SpacingBetweenSlices": 3}
    save(mosaic(tiles, (0, 0, direction), **place), tmp_path / "a")
    (stack,) = find_stacks(tmp_path)
    read = read_stack(stack).volume
    np.testing.assert_array_equal(read.array, tiles[::direction].transpose(2, 1, 0))
    # Tile 0 lies at height 0, whichever way the others follow; its corner 4 pixels right, 2 down of the image's.
    lps = read.geometry.to_world_mm(np.array([0, 0, 0 if direction == 1 else 4])) * [-1, -1, 1]
    np.testing.assert_allclose(lps, [2 * 4, 2 * 2, 0], atol=1e-9)


def test_compressed_frames_are_decoded(tmp_path: Path, write_series: WriteSeries) -> None:
    for path in write_series(tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.compress(RLELossless, generate_instance_uid=False)
        dataset.save_as(path)
    (stack,) = find_stacks(tmp_path)
    np.testing.assert_array_equal(read_stack(stack).volume.array, SIGNAL)


def test_a_compression_without_decoder_is_named(
    tmp_path: Path, write_series: WriteSeries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in write_series(tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
        dataset.PixelData = pydicom.encaps.encapsulate([b"\0\0"])
        dataset.save_as(path)
    decoder = get_decoder(JPEGLosslessSV1)
    monkeypatch.setattr(type(decoder), "is_available", property(lambda _: False))
    (stack,) = find_stacks(tmp_path)
    with pytest.raises(InputError, match="is compressed as JPEG Lossless.*; export it uncompressed, or install"):
        read_stack(stack)


def test_a_stack_with_a_problem_is_not_read(tmp_path: Path, write_series: WriteSeries) -> None:
    write_series(tmp_path, slices=1)
    (stack,) = find_stacks(tmp_path)
    with pytest.raises(InputError, match="has a single slice; give a whole series"):
        read_stack(stack)


def test_files_that_changed_since_they_were_found_are_refused(tmp_path: Path, write_series: WriteSeries) -> None:
    first, second, _ = write_series(tmp_path)
    (stack,) = find_stacks(tmp_path)
    shutil.copy(first, second)
    with pytest.raises(InputError, match="is not the image that its header promised"):
        read_stack(stack)


@pytest.fixture(scope="module")
def sound_files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """One multi-frame file and one mosaic."""
    folder = tmp_path_factory.mktemp("sound")
    tiles = np.arange(5 * 2 * 4, dtype=np.uint16).reshape(5, 2, 4)
    place: dict[str, Any] = {**AXIAL, "ImagePositionPatient": [0, 0, 0]}
    frame_places = [
        groups(
            PlanePositionSequence={"ImagePositionPatient": [0, 0, 4 * n]},
            PlaneOrientationSequence={"ImageOrientationPatient": AXIAL["ImageOrientationPatient"]},
            PixelMeasuresSequence={"PixelSpacing": AXIAL["PixelSpacing"]},
        )
        for n in range(5)
    ]
    files = [
        save(enhanced(tiles, frame_places), folder / "enhanced"),
        save(mosaic(tiles, (0, 0, 1), SpacingBetweenSlices=3, **place), folder / "mosaic"),
    ]
    return [path.read_bytes() for path in files]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_damaged_files_are_read_or_refused_but_never_crash(
    tmp_path: Path, sound_files: list[bytes], data: st.DataObject
) -> None:
    content = bytearray(data.draw(st.sampled_from(sound_files)))
    for place in data.draw(st.lists(st.integers(132, len(content) - 1), max_size=12)):
        content[place] = data.draw(st.integers(0, 255))
    kept = data.draw(st.integers(133, len(content)))
    (tmp_path / "a").write_bytes(content[:kept] if data.draw(st.booleans()) else content)
    with suppress(InputError):
        for stack in find_stacks(tmp_path):
            assert (stack.problem is None) == (stack.geometry is not None)
            if stack.problem is None:
                read_stack(stack)
