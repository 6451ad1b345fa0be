"""Milliseconds of each augmentation for one patch on one core: ours, MONAI's, batchgeneratorsv2's (nnU-Net's).

python benchmarks/augmentation.py [--peer-python PATH] [--rounds 3] [--draws 15]

PATH is the interpreter of an environment with it: `python -m venv X; X/bin/pip install batchgeneratorsv2`.
Rounds alternate between the three and medians are taken, so that other work on the machine meets all of them alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from os import environ

from augmenters.inputs import Draw, Patch

PATCHES: dict[str, Patch] = {
    "2 x 64 x 64 x 64": (64, 64, 64),
    "2 x 96 x 128 x 24": (96, 128, 24),
    "2 x 40 x 56 x 40": (40, 56, 40),
}
GOALS_MS = {"2 x 64 x 64 x 64": 15.0, "2 x 40 x 56 x 40": 6.0}
MAKERS = {"ours": "augmenters.ours", "MONAI": "augmenters.monais", "bgv2": "augmenters.nnunets"}
ONE_CORE = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}


def milliseconds(draw: Draw, draws: int) -> float:
    """Median of some draws, after two that fill caches."""
    spent = []
    for seed in range(draws + 2):
        start = time.perf_counter()
        draw(seed)
        spent.append(1000 * (time.perf_counter() - start))
    return statistics.median(spent[2:])


def mean_milliseconds(draw: Draw, draws: int) -> float:
    """Mean, for pipelines whose steps act in some draws only."""
    draw(0)
    start = time.perf_counter()
    for seed in range(8 * draws):
        draw(seed)
    return 1000 * (time.perf_counter() - start) / (8 * draws)


def measure(draws_of: Mapping[str, Draw], draws: int) -> dict[str, float]:
    """Every row; rows that start with 'all' act with a probability."""
    return {
        name: (mean_milliseconds if name.startswith("all") else milliseconds)(draw, draws)
        for name, draw in draws_of.items()
    }


def in_its_own_process(python: str, maker: str, patch: str, draws: int) -> dict[str, float]:
    """Each measured in a fresh process, so that none warms caches for another."""
    command = [python, __file__, "--maker", maker, "--patch", patch, "--draws", str(draws)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**environ, **ONE_CORE})
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def compare(patch: str, pythons: Mapping[str, str], rounds: int, draws: int) -> None:
    """Print a row for each transform, and how many times slower the others are."""
    spent: dict[str, list[dict[str, float]]] = {maker: [] for maker in pythons}
    for _ in range(rounds):
        for maker, python in pythons.items():
            spent[maker].append(in_its_own_process(python, maker, patch, draws))
    print(f"\n{patch}, image and label of 3 classes; milliseconds (times ours)")
    print("  " + "".join(f"{maker:>18}" for maker in ("", *pythons)))
    for name in spent["ours"][0]:
        own = statistics.median(one[name] for one in spent["ours"])
        cells = [f"{own:9.2f}        "]
        for maker in list(pythons)[1:]:
            other = statistics.median(one[name] for one in spent[maker]) if name in spent[maker][0] else None
            cells.append(" " * 17 if other is None else f"{other:9.2f} ({other / own:4.1f})")
        print(f"  {name:>17}" + "".join(f"{cell:>18}" for cell in cells))
    print(f"  goal for all of default: {GOALS_MS[patch]} ms" if patch in GOALS_MS else "")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--peer-python", help="interpreter of an environment with batchgeneratorsv2")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=15)
    parser.add_argument("--maker", choices=sorted(MAKERS), help=argparse.SUPPRESS)
    parser.add_argument("--patch", choices=sorted(PATCHES), help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Compare all, or measure one in this process."""
    arguments = parsed()
    if arguments.maker:
        measured = measure(import_module(MAKERS[arguments.maker]).draws_of(PATCHES[arguments.patch]), arguments.draws)
        print(json.dumps(measured))
        return
    pythons = {"ours": sys.executable, "MONAI": sys.executable}
    if arguments.peer_python:
        pythons["bgv2"] = arguments.peer_python
    for patch in PATCHES:
        compare(patch, pythons, arguments.rounds, arguments.draws)


if __name__ == "__main__":
    main()
