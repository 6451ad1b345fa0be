"""NRRD as 3D Slicer writes it, and what is refused of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from builders import make_geometry
from slicer_files import write_segmentation

from crmo_seg.errors import InputError
from crmo_seg.io.nrrd import read_nrrd_labels
from crmo_seg.volume import Volume

HAND_MADE = b"""NRRD0005
type: short
dimension: 3
space: RAS
sizes: 2 1 3
space directions: (2,0,0) (0,3,0) (0,0,4)
endian: big
encoding: raw
space origin: (10,-5,7)

"""


def drawn(seed: int = 0, angle_degrees: float = 20.0) -> Volume:
    values = np.random.default_rng(seed).integers(0, 3, (5, 4, 6)).astype(np.uint8)
    return Volume(values, make_geometry((5, 4, 6), (1.5, 2.0, 6.0), angle_degrees))


def test_values_and_place_of_a_file_made_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    path.write_bytes(HAND_MADE + np.arange(6, dtype=">i2").tobytes())
    (volume,) = read_nrrd_labels(path)
    assert volume.array[:, 0, :].tolist() == [[0, 2, 4], [1, 3, 5]]  # the first axis is the fastest
    assert volume.geometry.to_world_mm(np.array([1, 0, 2])).tolist() == [12.0, -5.0, 15.0]


@pytest.mark.parametrize("encoding", ["gzip", "raw"])
def test_a_segmentation_lies_where_it_was_drawn(tmp_path: Path, encoding: str) -> None:
    volume = drawn()
    (read,) = read_nrrd_labels(write_segmentation(tmp_path / "s.seg.nrrd", [volume], crop=False, encoding=encoding))
    assert np.array_equal(read.array, volume.array)
    assert np.allclose(read.geometry.affine, volume.geometry.affine, atol=1e-12)


def test_layers_come_one_by_one(tmp_path: Path) -> None:
    layers = [drawn(1), drawn(2)]
    read = read_nrrd_labels(write_segmentation(tmp_path / "s.seg.nrrd", layers, crop=False))
    assert [np.array_equal(a.array, b.array) for a, b in zip(read, layers, strict=True)] == [True, True]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((b"NRRD0005", b"JUNK0005"), "is no NRRD file"),
        ((b"type: short", b"type: block"), "holds voxels of type 'block'"),
        ((b"type: short", b"typo: short"), "has no field 'type'"),
        ((b"sizes: 2 1 3", b"sizes: 2 1"), "has axes of 2 x 1, 2 of them in space; give one 3D mask"),
        ((b"sizes: 2 1 3", b"sizes: 2 1 4"), r"is damaged \(it holds 12 bytes of voxels, not 16\)"),
        ((b"sizes: 2 1 3", b"sizes: 2 x 3"), r"is damaged \(sizes are '2 x 3'\)"),
        ((b"space: RAS", b"space: scanner-xyz"), "lies in the space 'scanner-xyz'"),
        ((b"space origin: (10,-5,7)", b"space origin: (10,-5)"), r"'\(10,-5\)' is no point of three numbers"),
        ((b"(0,3,0)", b"(2,0,0)"), "has a header that cannot be right: the affine squeezes the volume flat"),
        ((b"encoding: raw", b"encoding: bzip2"), "is encoded as 'bzip2'; save it compressed"),
        ((b"encoding: raw", b"encoding: gzip"), r"is damaged \(Error"),
        ((b"endian: big", b"data file: a.raw"), "keeps its voxels in another file"),
        ((b"endian: big", b"endian: little"), r"4 of 6 voxels are no label|5 of 6 voxels are no label"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, change: tuple[bytes, bytes], message: str) -> None:
    path = tmp_path / "a.nrrd"
    path.write_bytes(HAND_MADE.replace(*change) + np.arange(6, dtype=">i2").tobytes())
    with pytest.raises(InputError, match=message):
        read_nrrd_labels(path)


def test_a_missing_and_a_cut_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.nrrd: cannot be read"):
        read_nrrd_labels(tmp_path / "none.nrrd")
    path = tmp_path / "cut.nrrd"
    path.write_bytes(HAND_MADE[:60])
    with pytest.raises(InputError, match=r"its header has no end"):
        read_nrrd_labels(path)
