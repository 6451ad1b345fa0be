"""Networks with one output for each head: what every network must do, and the 3D U-Net that a plan describes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import Tensor, nn

from crmo_seg.errors import InputError
from crmo_seg.plan import Head, NetworkPlan, Plan, Triple
from crmo_seg.plan.networks import NETWORKS, added_network

NEGATIVE_SLOPE = 0.01


def build_network(network_class: str, plan: Plan) -> Network:
    """The network that a bundle or a configuration names, with fresh weights.

    Args:
        network_class: one of ``plan.networks.network_names``.
        plan: its inputs, shape and heads.

    Raises:
        InputError: where there is none of this name, or the package that adds it is broken.
    """
    build = NETWORK_CLASSES[network_class] if network_class in NETWORK_CLASSES else _added_class(network_class)
    return build(len(plan.sequences), plan.network, plan.heads)


class Network(nn.Module):
    """What every network does; derive from it to add one (docs/extending.md).

    Args:
        in_channels: number of sequences.
        plan: channels, strides and kernels of the stages. A network may make of them what it likes, but windows are
            multiples of ``plan.divisors``.
        heads: the outputs, each with as many channels as ``head.channels``.
    """

    def __init__(self, in_channels: int, plan: NetworkPlan, heads: Iterable[Head]) -> None:
        super().__init__()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Logits of each head, (batch, channel, x, y, z), of an image (batch, sequence, x, y, z)."""
        raise NotImplementedError

    def forward_deep(self, image: Tensor) -> dict[str, list[Tensor]]:
        """Logits of each head for training, the finest first; coarser ones, if any, are supervised too."""
        return {name: [logits] for name, logits in self(image).items()}

    def unused_in_training(self) -> Iterator[nn.Parameter]:
        """Parameters that take no part in ``forward_deep``: DDP would wait for their gradients."""
        yield from ()

    def last_layers(self) -> Iterator[nn.Parameter]:
        """Parameters of the last layers, which ``output_rate`` lets learn faster."""
        yield from ()


class UNet(Network):
    """A plain 3D U-Net after nnU-Net (doi:10.1038/s41592-020-01008-z): two convolutions a stage, instance norm.

    Args:
        in_channels: number of sequences.
        plan: channels, strides and kernels of the stages.
        heads: each gets a 1 x 1 x 1 convolution at full resolution and, for deep supervision, at each coarser stage.

    The input is (batch, sequence, x, y, z) with sides that are multiples of ``plan.divisors``.
    """

    def __init__(self, in_channels: int, plan: NetworkPlan, heads: Iterable[Head]) -> None:
        super().__init__(in_channels, plan, heads)
        self.divisors = plan.divisors
        sizes = (in_channels, *plan.channels)
        steps = zip(pairwise(sizes), plan.kernels, plan.strides, strict=True)
        self.encoder = nn.ModuleList(Stage(wide[0], wide[1], kernel, stride) for wide, kernel, stride in steps)
        self.decoder = nn.ModuleList(
            UpStage(plan.channels[i + 1], plan.channels[i], plan.kernels[i], plan.strides[i + 1])
            for i in reversed(range(len(plan.channels) - 1))
        )
        self.heads = nn.ModuleDict(
            {head.name: nn.ModuleList(_outputs(plan.channels[:-1], head.channels)) for head in heads}
        )

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        """Logits of each head at full resolution, (batch, channel, x, y, z)."""
        finest = self._decode(image)[-1]
        return {name: outputs[-1](finest) for name, outputs in self._head_items()}

    def forward_deep(self, image: Tensor) -> dict[str, list[Tensor]]:
        """Logits of each head at every stage of the decoder but the coarsest, the finest first."""
        features = self._decode(image)
        depth = max(1, len(features) - 1)
        return {name: [outputs[-i](features[-i]) for i in range(1, depth + 1)] for name, outputs in self._head_items()}

    def last_layers(self) -> Iterator[nn.Parameter]:
        """The 1 x 1 x 1 convolutions of the heads."""
        yield from self.heads.parameters()

    def unused_in_training(self) -> Iterator[nn.Parameter]:
        """Of the output of the coarsest stage, where there is a finer one."""
        for _, outputs in self._head_items():
            if len(outputs) > 1:
                yield from outputs[0].parameters()

    def _head_items(self) -> list[tuple[str, nn.ModuleList]]:
        return [(name, module) for name, module in self.heads.items() if isinstance(module, nn.ModuleList)]

    def _decode(self, image: Tensor) -> list[Tensor]:
        """Features of the decoder's stages, the coarsest first."""
        self._check_size(image)
        skips = []
        for stage in self.encoder:
            image = stage(image)
            skips.append(image)
        features = []
        for up, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            image = up(image, skip)
            features.append(image)
        return features

    def _check_size(self, image: Tensor) -> None:
        sides = image.shape[2:]
        if any(side % divisor for side, divisor in zip(sides, self.divisors, strict=True)):
            padded = tuple(-(-side // divisor) * divisor for side, divisor in zip(sides, self.divisors, strict=True))
            raise ValueError(f"window {tuple(sides)} is no multiple of {self.divisors}; pad it to {padded}")


class Stage(nn.Sequential):
    """Two convolutions; the first takes the stride."""

    def __init__(self, in_channels: int, out_channels: int, kernel: Triple, stride: Triple) -> None:
        first = _convolution(in_channels, out_channels, kernel, stride)
        super().__init__(*first, *_convolution(out_channels, out_channels, kernel, (1, 1, 1)))


class UpStage(nn.Module):
    """Transposed convolution to the skip's size, then two convolutions over both."""

    def __init__(self, in_channels: int, out_channels: int, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.up = nn.ConvTranspose3d(in_channels, out_channels, stride, stride, bias=False)
        self.stage = Stage(2 * out_channels, out_channels, kernel, (1, 1, 1))

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Features at the skip's resolution."""
        refined: Tensor = self.stage(torch.cat((self.up(coarse), skip), dim=1))
        return refined


def _convolution(in_channels: int, out_channels: int, kernel: Triple, stride: Triple) -> tuple[nn.Module, ...]:
    padding = (kernel[0] // 2, kernel[1] // 2, kernel[2] // 2)
    return (
        nn.Conv3d(in_channels, out_channels, kernel, stride, padding, bias=False),
        nn.InstanceNorm3d(out_channels, affine=True),
        nn.LeakyReLU(NEGATIVE_SLOPE, inplace=True),
    )


def _outputs(channels: tuple[int, ...], out_channels: int) -> list[nn.Module]:
    """An output for each stage of the decoder, the coarsest first, as the decoder yields them."""
    return [nn.Conv3d(width, out_channels, kernel_size=1) for width in reversed(channels)]


def _added_class(name: str) -> type[Network]:
    entry = added_network(name, "network_class")
    try:
        found = entry.load()
    except (ImportError, AttributeError) as error:
        problem, remedy = f"cannot be imported from {entry.value} ({error})", "mend the package that adds it"
        raise InputError(f"network {name}", problem, remedy) from error
    if not (isinstance(found, type) and issubclass(found, Network)):
        remedy = "derive it from that class; docs/extending.md has an example"
        raise InputError(f"network {name}", f"{entry.value} is no crmo_seg.network.Network", remedy)
    return found


NETWORK_CLASSES: Mapping[str, type[Network]] = MappingProxyType(dict(zip(NETWORKS, (UNet,), strict=True)))
"""This package's own, by the name that a bundle gives."""
