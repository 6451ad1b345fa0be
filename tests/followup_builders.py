"""A stick child at two visits: pelvis, sacrum and two femora, drawn in any pose and size; lesions are balls in them."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from builders import PROVENANCE, rotation_about

from crmo_seg.anatomy import Site, bone_named, bone_of_label
from crmo_seg.jobs.output import Origin, write_prediction
from crmo_seg.lesions import Lesion, LesionMap, find_lesions
from crmo_seg.longitudinal.carry import Carried
from crmo_seg.longitudinal.comparison import VisitMasks
from crmo_seg.prediction import Prediction
from crmo_seg.volume import Array, Geometry, Volume

Point = tuple[float, float, float]

HIP_MM = (-70.0, 0.0, -40.0)
FEMUR_MM = 200.0
"""Length of the left femur, straight down from ``HIP_MM``; the right one is its mirror image."""


@dataclass(frozen=True)
class StickChild:
    """One visit.

    Attributes:
        growth: factor of length.
        leg_degrees: by which the left leg is spread.
        shift_mm: of the whole child in the scanner.
        lesions: by bone: centre in mm at growth 1, unspread, and radius in mm.
        spacing_mm: of the scanner.
        lowest_mm: end of the picture.
        without: bones that the model did not mark.
    """

    growth: float = 1.0
    leg_degrees: float = 0.0
    shift_mm: Point = (0.0, 0.0, 0.0)
    lesions: tuple[tuple[str, Point, float], ...] = ()
    spacing_mm: Point = (4.0, 6.0, 4.0)
    lowest_mm: float = -320.0
    without: frozenset[str] = field(default_factory=frozenset)

    @property
    def geometry(self) -> Geometry:
        low, high = np.array([-180.0, -60.0, self.lowest_mm]), np.array([180.0, 60.0, 90.0])
        shape = tuple(int(n) for n in np.ceil((high - low) / self.spacing_mm))
        affine = np.diag([*self.spacing_mm, 1.0])
        affine[:3, 3] = low
        return Geometry(affine, (shape[0], shape[1], shape[2]))

    def to_world(self, points_mm: Array, bone: str) -> Array:
        """From the child at growth 1 with legs together to the scanner."""
        matrix, offset = self._way(bone)
        return np.asarray(points_mm) @ matrix.T + offset

    def masks(self) -> VisitMasks:
        """Lesions of 0.1 ml and more, and bones."""
        geometry = self.geometry
        indices = np.moveaxis(np.indices(geometry.shape), 0, -1)
        world = geometry.to_world_mm(indices)
        bones, edema = np.zeros(geometry.shape, dtype=np.uint8), np.zeros(geometry.shape, dtype=np.bool_)
        for name in BONES:
            inside = _SHAPES[name.removesuffix("_left").removesuffix("_right")](self._back(world, name, mirror=True))
            bones[inside & (name not in self.without)] = bone_named(name).label
        for name, centre, radius in self.lesions:
            edema |= np.linalg.norm(self._back(world, name) - np.array(centre), axis=-1) <= radius
        found = find_lesions(Volume(edema, geometry))
        lesions = tuple(replace(one, site=_site(found.labels, one, bones), signal_ratio=4.0) for one in found.lesions)
        return VisitMasks(LesionMap(found.labels, lesions), Volume(bones, geometry))

    def _way(self, bone: str) -> tuple[Array, Array]:
        turn = rotation_about((0.0, 1.0, 0.0), self.leg_degrees if bone == "femur_left" else 0.0)
        hip = np.array(HIP_MM)
        return self.growth * turn, self.growth * (hip - turn @ hip) + np.array(self.shift_mm)

    def _back(self, world: Array, bone: str, *, mirror: bool = False) -> Array:
        matrix, offset = self._way(bone)
        points = (world - offset) @ np.linalg.inv(matrix).T
        return points * (-1, 1, 1) if mirror and bone.endswith("_right") else points


def _ball(points: Array, centre: Point, radii: Point) -> Array:
    return (((points - np.array(centre)) / np.array(radii)) ** 2).sum(axis=-1) <= 1


def _femur(points: Array) -> Array:
    """A head that points inward, a shaft, a broad knee."""
    x, y, z = HIP_MM
    shaft = _ball(points * (1, 1, 0), (x, y, 0), (14, 14, 1))
    along = (points[..., 2] <= z) & (points[..., 2] >= z - FEMUR_MM)
    return (
        (shaft & along)
        | _ball(points, (x + 14, y, z), (18, 18, 18))
        | _ball(points, (x, y, z - FEMUR_MM), (28, 22, 20))
    )


_SHAPES = {
    "ilium": lambda points: _ball(points, (-50, 0, 20), (32, 18, 40)),
    "sacrum": lambda points: _ball(points, (0, -20, 25), (16, 14, 36)),
    "femur": _femur,
}
BONES = ("ilium_left", "ilium_right", "sacrum", "femur_left", "femur_right")


def _site(labels: Volume, lesion: Lesion, bones: Array) -> Site:
    counts = np.bincount(bones[labels.array == lesion.lesion_id], minlength=1)
    counts[0] = 0
    if not counts.any():
        return Site()
    bone = bone_of_label(int(counts.argmax()))
    return Site(bone=bone.name, side=bone.side)


def write_visit(out: Path, case_id: str, child: StickChild, facts: Mapping[str, str | None]) -> Path:
    """A prediction folder as ``predict`` writes it; ``facts``: patient_key, visit, model_sha256."""
    masks = child.masks()
    assert masks.bones is not None
    edema = masks.lesion_map.labels.with_array(masks.lesion_map.labels.array > 0)
    provenance = replace(
        PROVENANCE, model_sha256=facts.get("model_sha256") or "m" * 64, input_sha256=case_id.ljust(64, "0")
    )
    prediction = Prediction(case_id, {"edema": edema, "bones": masks.bones}, None, masks.lesion_map, provenance)
    image = edema.with_array(np.where(edema.array, 300.0, 50.0 + masks.bones.array).astype(np.float32))
    origin = Origin(out / "scan.nii.gz", facts.get("patient_key"), facts.get("visit"), keep_image=True)
    return write_prediction(out, prediction, {"stir": image}, origin)


def changed(folder: Path, target: Path, **values: object) -> Path:
    """A copy of a prediction folder with other entries of its summary."""
    shutil.copytree(folder, target)
    summary = json.loads((target / "summary.json").read_text())
    (target / "summary.json").write_text(json.dumps(summary | values))
    return target


def table_rows(path: Path) -> list[Mapping[str, str]]:
    """Rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def carried_ball(
    centre: Point, radius: float, *, lesion_id: int = 1, there: Point | None = None, in_view: float = 1.0,
    reliable: bool = True,
) -> Carried:  # fmt: skip
    """A lesion of 2 mm voxels, and its place at the other visit."""
    axis = np.arange(-radius, radius + 1, 2.0)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    points = grid[np.linalg.norm(grid, axis=1) <= radius]
    shift = np.array(there if there is not None else centre)
    return Carried(
        lesion=Lesion(lesion_id, len(points) * 0.008, 2 * radius, centre, signal_ratio=4.0),
        own_mm=points + np.array(centre),
        there_mm=points + shift,
        bone=None,
        in_view=in_view,
        error_mm=3.0,
        reliable=reliable,
        surface_voxels=int((np.linalg.norm(points, axis=1) > radius - 2).sum()),
        voxel_ml=0.008,
    )
