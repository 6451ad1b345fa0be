"""How finely the training cases were sampled: what a model was shown, so that a scan beyond it can be flagged.

Kept in a bundle's provenance as ``training_ranges``; holds no patient data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

from crmo_seg.cases import Case
from crmo_seg.errors import InputError
from crmo_seg.io.nifti import read_geometry
from crmo_seg.plan import GridPlan
from crmo_seg.preprocess import model_grid
from crmo_seg.volume import Geometry

Range: TypeAlias = tuple[float, float]

PROVENANCE_KEY: Final = "training_ranges"

ANY_GRID: Final = GridPlan(1.0, (1.0, 1.0))
"""For the model's order of axes, which depends on the scan alone."""
_DIGITS: Final = 4  # takes off the rounding of a header's float32


@dataclass(frozen=True)
class TrainingRanges:
    """What a model was trained on.

    Attributes:
        in_plane_spacing_mm: smallest and largest, over both in-plane axes of all cases.
        slice_spacing_mm: smallest and largest.
        sequences: the model's input channels.
        n_cases: training cases.

    Raises:
        InputError: where a range falls or is not positive.
    """

    in_plane_spacing_mm: Range
    slice_spacing_mm: Range
    sequences: tuple[str, ...]
    n_cases: int

    def __post_init__(self) -> None:
        for low, high in (self.in_plane_spacing_mm, self.slice_spacing_mm):
            if not 0 < low <= high:
                raise InputError(PROVENANCE_KEY, f"has the range {low} to {high} mm", "save the model again")

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and words, for YAML."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainingRanges:
        """The inverse of ``to_dict``.

        Raises:
            InputError: where a key is missing or a value impossible.
        """
        try:
            in_plane, slices = _range(data["in_plane_spacing_mm"]), _range(data["slice_spacing_mm"])
            sequences, n_cases = tuple(str(name) for name in data["sequences"]), int(data["n_cases"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(PROVENANCE_KEY, f"cannot be read ({error!r})", "save the model again") from None
        return cls(in_plane, slices, sequences, n_cases)


def acquired_spacing_mm(geometry: Geometry) -> tuple[float, float, float]:
    """Spacing of a scan in the model's order of axes: in plane, in plane, slice.

    >>> import numpy as np
    >>> acquired_spacing_mm(Geometry(np.diag([1.25, 6.0, 1.25, 1.0]), (4, 4, 4)))
    (1.25, 1.25, 6.0)
    """
    grid = model_grid(geometry, ANY_GRID)
    first, second, slices = (round(geometry.spacing_mm[axis], _DIGITS) for axis in grid.axes)
    return first, second, slices


def training_ranges(cases: Sequence[Case], sequences: Sequence[str]) -> TrainingRanges:
    """The ranges of training cases; reads one header a case, no voxels.

    Args:
        cases: those that are trained on, not those held out.
        sequences: the input channels; of a case the first one that it has counts, as all lie on one grid.

    Raises:
        InputError: where there is no case, one has none of the sequences, or a header cannot be read.
    """
    if not cases:
        raise InputError(PROVENANCE_KEY, "would be of no case", "give one training case or more")
    spacings = [acquired_spacing_mm(_geometry(case, sequences)) for case in cases]
    in_plane = [mm for first, second, _ in spacings for mm in (first, second)]
    slices = [mm for _, _, mm in spacings]
    return TrainingRanges(
        in_plane_spacing_mm=(min(in_plane), max(in_plane)),
        slice_spacing_mm=(min(slices), max(slices)),
        sequences=tuple(sequences),
        n_cases=len(cases),
    )


def ranges_of_model(provenance: Mapping[str, Any] | None) -> TrainingRanges | None:
    """The ranges that a bundle's provenance tells of; of an ensemble what all members together were shown.

    None where the provenance, or that of one member, has none: then nothing can be said.

    Raises:
        InputError: where they stand there but cannot be read.
    """
    members = (provenance or {}).get("members")
    if members:
        every = [ranges_of_model(member) for member in members]
        known = [ranges for ranges in every if ranges is not None]
        return _joined(known) if len(known) == len(every) else None
    data = (provenance or {}).get(PROVENANCE_KEY)
    return None if data is None else TrainingRanges.from_dict(data)


def _geometry(case: Case, sequences: Sequence[str]) -> Geometry:
    name = next((name for name in sequences if name in case.images), None)
    if name is None:
        have, wanted = ", ".join(sorted(case.images)), " or ".join(f"image_{name}" for name in sequences)
        raise InputError(f"case {case.case_id}", f"has no {wanted} (has {have})", "add it or change data.sequences")
    return read_geometry(case.images[name])


def _joined(every: Sequence[TrainingRanges]) -> TrainingRanges:
    """Members of an ensemble share their sequences; folds share most of their cases, so the largest number counts."""
    return TrainingRanges(
        in_plane_spacing_mm=_hull(one.in_plane_spacing_mm for one in every),
        slice_spacing_mm=_hull(one.slice_spacing_mm for one in every),
        sequences=every[0].sequences,
        n_cases=max(one.n_cases for one in every),
    )


def _hull(ranges: Iterable[Range]) -> Range:
    lows, highs = zip(*ranges, strict=True)
    return min(lows), max(highs)


def _range(pair: Sequence[float]) -> Range:
    low, high = pair
    return float(low), float(high)
