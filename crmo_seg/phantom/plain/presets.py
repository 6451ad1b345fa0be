"""How hard the phantom is. A preset, once released, never changes: thresholds of tests and published numbers use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from crmo_seg.errors import InputError
from crmo_seg.phantom.plain.edema import Volumes


@dataclass(frozen=True)
class Preset:
    """Settings of a phantom.

    Attributes:
        name: what the user types.
        age_years: range of ages.
        spacing_mm: right, anterior (slice distance), superior.
        air_mm: air around the body.
        lesion_ml: planned volume of a lesion.
        lesion_free: share of children without edema.
    """

    name: str
    age_years: tuple[float, float]
    spacing_mm: tuple[float, float, float]
    air_mm: float
    lesion_ml: Volumes
    lesion_free: float


PLAIN: Final = Preset(
    name="plain",
    age_years=(3.0, 17.0),
    spacing_mm=(1.25, 6.0, 1.25),
    air_mm=12.0,
    lesion_ml=Volumes(smallest=0.3, median=2.5, largest=30.0),
    lesion_free=0.3,
)
PLAIN_TINY: Final = Preset(
    name="plain",
    age_years=(3.0, 7.0),
    spacing_mm=(4.0, 8.0, 4.0),
    air_mm=12.0,
    lesion_ml=Volumes(smallest=2.0, median=5.0, largest=30.0),
    lesion_free=0.3,
)
PRESETS: Final[Mapping[str, tuple[Preset, Preset]]] = MappingProxyType({PLAIN.name: (PLAIN, PLAIN_TINY)})
"""Full and tiny variant by name. Tiny: younger children, coarse voxels, lesions of several voxels; for tests."""


def preset_named(name: str, *, tiny: bool = False) -> Preset:
    """The preset of a name.

    Raises:
        InputError: where there is none of that name.

    >>> preset_named("plain", tiny=True).spacing_mm
    (4.0, 8.0, 4.0)
    """
    if name not in PRESETS:
        raise InputError(f"preset {name!r}", "is not known", f"give one of: {', '.join(PRESETS)}")
    return PRESETS[name][int(tiny)]
