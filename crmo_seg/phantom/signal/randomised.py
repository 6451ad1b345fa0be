"""Domain-randomised contrast: tissue means drawn from wide ranges, as in SynthSeg, but never inverted.

SynthSeg (Billot 2023, doi:10.1016/j.media.2023.102789) draws every tissue's mean and texture at random, so that a
network cannot rely on one contrast. Here what defines the sequence stays: in a fluid-sensitive, fat-suppressed image
edema and fluid are brighter than red marrow and muscle, cortex and air are dark; in a T1-weighted image fat is bright,
and edema darker than marrow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.phantom.signal.corrections import NEAR_ZERO
from crmo_seg.phantom.signal.palette import MUSCLE, Palette, palette_from, usual_palette
from crmo_seg.phantom.signal.sequences import DixonWater, SpinEcho
from crmo_seg.phantom.signal.tissues import TISSUES

WIDEST_FACTOR: Final = 2.2
"""With strength 1 a tissue's mean lies between this many times below and above the usual one."""

FATS: Final = ("fat", "visceral_fat", "orbital_fat")
FLUIDS: Final = ("csf", "joint_fluid", "bladder", "renal_pelvis", "gall_bladder", "eye")
"""Those that are always bright in a fluid-sensitive image; stomach and bowel may hold anything."""

POOR_SUPPRESSION: Final = 0.12
"""Share of images in which fat is suppressed so badly that it can be brighter than muscle."""
DARK: Final = 0.30
"""No tissue without an echo is brighter than this share of muscle."""
BRIGHTER: Final = 1.35
"""Edema and fluid are at least this many times as bright as red marrow and muscle."""
BRIGHTEST_RED_MARROW: Final = 260.0
"""A lesion of 3 times the signal of muscle can still be seen in it."""
UNSUPPRESSED_FAT: Final = (300.0, 1000.0)
"""Range of pure fat where its suppression fails; muscle is 100."""
MOST_TEXTURE: Final = 0.30

_SMOOTH: Final = (*FLUIDS, "bowel_fluid", "slow_blood", "flowing_blood", "growth_plate", "cartilage")
_MOST_TEXTURE: Final[Mapping[str, float]] = MappingProxyType(
    dict.fromkeys(("air", "airway", "bowel_gas"), 0.0)
    | dict.fromkeys(_SMOOTH, 0.1)
    | dict.fromkeys(("red_marrow", "fatty_marrow", "stomach", "mediastinum", "lung", "bowel_wall"), MOST_TEXTURE)
)
"""Most texture of a tissue; without an entry 0.2."""


def randomised_palette(sequence_name: str, rng: np.random.Generator, strength: float = 1.0) -> Palette:
    """A palette with random means, in the order that defines the sequence.

    Args:
        sequence_name: "stir", "t1" or "t2_dixon_water".
        rng: source of randomness; always the same number of draws.
        strength: 0 gives the usual means but for fat suppression, 1 factors of up to `WIDEST_FACTOR`.

    Raises:
        InputError: where the name is unknown, or strength is not between 0 and 2.
    """
    if not 0 <= strength <= 2:
        raise InputError("contrast strength", f"is {strength}", "give a number between 0 and 2")
    usual = usual_palette(sequence_name)
    signals = {name: usual.signal(name) * factor for name, factor in _factors(rng, strength).items()}
    signals |= _dark(rng) | {"muscle": MUSCLE}
    between, poor, full_fat = float(rng.uniform(0.1, 0.6)), float(rng.uniform()), float(rng.uniform(*UNSUPPRESSED_FAT))
    if sequence_name == SpinEcho.name:
        ordered = _in_order_of_t1(signals, between)
    else:
        ordered = _in_order_of_fluid(_suppressed(signals, poor, strength), between)
    return palette_from(ordered, _leaks(sequence_name, ordered, full_fat))


def texture_amounts(rng: np.random.Generator) -> Mapping[str, float]:
    """Standard deviation of each tissue's texture over its mean, 0 to 0.3.

    >>> texture_amounts(np.random.default_rng(0))["air"]
    0.0
    """
    amounts = {name: float(rng.uniform(0.1, 1.0)) * _MOST_TEXTURE.get(name, 0.2) for name in TISSUES}
    return MappingProxyType(amounts)


def _factors(rng: np.random.Generator, strength: float) -> dict[str, float]:
    """A factor for each tissue; the kinds of fat share most of theirs."""
    widest = strength * math.log(WIDEST_FACTOR)
    drawn = {name: float(rng.uniform(-widest, widest)) for name in TISSUES}
    drawn |= {name: 0.8 * drawn["fat"] + 0.2 * drawn[name] for name in FATS}
    return {name: math.exp(value) for name, value in drawn.items()}


def _dark(rng: np.random.Generator) -> dict[str, float]:
    """What gives no echo: up to twice as bright as usual, never as bright as muscle."""
    return {name: min(2 * float(rng.uniform(*bounds)), DARK * MUSCLE) for name, bounds in NEAR_ZERO.items()}


def _suppressed(signals: dict[str, float], poor: float, strength: float) -> dict[str, float]:
    """Fat is darker than muscle, but for the images in which its suppression is poor."""
    badly = poor < POOR_SUPPRESSION * strength
    fats = {name: signals[name] * 4 if badly else min(signals[name], 0.9 * MUSCLE) for name in FATS}
    return signals | fats


def _in_order_of_fluid(signals: dict[str, float], between: float) -> dict[str, float]:
    """Edema and fluid are the brightest, fatty marrow lies between fat and red marrow."""
    red_marrow = min(signals["red_marrow"], BRIGHTEST_RED_MARROW)
    bright = BRIGHTER * max(red_marrow, MUSCLE)
    raised = {name: max(signals[name], bright) for name in ("edema", "muscle_edema", *FLUIDS)}
    fatty_marrow = signals["fat"] + between * (red_marrow - signals["fat"])
    return signals | raised | {"red_marrow": red_marrow, "fatty_marrow": fatty_marrow}


def _in_order_of_t1(signals: dict[str, float], between: float) -> dict[str, float]:
    """Fat is the brightest of fat, marrow, edema and fluid; marrow is brighter than muscle, fluid is not."""
    lowest_fat = 1.8 * MUSCLE
    fats = {name: max(signals[name], lowest_fat) for name in FATS}
    fat = min(fats.values())
    red_marrow = float(np.clip(signals["red_marrow"], 1.1 * MUSCLE, 0.8 * fat))
    fatty_marrow = fat - between * (fat - red_marrow)
    edema = min(signals["edema"], 0.85 * red_marrow)
    fluids = {name: min(signals[name], MUSCLE) for name in FLUIDS}
    return signals | fats | fluids | {"red_marrow": red_marrow, "fatty_marrow": fatty_marrow, "edema": edema}


def _leaks(sequence_name: str, signals: Mapping[str, float], full_fat: float) -> dict[str, float]:
    """As in the physical palette: the fat of the tissue, unsuppressed; in Dixon the step to the fat image."""
    fat_image = {
        name: full_fat * tissue.proton_density * tissue.fat_share if name not in NEAR_ZERO else 0.0
        for name, tissue in TISSUES.items()
    }
    if sequence_name == SpinEcho.name:
        return dict.fromkeys(signals, 0.0)
    if sequence_name == DixonWater.name:
        return {name: fat_image[name] - signals[name] for name in signals}
    return fat_image
