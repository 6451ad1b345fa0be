"""A random monotone curve on the intensities of a whole image: vendors and reconstructions differ in such curves."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.float32]

WIDEST_GAMMA: Final = 1.4
"""With strength 1 gamma lies between 1/1.4 and 1.4."""
INNER_KNOTS: Final = 3
LEAST_STEP: Final = 0.3
"""The least slope between two knots before gamma, over the mean slope."""
SAMPLES: Final = 64
HIGHEST: Final = 2.0
TABLE_SIZE: Final = 1 << 16
"""The curve is looked up in a table of this size, from 0 to `HIGHEST` times the reference."""


@dataclass(frozen=True)
class IntensityCurve:
    """Rising curve through knots in 0..1, continued with slope 1 above 1.

    Attributes:
        inputs: rising, from 0 to 1.
        outputs: rising, from 0 to 1.

    Raises:
        ValueError: where the knots do not rise from 0 to 1.
    """

    inputs: tuple[float, ...]
    outputs: tuple[float, ...]

    def __post_init__(self) -> None:
        for knots in (self.inputs, self.outputs):
            rising = all(low < high for low, high in itertools.pairwise(knots))
            if not rising or len(knots) != len(self.inputs) or (knots[0], knots[-1]) != (0.0, 1.0):
                raise ValueError(f"the knots of an intensity curve must rise from 0 to 1, got {knots}")

    def apply(self, image: FloatArray, reference: float) -> FloatArray:
        """The image with its intensities bent; no order of two voxels changes.

        Args:
            image: (X, Y, Z) float32, not negative.
            reference: the intensity that becomes 1 on the curve's axis and stays where it is, such as the 99th
                percentile of the body.

        >>> IDENTITY.apply(np.array([0.0, 3.0, 12.0, 50.0], dtype=np.float32), reference=10.0).round(2).tolist()
        [0.0, 3.0, 12.0, 50.0]
        """
        heights = np.linspace(0, HIGHEST, TABLE_SIZE)
        table = np.interp(heights, (*self.inputs, HIGHEST), (*self.outputs, HIGHEST)).astype(np.float32) * reference
        bent = np.empty_like(image)
        for index, slab in enumerate(image):  # slab by slab: little memory beside the image
            places = np.minimum(slab * ((TABLE_SIZE - 1) / (HIGHEST * reference)) + 0.5, TABLE_SIZE - 1)
            bent[index] = np.maximum(table[places.astype(np.uint16)], slab * (slab > HIGHEST * reference))
        return bent


IDENTITY: Final = IntensityCurve((0.0, 1.0), (0.0, 1.0))
"""Changes nothing."""


def draw_intensity_curve(rng: np.random.Generator, strength: float = 1.0) -> IntensityCurve:
    """A curve of gamma and three random knots.

    Args:
        rng: source of randomness; always the same number of draws.
        strength: 0 gives the identity, 1 the full range.
    """
    gamma = WIDEST_GAMMA ** (strength * float(rng.uniform(-1, 1)))
    steps = 1 + strength * (1 - LEAST_STEP) * rng.uniform(-1, 1, INNER_KNOTS + 1)
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(steps, LEAST_STEP))])
    inputs = np.linspace(0, 1, SAMPLES)
    bent = np.interp(inputs, np.linspace(0, 1, INNER_KNOTS + 2), knots / knots[-1]) ** gamma
    return IntensityCurve(tuple(inputs.tolist()), (0.0, *bent[1:-1].tolist(), 1.0))
