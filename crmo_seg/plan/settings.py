"""What a user may say about a plan: how much it may cost, and numbers that are given instead of chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final

from crmo_seg.errors import InputError
from crmo_seg.plan.contract import Triple

SIZES: Final[Mapping[str, tuple[int, float | None]]] = MappingProxyType(
    {"small": (16, 200.0), "medium": (24, 800.0), "large": (32, None)}
)
"""Size -> features at full resolution, and GFLOP of a training step (None: memory alone bounds it).

A step of 178 GFLOP (2 patches of 64 x 64 x 64, 16 features, 5 stages) took 0.7 s on two cores of Zen 5 with bf16 and
1.9 s in 32 bit. 32 features are nnU-Net's.
"""


@dataclass(frozen=True)
class Budget:
    """What a training step may cost.

    Attributes:
        memory_gb: of the training process.
        base_channels: features of the finest stage.
        step_gflop: arithmetic of a step; None where only memory counts.

    Raises:
        InputError: where a number is not positive.
    """

    memory_gb: float
    base_channels: int
    step_gflop: float | None = None

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and not value > 0:
                raise InputError(f"network.budget.{name}", f"is {value}", "give a number above 0")

    @classmethod
    def of_size(cls, size: str, memory_gb: float, step_gflop: float | None = None) -> Budget:
        """The budget of a size; ``step_gflop`` replaces that of the size.

        Raises:
            InputError: where there is no such size.

        >>> Budget.of_size("small", 4.0)
        Budget(memory_gb=4.0, base_channels=16, step_gflop=200.0)
        """
        if size not in SIZES:
            raise InputError("network.budget.size", f"is {size!r}", f"choose one of {', '.join(SIZES)}")
        channels, gflop = SIZES[size]
        return cls(float(memory_gb), channels, gflop if step_gflop is None else float(step_gflop))


PLACES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "in_plane_spacing_mm": "grid.in_plane_spacing_mm",
        "slice_spacing_range_mm": "grid.slice_spacing_range_mm",
        "patch": "patch",
        "batch_size": "batch_size",
        "channels": "network.channels",
        "strides": "network.strides",
        "kernels": "network.kernels",
    }
)
"""Number that can be given -> where it stands in ``plan.yaml``."""


@dataclass(frozen=True)
class Overrides:
    """Numbers that are given; None lets the planner choose. Names and order as in ``Plan``.

    Raises:
        InputError: where one is no number of its kind.
    """

    in_plane_spacing_mm: float | None = None
    slice_spacing_range_mm: tuple[float, float] | None = None
    patch: Triple | None = None
    batch_size: int | None = None
    channels: tuple[int, ...] | None = None
    strides: tuple[Triple, ...] | None = None
    kernels: tuple[Triple, ...] | None = None

    def __post_init__(self) -> None:
        for name, (fits, remedy) in _KINDS.items():
            value = getattr(self, name)
            if value is not None and not fits(value):
                raise InputError(_setting(name), f"is {_as_yaml(value)!r}", f"give {remedy}, or null")
        counts = {len(stages) for stages in (self.channels, self.strides, self.kernels) if stages is not None}
        if len(counts) > 1:
            named = ", ".join(str(count) for count in sorted(counts))
            raise InputError("network.stages", f"names {named} stages", "give channels, strides, kernels for as many")

    @property
    def depth(self) -> int | None:
        """Stages that are named, or None."""
        return next((len(stages) for stages in (self.channels, self.strides, self.kernels) if stages is not None), None)

    @classmethod
    def from_settings(cls, network: Mapping[str, Any], batch_size: int | None = None) -> Overrides:
        """Of the configuration's ``network`` group: ``grid``, ``patch`` and ``stages``; what is null is chosen.

        >>> Overrides.from_settings({"patch": [64, 64, 32], "grid": {"in_plane_spacing_mm": None}}).patch
        (64, 64, 32)
        """
        numbers = {**(network.get("grid") or {}), "patch": network.get("patch"), **(network.get("stages") or {})}
        unknown = sorted(set(numbers) - set(cls.__dataclass_fields__))
        if unknown:
            raise InputError("network", f"has no setting {unknown[0]}", f"known: {', '.join(cls.__dataclass_fields__)}")
        return cls(**{name: _tuples(value) for name, value in numbers.items()}, batch_size=batch_size)

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what is given."""
        return tuple(name for name, value in asdict(self).items() if value is not None)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_length(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _are(fits: Callable[[object], bool], count: int | None = None) -> Callable[[object], bool]:
    """Whether a value is a tuple of such items; of any number of them where no count is given."""
    return lambda value: isinstance(value, tuple) and (count is None or len(value) == count) and all(map(fits, value))


_KINDS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = MappingProxyType(
    {
        "in_plane_spacing_mm": (_is_length, "a number above 0"),
        "slice_spacing_range_mm": (_are(_is_length, 2), "two numbers above 0"),
        "patch": (_are(_is_count, 3), "three whole numbers from 1: in plane, in plane, slice"),
        "batch_size": (_is_count, "a whole number from 1"),
        "channels": (_are(_is_count), "a list of whole numbers from 1"),
        "strides": (_are(_are(_is_count, 3)), "a list of three whole numbers for each stage"),
        "kernels": (_are(_are(_is_count, 3)), "a list of three whole numbers for each stage"),
    }
)


def _setting(name: str) -> str:
    """What the configuration calls it."""
    if name == "batch_size":
        return "data.sampling.batch_size"
    return "network." + PLACES[name].replace("network.", "stages.")


def _as_yaml(value: object) -> object:
    return [_as_yaml(item) for item in value] if isinstance(value, tuple) else value


def _tuples(value: Any) -> Any:  # noqa: ANN401  (lists from YAML, of any depth)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(_tuples(item) for item in value)
    return value
