"""The fingerprint of a set of training cases: the figures that a plan follows from. Plain numbers, no patient."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from crmo_seg.errors import InputError

_PERCENTILES = (0, 10, 50, 90, 100)
_DIGITS = 6


@dataclass(frozen=True)
class Spread:
    """How a number differs between cases: the smallest, percentiles 10, 50 and 90, and the largest.

    >>> Spread.of([1.0, 2.0, 3.0])
    Spread(smallest=1.0, p10=1.2, median=2.0, p90=2.8, largest=3.0)
    """

    smallest: float
    p10: float
    median: float
    p90: float
    largest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of one number or more; six digits are kept, which takes off the rounding of a header's float32."""
        return cls(*(_rounded(value) for value in np.percentile(list(values), _PERCENTILES)))


@dataclass(frozen=True)
class HeadFingerprint:
    """The labels of one head.

    An object is a lesion where the head has one class (a 26-connected component, those below the smallest counted
    lesion left out), else all voxels of one class.

    Attributes:
        labelled_cases: cases that have this label.
        empty_cases: of these, cases in which it marks nothing.
        class_cases: class -> cases that have some of it.
        foreground_share: share of a volume that is marked, over the labelled cases; None without one.
        objects_per_case: over the labelled cases; None without one.
        object_ml: volume of an object; None where there is none.
    """

    labelled_cases: int
    empty_cases: int
    class_cases: Mapping[str, int]
    foreground_share: Spread | None
    objects_per_case: Spread | None
    object_ml: Spread | None


@dataclass(frozen=True)
class SignalFingerprint:
    """Percentiles 1, 50 and 99 of a sequence's signal inside the body, over the cases that were read for it."""

    p01: Spread
    p50: Spread
    p99: Spread


@dataclass(frozen=True)
class Fingerprint:
    """What a set of cases is like; axes as on the model grid: in plane, in plane, slice.

    Attributes:
        cases: how many.
        orientations: coronal, sagittal, axial or isotropic -> cases.
        in_plane_spacing_mm: the finer of the two in-plane axes.
        slice_spacing_mm: of the slice axis.
        extent_mm: length of the field of view along each axis.
        heads: name -> its labels.
        signal: sequence -> its intensities.

    Raises:
        InputError: where there is no case.
    """

    cases: int
    orientations: Mapping[str, int]
    in_plane_spacing_mm: Spread
    slice_spacing_mm: Spread
    extent_mm: tuple[Spread, Spread, Spread]
    heads: Mapping[str, HeadFingerprint]
    signal: Mapping[str, SignalFingerprint]

    def __post_init__(self) -> None:
        if self.cases < 1:
            raise InputError("fingerprint", "has no case", "give one training case or more")

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and words, for YAML and JSON."""
        data = asdict(self)
        return data | {"extent_mm": list(data["extent_mm"])}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Fingerprint:
        """The inverse of ``to_dict``.

        Raises:
            InputError: where a key is missing or unknown.
        """
        try:
            x, y, z = (Spread(**axis) for axis in data["extent_mm"])
            return cls(
                cases=int(data["cases"]),
                orientations=dict(data["orientations"]),
                in_plane_spacing_mm=Spread(**data["in_plane_spacing_mm"]),
                slice_spacing_mm=Spread(**data["slice_spacing_mm"]),
                extent_mm=(x, y, z),
                heads={name: _head(head) for name, head in data["heads"].items()},
                signal={name: _signal(signal) for name, signal in data["signal"].items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("fingerprint", f"does not have the expected keys ({error})", "plan again") from None


def _head(data: Mapping[str, Any]) -> HeadFingerprint:
    spreads = {key: data[key] and Spread(**data[key]) for key in ("foreground_share", "objects_per_case", "object_ml")}
    return HeadFingerprint(**{**data, **spreads, "class_cases": dict(data["class_cases"])})


def _signal(data: Mapping[str, Any]) -> SignalFingerprint:
    return SignalFingerprint(**{key: Spread(**spread) for key, spread in data.items()})


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
