"""Parallel planes in the order of their positions, and of time where a position was measured repeatedly. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from crmo_seg.io.dicom.read.frames import Frame, Problem
from crmo_seg.io.dicom.read.header import number_of, text_of
from crmo_seg.io.dicom.read.stack import SAME_POSITION_MM, Slice, stack_problem
from crmo_seg.volume import Float64Array

PARALLEL_SLICES: Final = "the scanner's own parallel slices are needed"
"""What to do about images that are none."""


@dataclass(frozen=True)
class FrameStack:
    """Parallel planes, sorted.

    Attributes:
        repeats: frames by (repeat, position along the normal).
        station: from 1, where the series has several stations here; 0 where it has one.
        problem: why this is no volume, and what to do.
        notes: what was left out.
    """

    repeats: tuple[tuple[Frame, ...], ...]
    station: int = 0
    problem: Problem | None = None
    notes: tuple[str, ...] = ()

    @property
    def first(self) -> Frame:
        """The first frame of the first repeat."""
        return self.repeats[0][0]


def sorted_stack(frames: Sequence[Frame]) -> FrameStack:
    """Sort by position, then time; the n-th of each position make the n-th repeat."""
    normal = plane_of(frames[0]).normal
    ordered = sorted(frames, key=lambda frame: float(normal @ plane_of(frame).position))
    positions: list[list[Frame]] = []
    for frame in ordered:
        is_new = not positions or _distance(positions[-1][0], frame, normal) >= SAME_POSITION_MM
        positions.append([frame]) if is_new else positions[-1].append(frame)
    counts = [len(position) for position in positions]
    chosen = [_chosen(position, min(counts)) for position in positions]
    repeats = tuple(zip(*chosen, strict=True))
    problem = _problem([plane_of(frame) for frame in repeats[0]], len(repeats))
    return FrameStack(repeats, problem=problem, notes=_surplus_note(counts))


def _problem(planes: Sequence[Slice], repeats: int) -> Problem | None:
    if len(planes) == 1 and repeats > 1:
        return f"is no volume: all {repeats} images lie at one position", PARALLEL_SLICES
    return stack_problem(planes)


def _chosen(position: Sequence[Frame], count: int) -> list[Frame]:
    """The newest of several slices at one position; of a series in time the first ones, for the last may be cut off."""
    ordered = sorted(position, key=_time)
    return ordered[-1:] if count == 1 else ordered[:count]


def _surplus_note(counts: Sequence[int]) -> tuple[str, ...]:
    surplus = sum(counts) - min(counts) * len(counts)
    if not surplus:
        return ()
    if min(counts) == 1:
        return (f"{surplus} slices lie where a newer one lies too; the newer one is used",)
    return (f"{surplus} slices of an incomplete repeat are left out",)


def _time(frame: Frame) -> tuple[float, float, str, str, float, int]:
    header = frame.header
    return (
        number_of(header, "TemporalPositionIdentifier") or 0.0,
        number_of(header, "AcquisitionNumber") or 0.0,
        text_of(header, "AcquisitionDateTime"),
        text_of(header, "AcquisitionTime"),
        number_of(header, "InstanceNumber") or 0.0,
        frame.source.frame or 0,
    )


def height_of(frame: Frame) -> float:
    """Position along the normal, millimetres."""
    plane = plane_of(frame)
    return float(plane.normal @ plane.position)


def _distance(one: Frame, other: Frame, normal: Float64Array) -> float:
    return abs(float(normal @ np.subtract(plane_of(other).position, plane_of(one).position)))


def plane_of(frame: Frame) -> Slice:
    """The plane of a frame that has one."""
    assert frame.plane is not None, "frames without a plane have a problem, and are not sorted"
    return frame.plane
