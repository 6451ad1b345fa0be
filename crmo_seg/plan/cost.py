"""What a training step costs: arithmetic and memory, counted from the features of each convolution of the U-Net."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from math import prod
from typing import Final

from crmo_seg.plan.contract import Plan, Triple

_GB: Final = 1e9
_BACKWARD: Final = 3
"""A step is one pass forward and about two back: by the features, and by the weights."""

_LIBRARIES_GB: Final = 0.52  # torch, MONAI and Lightning imported, kernels compiled
_BYTES: Final = 4
_BYTES_A_WEIGHT: Final = 24  # value, gradient, two moments of Adam; copies in the order of oneDNN
_PASSING: Final = 4  # gradients and reordered copies of the finest features, of which few live at a time


@dataclass(frozen=True)
class Convolution:
    """One convolution of a network, and what is kept of it for the way back.

    Attributes:
        parameters: weights, and scale and shift of the norm that follows or the bias.
        multiplications: for one patch.
        kept: numbers kept for one patch.
    """

    parameters: int
    multiplications: int
    kept: int


def convolutions(plan: Plan) -> Iterator[Convolution]:
    """The convolutions of ``network.UNet``, in its order."""
    network = plan.network
    sizes = [_voxels(plan.patch, step) for step in accumulate(network.strides, _times)]
    kernels = [prod(kernel) for kernel in network.kernels]
    for stage, (inputs, outputs) in enumerate(pairwise((len(plan.sequences), *network.channels))):
        yield _normalised(inputs, outputs, kernels[stage], sizes[stage])
        yield _normalised(outputs, outputs, kernels[stage], sizes[stage])
    for stage, (outputs, inputs) in enumerate(pairwise(network.channels)):
        yield _raised(inputs, outputs, prod(network.strides[stage + 1]), sizes[stage])
        yield _normalised(2 * outputs, outputs, kernels[stage], sizes[stage])
        yield _normalised(outputs, outputs, kernels[stage], sizes[stage])
        for head in plan.heads:
            yield _logits(outputs, head.channels, sizes[stage])


def parameters(plan: Plan) -> int:
    """Weights of the network."""
    return sum(convolution.parameters for convolution in convolutions(plan))


def step_gflop(plan: Plan, batch_size: int) -> float:
    """Floating-point operations of a training step, in units of 1e9: three times those of a pass forward."""
    multiplications = sum(convolution.multiplications for convolution in convolutions(plan))
    return 2 * multiplications * batch_size * _BACKWARD / 1e9


def memory_gb(plan: Plan, batch_size: int) -> float:
    """Memory of a process that trains in 32 bit: libraries, weights with gradient and optimizer, and features.

    The coefficients are fitted to the peak of the resident memory of AdamW steps on a CPU: nine plans of 0.5 to
    3.7 GB, all met within 20 %. Loading data and predicting whole bodies for validation come on top, a gigabyte or
    two. Autocast is not counted: it takes more where the processor lacks bf16.
    """
    layers = list(convolutions(plan))
    kept = sum(layer.kept for layer in layers)
    passing = _PASSING * 2 * plan.network.channels[0] * prod(plan.patch)
    weights = sum(layer.parameters for layer in layers)
    return _LIBRARIES_GB + (_BYTES * batch_size * (kept + passing) + _BYTES_A_WEIGHT * weights) / _GB


def _normalised(inputs: int, outputs: int, kernel: int, voxels: int) -> Convolution:
    """With instance norm and activation: the norm keeps what it was given, the next layer the activation."""
    weights = inputs * outputs * kernel
    return Convolution(weights + 2 * outputs, weights * voxels, 2 * outputs * voxels)


def _raised(inputs: int, outputs: int, kernel: int, voxels: int) -> Convolution:
    """Transposed, steps as large as its kernel; kept is its output beside the skip, as one tensor."""
    return Convolution(inputs * outputs * kernel, inputs * outputs * voxels, 2 * outputs * voxels)


def _logits(inputs: int, outputs: int, voxels: int) -> Convolution:
    """With the loss: probabilities and the one-hot target are as large as the logits."""
    return Convolution(inputs * outputs + outputs, inputs * outputs * voxels, 3 * outputs * voxels)


def _voxels(patch: Triple, step: Triple) -> int:
    return prod(side // divisor for side, divisor in zip(patch, step, strict=True))


def _times(first: Triple, second: Triple) -> Triple:
    return first[0] * second[0], first[1] * second[1], first[2] * second[2]
