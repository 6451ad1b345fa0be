"""A training step of the default network: eager or compiled, with glibc's memory settings or ours.

python benchmarks/training_step.py [--repeats 6] [network.stages.channels=[16,32,64,128,160] ...]

Each combination runs in a process of its own, all in one call, on random patches of the plan's size. Nothing else
should run meanwhile. Prints the median seconds of a step, the images per second, and the ratio to the first line.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor
from untrained import default_plan

from crmo_seg.network import UNet
from crmo_seg.training.compiling import compiled
from crmo_seg.training.losses import DiceCrossEntropy, deep_supervision_loss
from crmo_seg.training.memory import keep_freed_memory

BATCH: Final = 2
VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "eager": (),
    "eager, memory kept": ("--keep",),
    "compiled": ("--compile",),
    "compiled, memory kept": ("--keep", "--compile"),
}


def step_seconds(arguments: argparse.Namespace) -> float:
    """The median of a step; the first, which compiles, is left out."""
    torch.manual_seed(0)
    if arguments.keep and not keep_freed_memory():
        raise SystemExit("this C library has no setting for kept memory")
    plan = default_plan(*arguments.overrides)
    network = UNet(len(plan.sequences), plan.network, plan.heads)
    forward = compiled(network.forward_deep) if arguments.compile else network.forward_deep
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3)
    loss = DiceCrossEntropy()
    image = torch.randn(BATCH, len(plan.sequences), *plan.patch)
    targets = {head.name: _labels(len(head.classes), plan.patch) for head in plan.heads}
    spent = []
    for _ in range(arguments.repeats + 1):
        start = time.perf_counter()
        outputs = forward(image)
        total = sum(
            (deep_supervision_loss(loss, outputs[head], target, torch.ones(BATCH)) for head, target in targets.items()),
            start=torch.zeros(()),
        )
        optimizer.zero_grad()
        total.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent[1:])


def _labels(classes: int, patch: tuple[int, ...]) -> Tensor:
    drawn: Tensor = torch.randint(0, classes + 1, (BATCH, 1, *patch)).to(torch.uint8)
    return drawn


def main() -> None:
    """Print the table."""
    arguments = _arguments()
    if arguments.one:
        print(step_seconds(arguments))
        return
    print("| step | seconds | images/s | times as fast |\n|---|---|---|---|")
    first = 0.0
    for name, flags in VARIANTS.items():
        command = [sys.executable, __file__, "--one", "--repeats", str(arguments.repeats), *flags, *arguments.overrides]
        seconds = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        first = first or seconds
        print(f"| {name} | {seconds:.2f} | {BATCH / seconds:.2f} | {first / seconds:.2f} |", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--repeats", type=int, default=6)
    for flag in ("--one", "--keep", "--compile"):
        parser.add_argument(flag, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
