"""Planes of pixels -> stacks of parallel slices: by what was measured, by direction, by station, by time. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Final, TypeVar

import numpy as np

from crmo_seg.io.dicom.read.frame_stack import PARALLEL_SLICES, FrameStack, height_of, plane_of, sorted_stack
from crmo_seg.io.dicom.read.frames import Frame
from crmo_seg.io.dicom.read.header import number_of, text_of
from crmo_seg.io.dicom.read.stack import DRIFT_PIXELS, ORIENTATION_TOLERANCE, SAME_POSITION_MM

Item = TypeVar("Item")

_LOCALIZER_SLICES: Final = 15  # a localizer has fewer slices than this in each plane
_SLICES_OF_A_STATION: Final = 3
_DIFFERENT_PLANE: Final = 0.7  # cosine between normals, 45 degrees


def stacks_of(frames: Iterable[Frame]) -> list[FrameStack]:
    """All stacks of a study, whatever the order of the frames; each frame is in one of them, except for copies."""
    groups = _by_key(sorted(frames, key=_identity), _measurement)
    return [stack for group in groups for stack in _stacks_of_measurement(group)]


def _identity(frame: Frame) -> tuple[str, int, int]:
    source = frame.source
    return source.sop_instance_uid, source.frame or 0, source.tile or 0


def _measurement(frame: Frame) -> Hashable:
    """Frames of one stack agree in this."""
    if frame.problem is not None or frame.plane is None:
        return frame.series, frame.problem
    header = frame.header
    echo = number_of(header, "EchoTime"), number_of(header, "EchoNumbers")
    kind = text_of(header, "ImageType").upper(), text_of(header, "ComplexImageComponent").upper()
    b_value = number_of(header, "DiffusionBValue")
    return frame.series, None, frame.plane.matrix, tuple(_rounded(value) for value in (*echo, b_value)), kind


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _stacks_of_measurement(group: Sequence[Frame]) -> list[FrameStack]:
    if group[0].problem is not None:
        return [FrameStack((tuple(group),), problem=group[0].problem)]
    frames, note = _without_copies(group)
    parallel = _clusters(frames, _same_direction)
    lone = [frame for cluster in parallel if len(cluster) == 1 for frame in cluster]
    if len(lone) > 1:
        text = f"holds {len(lone)} single slices in different directions: a localizer or rotating projections"
        loose = [FrameStack((tuple(lone),), problem=(text, PARALLEL_SLICES))]
        parallel = [cluster for cluster in parallel if len(cluster) > 1]
    else:
        loose = []
    stacks = [stack for cluster in parallel for stack in _stations(cluster)]
    return [replace(stack, notes=(*stack.notes, *note)) for stack in [*_localizers_marked(stacks), *loose]]


def _without_copies(group: Sequence[Frame]) -> tuple[list[Frame], tuple[str, ...]]:
    """The frames without those that are in several files under one SOPInstanceUID."""
    unique = {(frame.source.sop_instance_uid, frame.source.frame, frame.source.tile): frame for frame in group[::-1]}
    copies = len(group) - len(unique)
    note = (f"{copies} of {len(group)} slices are in several files; one of each is used",) if copies else ()
    return list(unique.values())[::-1], note


def _stations(parallel: Sequence[Frame]) -> list[FrameStack]:
    """Split parallel slices where the table moved between them, or something else was measured again."""
    clusters = _clusters(parallel, _same_corner)
    if any(len(cluster) < 2 for cluster in clusters):  # askew, as with gantry tilt: no stations
        clusters = [list(parallel)]
    parts = [part for cluster in clusters for part in _parts(cluster)]
    parts.sort(key=lambda part: -float(np.mean([plane_of(frame).position[2] for frame in part])))  # head first
    stacks = [sorted_stack(part) for part in parts]
    if len(stacks) == 1:
        return stacks
    return [replace(stack, station=number) for number, stack in enumerate(stacks, start=1)]


def _parts(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Slices above each other, apart where InversionTime or AcquisitionNumber tell that they are no one stack."""
    if sorted_stack(frames).problem is None and not _is_repeated(frames):
        return [list(frames)]
    for keyword in ("InversionTime", "AcquisitionNumber"):
        parts = _by_key(frames, partial(_header_number, keyword))
        if len(parts) > 1 and _are_stacks_of_their_own(parts, is_time=keyword == "AcquisitionNumber"):
            return parts
    return [list(frames)]


def _are_stacks_of_their_own(parts: Sequence[Sequence[Frame]], *, is_time: bool) -> bool:
    stacks = [sorted_stack(part) for part in parts]
    if any(stack.problem or len(stack.repeats[0]) < _SLICES_OF_A_STATION for stack in stacks):
        return False
    spacings = [_spacing(stack) for stack in stacks]
    if max(spacings) - min(spacings) > SAME_POSITION_MM:
        return False
    starts = [height_of(stack.first) for stack in stacks]
    # The same slices again are a repeat in time, not another station.
    return not is_time or max(starts) - min(starts) > SAME_POSITION_MM


def _is_repeated(frames: Sequence[Frame]) -> bool:
    heights = sorted(height_of(frame) for frame in frames)
    return any(after - before < SAME_POSITION_MM for before, after in pairwise(heights))


def _localizers_marked(stacks: Sequence[FrameStack]) -> list[FrameStack]:
    """A few slices in each of several planes are a localizer, whether the header says so or not."""
    normals = [plane_of(stack.first).normal for stack in stacks]
    planes = any(abs(float(one @ other)) < _DIFFERENT_PLANE for one in normals for other in normals)
    if not planes or any(len(stack.repeats[0]) > _LOCALIZER_SLICES for stack in stacks):
        return list(stacks)
    problem = ("has a few slices in each of several planes: a localizer", PARALLEL_SLICES)
    return [replace(stack, problem=stack.problem or problem) for stack in stacks]


def _same_direction(one: Frame, other: Frame) -> bool:
    a, b = plane_of(one), plane_of(other)
    numbers = zip((*a.orientation, *a.pixel_spacing_mm), (*b.orientation, *b.pixel_spacing_mm), strict=True)
    return all(abs(x - y) <= ORIENTATION_TOLERANCE for x, y in numbers)


def _same_corner(one: Frame, other: Frame) -> bool:
    a, b = plane_of(one), plane_of(other)
    shift = np.subtract(b.position, a.position)
    in_plane = shift - float(shift @ a.normal) * a.normal
    return float(np.linalg.norm(in_plane)) <= DRIFT_PIXELS * min(a.pixel_spacing_mm)


def _clusters(items: Iterable[Item], alike: Callable[[Item, Item], bool]) -> list[list[Item]]:
    """Greedy: an item joins the first cluster whose first item is like it."""
    clusters: list[list[Item]] = []
    for item in items:
        home = next((cluster for cluster in clusters if alike(cluster[0], item)), None)
        clusters.append([item]) if home is None else home.append(item)
    return clusters


def _by_key(items: Iterable[Item], key: Callable[[Item], Hashable]) -> list[list[Item]]:
    groups: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.values())


def _spacing(stack: FrameStack) -> float:
    heights = [height_of(frame) for frame in stack.repeats[0]]
    return (heights[-1] - heights[0]) / (len(heights) - 1)


def _header_number(keyword: str, frame: Frame) -> float | None:
    return number_of(frame.header, keyword)
