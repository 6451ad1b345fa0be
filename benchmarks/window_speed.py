"""One window of the default network: torch eager, autocast, compiled, and OpenVINO, by window size.

python benchmarks/window_speed.py [network.stages.channels=[...] ...] [--repeats 3] [--compile] [--windows 96x128x24]

Prints seconds, arithmetic rate, and seconds for the body of one composed study, cut into such windows without overlap;
beside them the rate of a matrix product on this machine. Half precision is left out where the processor has none; what
cannot be compiled here has a row that says why.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch
from untrained import default_plan, save_untrained

from crmo_seg.bundle import ModelBundle
from crmo_seg.inference.openvino_backend import OpenVinoBackend, precisions_to_try
from crmo_seg.inference.openvino_files import find_openvino_files
from crmo_seg.inference.torch_backend import TorchBackend, cpu_has_bf16
from crmo_seg.inference.windows import Float32Array
from crmo_seg.plan import Plan, Triple

WINDOWS: Final[tuple[Triple, ...]] = ((96, 96, 40), (96, 128, 24), (128, 160, 40), (192, 192, 40), (192, 256, 48))
STUDY_MM: Final = (480.0, 1500.0, 216.0)
SLICE_MM: Final = 6.0
BODY_SHARE: Final = 0.5

Run = Callable[[Float32Array], object]


def gflop(plan: Plan, window: Triple) -> float:
    """Multiplications and additions of the convolutions, in 1e9."""
    total, voxels, stages = 0.0, float(np.prod(window)), plan.network
    previous, size = len(plan.sequences), voxels
    for number, (channels, stride, kernel) in enumerate(
        zip(stages.channels, stages.strides, stages.kernels, strict=True)
    ):
        size /= np.prod(stride)
        total += size * np.prod(kernel) * channels * (previous + channels)
        if number < len(stages.channels) - 1:  # the decoder's stage: twice the channels in, and the way up
            total += size * np.prod(kernel) * channels * 3 * channels
            total += size * channels * stages.channels[number + 1]
        previous = channels
    heads = sum(head.channels for head in plan.heads)
    return 2e-9 * (total + voxels * stages.channels[0] * heads)


def matrix_gflop_s(dtype: torch.dtype, side: int = 3072) -> float:
    """Arithmetic rate of a matrix product."""
    left, right = (torch.randn(side, side).to(dtype) for _ in range(2))
    left @ right
    start = time.perf_counter()
    for _ in range(3):
        left @ right
    return 3 * 2e-9 * side**3 / (time.perf_counter() - start)


def backends(bundle: ModelBundle, folder: Path, *, compiled: bool) -> Iterator[tuple[str, Run]]:
    """Everything that this machine can run."""
    precisions = ("f32", "bf16") if cpu_has_bf16() else ("f32",)
    for precision in precisions:
        yield f"torch {precision}", TorchBackend(bundle, "cpu", precision)
        if compiled:
            yield f"torch {precision}, compiled", TorchBackend(bundle, "cpu", precision, compiled=True)
    models = find_openvino_files(bundle, folder).models
    for precision in sorted({"f32", *precisions_to_try("auto")}, reverse=True):
        yield f"OpenVINO {precision}", OpenVinoBackend(bundle.plan, models, precision)


def row(name: str, run: Run, plan: Plan, image: Float32Array, repeats: int) -> str:
    """A line of the table; of what fails, with the first line of its error in place of numbers."""
    window: Triple = (image.shape[2], image.shape[3], image.shape[4])
    size, work = " x ".join(map(str, window)), gflop(plan, window)
    try:
        first, usual = seconds(run, image, repeats)
    except Exception as error:  # a compiler that is missing or fails raises what it likes
        reason = (str(error).strip() or type(error).__name__).splitlines()[0].replace("|", "/")
        return f"| {size} | {work:.0f} | {name} | failed: {reason[:120]} | | | |"
    body_voxels = BODY_SHARE * np.prod(STUDY_MM) / plan.grid.in_plane_spacing_mm**2 / SLICE_MM
    study = usual * body_voxels / np.prod(window)
    return f"| {size} | {work:.0f} | {name} | {first:.1f} | {usual:.2f} | {work / usual:.0f} | {study:.1f} |"


def window_of(text: str) -> Triple:
    """Sides from the command line.

    >>> window_of("96x128x24")
    (96, 128, 24)
    """
    x, y, z = map(int, text.split("x"))
    return x, y, z


def seconds(run: Run, window: Float32Array, repeats: int) -> tuple[float, float]:
    """Of the first call, which compiles, and the median of later ones."""
    spent = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        run(window)
        spent.append(time.perf_counter() - start)
    return spent[0], statistics.median(spent[1:])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--compile", action="store_true", help="torch.compile too, which takes minutes")
    parser.add_argument("--windows", type=window_of, nargs="+", default=WINDOWS, help="such as 96x128x24")
    parser.add_argument("overrides", nargs="*")
    arguments = parser.parse_args()
    plan = default_plan(*arguments.overrides)
    rates = {"f32": torch.float32} | ({"bf16": torch.bfloat16} if cpu_has_bf16() else {})
    print(f"channels {plan.network.channels}, {plan.grid.in_plane_spacing_mm} mm in plane")
    print("matrix product: " + ", ".join(f"{name} {matrix_gflop_s(kind):.0f} GFLOP/s" for name, kind in rates.items()))
    print("\n| window | GFLOP | by | first call, s | s | GFLOP/s | body of a study, s |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        bundle = save_untrained(Path(folder) / "bundle", plan)
        for window in arguments.windows:
            torch.compiler.reset()  # else the second size is compiled for sizes of any kind, and is slower
            image = np.random.default_rng(0).standard_normal((1, len(plan.sequences), *window), dtype=np.float32)
            for name, run in backends(bundle, Path(folder) / "bundle", compiled=arguments.compile):
                print(row(name, run, plan, image, arguments.repeats), flush=True)


if __name__ == "__main__":
    main()
