"""STIR signal of each tissue, and what the scanner adds: coil sensitivity and Rician noise."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from crmo_seg.phantom.solids.grid import Grid
from crmo_seg.phantom.solids.shapes import FloatArray

MUSCLE: Final = 100.0
"""Signal of muscle, to which the others relate."""

TISSUE_SIGNAL: Final[Mapping[str, float]] = MappingProxyType(
    {
        "air": 0.0, "skin": 90.0, "fat": 32.0, "muscle": MUSCLE, "visceral_fat": 35.0, "orbital_fat": 35.0,
        "cortex": 12.0, "red_marrow": 105.0, "fatty_marrow": 55.0, "growth_plate": 330.0,
        "lung": 18.0, "mediastinum": 110.0, "thymus": 230.0,
        "heart": 150.0, "flowing_blood": 25.0, "slow_blood": 430.0,
        "liver": 120.0, "spleen": 290.0, "kidney": 340.0, "renal_pelvis": 620.0, "gall_bladder": 680.0,
        "stomach": 380.0, "bowel_wall": 190.0, "bowel_fluid": 520.0, "bowel_gas": 8.0, "bladder": 720.0,
        "csf": 640.0, "cord": 210.0, "brain": 230.0, "eye": 700.0,
        "joint_fluid": 520.0, "cartilage": 240.0, "disc": 300.0,
    }
)  # fmt: skip
"""Muscle is 100. Orders of magnitude for 1.5 T STIR with TI near 160 ms; fluid overlaps edema on purpose."""

TISSUE_VARIATION: Final = 0.10
"""Standard deviation over mean between children."""
LESION_RATIO: Final = (3.0, 8.0)
"""Range of edema over muscle."""
LESION_RATIO_MEDIAN: Final = 5.6
"""Kieninger 2021, doi:10.1259/bjr.20211091."""
LESION_RATIO_VARIATION: Final = 0.25
NOISE_SIGMA: Final = 7.0
TEXTURE: Final = 0.02
COIL_VARIATION: Final = 0.10


def draw_tissue_signal(rng: np.random.Generator) -> dict[str, float]:
    """The signals of one child."""
    return {
        name: mean * float(np.exp(TISSUE_VARIATION * np.clip(rng.standard_normal(), -2, 2)))
        for name, mean in TISSUE_SIGNAL.items()
    } | {"muscle": MUSCLE}


def draw_lesion_ratio(rng: np.random.Generator) -> float:
    """Signal of a lesion over that of muscle."""
    drawn = LESION_RATIO_MEDIAN * float(np.exp(LESION_RATIO_VARIATION * rng.standard_normal()))
    return float(np.clip(drawn, *LESION_RATIO))


def apply_scanner(signal: FloatArray, grid: Grid, rng: np.random.Generator) -> FloatArray:
    """The signal times coil sensitivity and tissue texture, with Rician noise of the same sigma everywhere."""
    signal *= _waves(grid, rng, terms=3, wavelength_mm=(500, 1200), amplitude=COIL_VARIATION)
    signal *= _waves(grid, rng, terms=4, wavelength_mm=(50, 250), amplitude=TEXTURE)
    return rician(signal, NOISE_SIGMA, rng)


def rician(signal: FloatArray, sigma: float, rng: np.random.Generator) -> FloatArray:
    """Magnitude of the signal with Gaussian noise in both channels (Gudbjartsson 1995, doi:10.1002/mrm.1910340618)."""
    real = rng.standard_normal(signal.shape, dtype=np.float32)
    real *= sigma
    real += signal
    np.square(real, out=real)
    imaginary = rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary *= sigma
    np.square(imaginary, out=imaginary)
    real += imaginary
    return np.sqrt(real, out=real)


def _waves(
    grid: Grid, rng: np.random.Generator, *, terms: int, wavelength_mm: tuple[float, float], amplitude: float
) -> FloatArray:
    """A smooth field around 1: a few products of cosines along x, y and z."""
    field = np.ones(grid.geometry.shape, dtype=np.float32)
    for _ in range(terms):
        x, y, z = (
            np.cos(axis * float(2 * np.pi / rng.uniform(*wavelength_mm)) + float(rng.uniform(0, 2 * np.pi)))
            for axis in grid.axes
        )
        field += (x[:, None] * y * amplitude)[:, :, None] * z
    return field
