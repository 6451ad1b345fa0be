"""What a bundle holds of a plan: the grid on which a network sees a scan, its patches, its shape and its heads.

The model grid has two in-plane axes first and the slice axis last. In-plane spacing is fixed by the plan; slices keep
their native spacing within a stated range, so that thin detail is not lost and thick slices are not invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, TypeAlias

from crmo_seg.anatomy import HEAD_CLASSES
from crmo_seg.errors import InputError
from crmo_seg.keys import BONES, EDEMA

Triple: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True)
class GridPlan:
    """The grid of a network's input.

    Attributes:
        in_plane_spacing_mm: of both in-plane axes.
        slice_spacing_range_mm: slices closer or further apart than this are resampled to the nearer limit.
    """

    in_plane_spacing_mm: float
    slice_spacing_range_mm: tuple[float, float]

    def __post_init__(self) -> None:
        thin, thick = self.slice_spacing_range_mm
        if not 0 < self.in_plane_spacing_mm <= 20 or not 0 < thin <= thick <= 50:
            remedy = "spacing must be positive, at most 20 mm in plane and 50 mm between slices"
            raise InputError("plan", f"spacing {self.in_plane_spacing_mm} mm, slices {thin}-{thick} mm", remedy)


@dataclass(frozen=True)
class NetworkPlan:
    """The shape of a U-Net, from the finest stage to the coarsest; axes in plane, in plane, slice.

    Attributes:
        channels: features of each stage.
        strides: step into each stage; the first is (1, 1, 1).
        kernels: convolution kernel of each stage.

    >>> NetworkPlan((8, 16), ((1, 1, 1), (2, 2, 1)), ((3, 3, 1), (3, 3, 3))).divisors
    (2, 2, 1)
    """

    channels: tuple[int, ...]
    strides: tuple[Triple, ...]
    kernels: tuple[Triple, ...]

    def __post_init__(self) -> None:
        if not len(self.channels) == len(self.strides) == len(self.kernels) >= 2:
            counts = f"{len(self.channels)} channels, {len(self.strides)} strides, {len(self.kernels)} kernels"
            raise InputError("plan", counts, "give two stages or more, and one of each for every stage")
        numbers = [*self.channels, *chain(*self.strides), *chain(*self.kernels)]
        if any(not isinstance(number, int) or number < 1 for number in numbers):
            raise InputError("plan", f"stages of {numbers}", "channels, strides and kernels are whole numbers from 1")

    @property
    def divisors(self) -> Triple:
        """A window must be a multiple of these."""
        return divisors_of(self.strides)


def divisors_of(strides: Iterable[Triple]) -> Triple:
    """Product of the strides along each axis.

    >>> divisors_of([(1, 1, 1), (2, 2, 1), (2, 2, 2)])
    (4, 4, 2)
    """
    x, y, z = 1, 1, 1
    for step in strides:
        x, y, z = x * step[0], y * step[1], z * step[2]
    return x, y, z


@dataclass(frozen=True)
class Head:
    """One output of a network.

    Attributes:
        name: the manifest column is ``label_<name>``.
        classes: names of the values 1, 2, ...; 0 is background.

    A head of one class is a sigmoid; of more, a softmax with background first.

    >>> Head("edema", ("edema",)).channels, Head("hippocampus", ("anterior", "posterior")).channels
    (1, 3)
    """

    name: str
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.classes or len(self.classes) > 255:
            raise InputError(f"head {self.name}", f"has {len(self.classes)} classes", "name 1 to 255 classes")

    @property
    def channels(self) -> int:
        """Channels of its logits."""
        return 1 if len(self.classes) == 1 else len(self.classes) + 1


EDEMA_HEAD = Head(EDEMA, (EDEMA,))
BONES_HEAD = Head(BONES, HEAD_CLASSES)
_KNOWN_HEADS = {EDEMA: EDEMA_HEAD, BONES: BONES_HEAD}


def heads_from(settings: Iterable[str | Mapping[str, Sequence[str]]]) -> tuple[Head, ...]:
    """Heads of a configuration: ``edema`` and ``bones`` by name, any other with its classes.

    Raises:
        InputError: where a head other than these two names no classes.

    >>> [head.channels for head in heads_from(["edema", {"hippocampus": ["anterior", "posterior"]}])]
    [1, 3]
    """
    heads = []
    for setting in settings:
        named = {setting: ()} if isinstance(setting, str) else setting
        heads += [_head_from(name, tuple(classes)) for name, classes in named.items()]
    return tuple(heads)


def _head_from(name: str, classes: tuple[str, ...]) -> Head:
    if not classes and name not in _KNOWN_HEADS:
        raise InputError(f"head {name}", "names no classes", f"write {{{name}: [first class, second class]}}")
    return Head(name, classes) if classes else _KNOWN_HEADS[name]


@dataclass(frozen=True)
class Plan:
    """Everything between a scan and a network's input and output.

    Attributes:
        sequences: the input channels, in this order.
        heads: the outputs, in this order.
        grid: spacing of the model grid.
        patch: voxels of a training patch and of an inference window; in plane, in plane, slice.
        network: shape of the U-Net.
    """

    sequences: tuple[str, ...]
    heads: tuple[Head, ...]
    grid: GridPlan
    patch: Triple
    network: NetworkPlan

    def __post_init__(self) -> None:
        rest = [size % divisor for size, divisor in zip(self.patch, self.network.divisors, strict=True)]
        if any(rest) or min(self.patch) < 1:
            remedy = f"each side must be a multiple of {self.network.divisors}"
            raise InputError("plan", f"patch {self.patch} does not fit the network's strides", remedy)
        if not self.sequences or not self.heads:
            raise InputError("plan", "has no sequence or no head", "name at least one of each")

    def to_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and words, for YAML."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Plan:
        """The inverse of ``to_dict``.

        Raises:
            InputError: where a key is missing or unknown.
        """
        try:
            heads = tuple(Head(head["name"], tuple(head["classes"])) for head in data["heads"])
            network = NetworkPlan(**{name: _tuples(value) for name, value in data["network"].items()})
            grid = GridPlan(**{name: _tuples(value) for name, value in data["grid"].items()})
            return cls(tuple(data["sequences"]), heads, grid, _triple(data["patch"]), network)
        except InputError:
            raise
        except (KeyError, TypeError, ValueError) as error:
            problem = f"does not have the expected keys and values ({error})"
            raise InputError("plan", problem, "compare it with a saved bundle") from None


def _plain(value: Any) -> Any:  # noqa: ANN401  (a tree of any depth)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _tuples(value: Any) -> Any:  # noqa: ANN401  (a tree of any depth)
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _triple(value: Any) -> Triple:  # noqa: ANN401  (from YAML)
    x, y, z = (int(item) for item in value)
    return x, y, z
