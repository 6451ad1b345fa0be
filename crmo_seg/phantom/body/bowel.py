"""Small and large bowel: bent tubes with fluid, gas or stool, drawn anew for each visit. Numbers are in statures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from crmo_seg.phantom.body.curves import smooth_curve
from crmo_seg.phantom.body.organs import Organ
from crmo_seg.phantom.body.solid_bone import chain
from crmo_seg.phantom.body.traits import Traits
from crmo_seg.phantom.solids.combined import Both
from crmo_seg.phantom.solids.shapes import Capsule, Profile, Shape, Vector, vector

LOOPS: Final = 7
"""Pieces of small bowel, each a smooth random walk."""
LOOP_POINTS: Final = 26
SMALL_RADIUS: Final = 0.0075
LARGE_RADIUS: Final = (0.0145, 0.0115, 0.0105, 0.0120, 0.0095, 0.0095, 0.0085, 0.0095)
WALL: Final = 0.0014
_SMALL_CONTENT: Final = (("bowel_fluid", 0.45), ("bowel_wall", 0.45), ("bowel_gas", 0.10))
_LARGE_CONTENT: Final = (("bowel_fluid", 0.12), ("bowel_wall", 0.48), ("bowel_gas", 0.40))
_COLON: Final = (
    ("L5", 0.052, 0.012, -0.014), ("L3", 0.058, 0.002, 0.0), ("L1", 0.054, 0.010, -0.004), ("L2", 0.018, 0.036, -0.006),
    ("L1", -0.032, 0.032, 0.002), ("T12", -0.060, -0.004, 0.002), ("L3", -0.062, -0.006, 0.0),
    ("L5", -0.054, 0.006, -0.010), ("hip", -0.026, 0.004, 0.048), ("hip", 0.006, -0.012, 0.040),
    ("hip", 0.000, -0.032, 0.016), ("hip", 0.000, -0.030, -0.012),
)  # fmt: skip
"""From the coecum to the rectum."""


def bowel_of(traits: Traits, cavity: Profile, wall: Profile, rng: np.random.Generator) -> tuple[Organ, ...]:
    """Walls first, then what the bowel holds; the small bowel within the cavity, the large one within the wall."""
    fluid = float(rng.uniform(0.4, 1.6))
    large = _large_bowel(traits, rng)
    small = [_loop(cavity, traits.u, rng) for _ in range(LOOPS)]
    organs = [*_filled(small, cavity, traits.u, _shares(_SMALL_CONTENT, fluid), rng)]
    return (*organs, *_filled([large], wall, traits.u, _shares(_LARGE_CONTENT, fluid), rng))


def _shares(content: Sequence[tuple[str, float]], fluid: float) -> dict[str, float]:
    """Frequencies of what is held; some children have much fluid."""
    weights = {name: share * (fluid if name == "bowel_fluid" else 1.0) for name, share in content}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _large_bowel(traits: Traits, rng: np.random.Generator) -> tuple[Capsule, ...]:
    """The frame of the colon, its wall in pouches."""
    jitter = traits.rng("colon").uniform(-0.006, 0.006, (len(_COLON), 3)) * traits.u
    jitter[-3:] = 0
    points = [traits.at(*place) + shift for place, shift in zip(_COLON, jitter, strict=True)]
    count = 44
    along = np.linspace(0, 1, count)
    pouches = 1 + 0.16 * np.cos(np.arange(count) * np.pi)
    swell = 1 + 0.18 * np.cos(along * 9 + rng.uniform(0, 6)) + rng.uniform(-0.10, 0.12)
    radii = np.interp(along, np.linspace(0, 1, len(LARGE_RADIUS)), LARGE_RADIUS) * traits.u * pouches * swell
    return chain(smooth_curve(points, count), radii.tolist())


def _loop(cavity: Profile, unit_mm: float, rng: np.random.Generator) -> tuple[Capsule, ...]:
    """A random walk that bends back from the walls of the cavity."""
    point = _anywhere(cavity, rng)
    points, heading = [point], rng.standard_normal(3)
    for _ in range(LOOP_POINTS):
        heading = 0.75 * heading / np.linalg.norm(heading) + 0.55 * rng.standard_normal(3)
        heading += 1.6 * _inward(cavity, point)
        point = point + heading / np.linalg.norm(heading) * 0.017 * unit_mm
        points.append(point)
    radius = SMALL_RADIUS * unit_mm * float(rng.uniform(0.85, 1.25))
    count = 2 * LOOP_POINTS
    radii = radius * (1 + 0.12 * np.cos(np.arange(count) * 1.7))
    return chain(smooth_curve(points, count), radii.tolist())


def _inward(cavity: Profile, point: Vector) -> Vector:
    """0 in the middle of the cavity, growing towards its walls; points back to the middle."""
    width, depth, y = _section(cavity, float(point[2]))
    away = vector(float(point[0]) / width, (float(point[1]) - y) / depth, _height(cavity, float(point[2])))
    strength = max(float(np.linalg.norm(away)) - 0.55, 0.0)
    back: Vector = -away * strength
    return back


def _height(cavity: Profile, z: float) -> float:
    """-1 above the pelvic floor, 1 below the liver."""
    span = cavity.z[-1] - cavity.z[0]
    low, high = cavity.z[0] + 0.12 * span, cavity.z[0] + 0.72 * span
    return 2 * (z - low) / (high - low) - 1


def _section(cavity: Profile, z: float) -> tuple[float, float, float]:
    width, depth, y = (
        float(np.interp(z, cavity.z, knots)) for knots in (cavity.half_width, cavity.half_depth, cavity.centre_y)
    )
    return width, depth, y


def _anywhere(cavity: Profile, rng: np.random.Generator) -> Vector:
    z = cavity.z[0] + float(rng.uniform(0.15, 0.65)) * (cavity.z[-1] - cavity.z[0])
    width, depth, y = _section(cavity, z)
    turn, reach = float(rng.uniform(0, 2 * np.pi)), 0.6 * float(np.sqrt(rng.random()))
    return vector(width * reach * np.cos(turn), y + depth * reach * np.sin(turn), z)


def _filled(
    tubes: Sequence[tuple[Capsule, ...]],
    space: Profile,
    unit_mm: float,
    shares: dict[str, float],
    rng: np.random.Generator,
) -> list[Organ]:
    """Each tube in runs of the same content."""
    organs: list[Organ] = []
    for rods in tubes:
        held: dict[str, list[Shape]] = {name: [] for name in shares if name != "bowel_wall"}
        contents = _runs(len(rods), shares, rng)
        for rod, content in zip(rods, contents, strict=True):
            if content in held:
                held[content].append(Both(_narrower(rod, WALL * unit_mm), space))
        organs.append(Organ("bowel_wall", tuple(Both(rod, space) for rod in rods)))
        organs += [Organ(name, tuple(shapes)) for name, shapes in held.items()]
    return organs


def _narrower(rod: Capsule, wall_mm: float) -> Capsule:
    first, last = (max(radius - wall_mm, 0.6 * radius) for radius in (rod.radius_start, rod.radius_end))
    return Capsule(rod.start, rod.end, first, last)


def _runs(count: int, shares: dict[str, float], rng: np.random.Generator) -> list[str]:
    """Contents along a tube, changing every few pieces."""
    names = list(shares)
    contents: list[str] = []
    while len(contents) < count:
        content = names[int(rng.choice(len(names), p=list(shares.values())))]
        contents += [content] * int(rng.integers(2, 8))
    return contents[:count]
