"""Small volumes for tests: pure, no files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import permutations, product

import numpy as np

from crmo_seg.inference.windows import Float32Array, RunWindow, mean_of
from crmo_seg.plan import EDEMA_HEAD, GridPlan, Head, NetworkPlan, Plan
from crmo_seg.prediction import Provenance
from crmo_seg.volume import Array, Geometry, Volume

ALL_ORIENTATIONS = [(axes, flips) for axes in permutations((0, 1, 2)) for flips in product((False, True), repeat=3)]
"""The 48 orders and directions of three axes."""


def make_geometry(
    shape: tuple[int, int, int], spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0), angle_degrees: float = 0.0
) -> Geometry:
    """A grid about the origin; a positive angle turns it about an oblique axis."""
    rotation = rotation_about((1.0, 2.0, 0.5), angle_degrees)
    affine = np.eye(4)
    affine[:3, :3] = rotation * np.array(spacing_mm)
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Geometry(affine, shape)


def make_volume(
    array: Array, spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0), angle_degrees: float = 0.0
) -> Volume:
    x, y, z = array.shape
    return Volume(array, make_geometry((x, y, z), spacing_mm, angle_degrees))


def rotation_about(axis: tuple[float, float, float], angle_degrees: float) -> Array:
    """Rodrigues' formula."""
    x, y, z = np.array(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(angle_degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def sphere_mask(geometry: Geometry, centre_mm: tuple[float, float, float], radius_mm: float) -> Volume:
    indices = np.stack(np.meshgrid(*[np.arange(n) for n in geometry.shape], indexing="ij"), axis=-1)
    distance = np.linalg.norm(geometry.to_world_mm(indices) - np.array(centre_mm), axis=-1)
    return Volume(distance <= radius_mm, geometry)


def body_with_lesion(
    geometry: Geometry, centre_mm: tuple[float, float, float], radius_mm: float
) -> tuple[Volume, Volume]:
    """A block of tissue (signal 100, air 0) with a bright sphere (300), and the sphere's mask."""
    lesion = sphere_mask(geometry, centre_mm, radius_mm)
    array = np.full(geometry.shape, 100.0, dtype=np.float32)
    for axis in range(3):
        edge = [slice(None)] * 3
        edge[axis] = slice(0, 1)
        array[tuple(edge)] = 0.0
        edge[axis] = slice(-1, None)
        array[tuple(edge)] = 0.0
    array[lesion.array] = 300.0
    return Volume(array, geometry), lesion


def make_plan(patch: tuple[int, int, int] = (8, 8, 4), heads: tuple[Head, ...] = (EDEMA_HEAD,)) -> Plan:
    """Two stages, one sequence, 2 mm in plane."""
    network = NetworkPlan((4, 8), ((1, 1, 1), (2, 2, 1)), ((3, 3, 1), (3, 3, 3)))
    return Plan(("stir",), heads, GridPlan(2.0, (3.0, 8.0)), patch, network)


class StubBackend:
    """A backend of plain functions, one for each member of an ensemble."""

    name, device, precision = "stub", "cpu", "f32"

    def __init__(self, *members: RunWindow) -> None:
        self.members = members

    def each(self, window: Float32Array) -> Iterator[Mapping[str, Float32Array]]:
        return (run(window) for run in self.members)

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        return mean_of(self.each(window))


PROVENANCE = Provenance(
    package_version="0.1.0",
    model_name="default",
    model_sha256="a" * 64,
    input_sha256="b" * 64,
    device="cpu",
    backend="openvino",
    precision="f32",
    mode="default",
    window=(96, 128, 36),
    windows_run=3,
    windows_in_all=5,
    threshold=0.45,
    minimum_lesion_ml=0.1,
    timings_s={"read": 1.25, "predict": 9.0},
)
