"""The members of an ensemble run together, and how far they agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from crmo_seg.inference.backend import Backend
from crmo_seg.inference.quality.agreement import disagreement, shared_voxels
from crmo_seg.inference.windows import Float32Array, mean_of
from crmo_seg.keys import EDEMA


class MembersTogether:
    """Runs the windows of one study: the mean of the members' probabilities, and on the way their agreement on edema.

    Args:
        backend: with one network or more.
        threshold: probability from which a voxel is edema.
        most: how many members are run; None is all.
    """

    def __init__(self, backend: Backend, threshold: float, most: int | None = None) -> None:
        self._backend = backend
        self._most = most
        self._threshold = threshold
        self._shared: NDArray[np.int64] | None = None

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        """(1, sequence, x, y, z) -> head -> probabilities (1, channel, x, y, z), the mean of the members'."""
        edema: list[Float32Array] = []
        mean = mean_of(_noting(edema, islice(self._backend.each(window), self._most)))
        if len(edema) > 1:
            shared = shared_voxels(edema, self._threshold)
            self._shared = shared if self._shared is None else self._shared + shared
        return mean

    def disagreement(self, minimum_voxels: float = 0.0) -> float | None:
        """Mean of 1 - Dice over pairs of members, all windows together; None where there is one member.

        Args:
            minimum_voxels: masks with fewer count as empty.
        """
        return None if self._shared is None else disagreement(self._shared, minimum_voxels)


def _noting(
    edema: list[Float32Array], members: Iterable[Mapping[str, Float32Array]]
) -> Iterator[Mapping[str, Float32Array]]:
    """Pass the members on and keep their edema."""
    for outputs in members:
        if EDEMA in outputs:
            edema.append(outputs[EDEMA])
        yield outputs
