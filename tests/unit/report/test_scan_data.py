"""The scan as the page carries it: right place, right side, small enough, no lesion lost."""

from __future__ import annotations

import base64
import gzip

import nibabel as nib
import numpy as np
import pytest
from builders import ALL_ORIENTATIONS, make_geometry

from crmo_seg.lesions import LesionMap, find_lesions
from crmo_seg.report.scan_data import scan_data, shown_box
from crmo_seg.volume import Array, Geometry, Volume


def decoded(text: str) -> tuple[Array, Geometry]:
    stored = nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(text)))
    return np.asarray(stored.dataobj), Geometry(stored.affine, stored.shape)


def make_scan(shape: tuple[int, int, int] = (60, 8, 90), angle: float = 0.0) -> tuple[Volume, LesionMap]:
    """A body in air, with a bright lesion and one of a single voxel."""
    geometry = make_geometry(shape, (2.0, 6.0, 2.0), angle)
    array = np.random.default_rng(0).random(shape).astype(np.float32)
    array[15:45, 1:7, 10:80] += 100 + 40 * array[15:45, 1:7, 10:80]
    mask = np.zeros(shape, dtype=bool)
    mask[20:26, 3:5, 30:36] = mask[40, 4, 70] = True
    array[mask] += 200
    return Volume(array, geometry), find_lesions(Volume(mask, geometry), minimum_ml=0.0)


def centroid(array: Array, geometry: Geometry, value: int) -> Array:
    middle: Array = geometry.to_world_mm(np.argwhere(array == value)).mean(axis=0)
    return middle


@pytest.mark.parametrize(("axes", "flips"), ALL_ORIENTATIONS[::7])
@pytest.mark.parametrize("limit", [10**9, 3000])
def test_lesions_stay_where_they_are_in_the_world(
    axes: tuple[int, int, int], flips: tuple[bool, bool, bool], limit: int
) -> None:
    image, lesion_map = make_scan(angle=12.0)
    turned = LesionMap(lesion_map.labels.transposed(axes, flips), lesion_map.lesions)
    data = scan_data(image.transposed(axes, flips), turned, None, largest_bytes=limit)
    array, geometry = decoded(data.lesions)
    for lesion in lesion_map.lesions:
        moved = np.linalg.norm(centroid(array, geometry, lesion.lesion_id) - lesion.centroid_ras_mm)
        assert moved < 0.01 if limit == 10**9 else moved < 5.0
    assert data.reduced == (limit < 10**9)


def test_the_signal_is_cropped_to_the_body_and_aligned_with_the_lesions() -> None:
    image, lesion_map = make_scan((120, 8, 180))
    data = scan_data(image, lesion_map, None)
    (signal, geometry), (lesions, other) = decoded(data.signal), decoded(data.lesions)
    assert geometry.same_grid(other)
    assert signal.shape[0] < 120
    assert signal.shape[1] == 8  # slices keep their numbers
    assert signal.shape[2] < 180
    assert signal.dtype == np.uint8
    # Brightest at the lesion, up to the levels of grey.
    assert signal[lesions == 1].min() > signal[(lesions == 0)].mean()


def test_a_smaller_limit_gives_a_smaller_page_and_keeps_the_smallest_lesion() -> None:
    image, lesion_map = make_scan((120, 8, 180))
    sizes = []
    for limit in (10**9, 8000, 3000):
        data = scan_data(image, lesion_map, None, largest_bytes=limit)
        sizes.append(len(data.signal))
        lesions, _ = decoded(data.lesions)
        assert {1, 2} <= set(np.unique(lesions).tolist())
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[1] * 3 / 4 < 1.3 * 8000  # judged by a few slices


def test_the_rim_surrounds_a_lesion_in_plane_and_leaves_it_whole() -> None:
    image, lesion_map = make_scan()
    data = scan_data(image, lesion_map, None)
    array, _ = decoded(data.lesions)
    assert data.rim_offset == 2
    assert int((array == 1).sum()) == 6 * 2 * 6
    assert int((array == 1 + data.rim_offset).sum()) == 2 * 4 * 6  # four sides of 6 in two slices
    assert int((array == 2 + data.rim_offset).sum()) == 4


def test_bones_are_on_the_same_grid_or_absent() -> None:
    image, lesion_map = make_scan()
    bones = image.with_array((image.array > 50).astype(np.uint8) * 7)
    data = scan_data(image, lesion_map, bones)
    array, geometry = decoded(data.bones)
    assert set(np.unique(array).tolist()) == {0, 7}
    assert geometry.same_grid(decoded(data.signal)[1])
    assert scan_data(image, lesion_map, None).bones == ""


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_constant_and_tiny_scans_are_carried(value: float) -> None:
    geometry = Geometry(np.eye(4), (1, 2, 3))
    image = Volume(np.full(geometry.shape, value, dtype=np.float32), geometry)
    empty = find_lesions(Volume(np.zeros(geometry.shape, dtype=bool), geometry))
    array, _ = decoded(scan_data(image, empty, None, largest_bytes=1).signal)
    assert array.size >= 1


def test_the_box_holds_lesions_outside_the_body() -> None:
    image, _ = make_scan((120, 8, 180))
    far = np.zeros(image.geometry.shape, dtype=np.int32)
    far[119, 0, 179] = 1
    box = shown_box(image, image.with_array(far))
    assert [part.stop for part in box] == [120, 8, 180]
