"""Seconds and memory of one phantom study, full and tiny, each preset, on one core.

OMP_NUM_THREADS=1 python benchmarks/phantom.py [patients]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable
from typing import Final

os.environ["OMP_NUM_THREADS"] = "1"  # before numpy is imported

from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import preset_named
from crmo_seg.phantom.settings import as_tiny, read_preset

GOALS_S: Final = {"tiny": 0.2, "full": 10.0}
GOAL_GB: Final = 2.0


def main(patients: int) -> None:
    """Print a row for each preset and size; the peak is that of the process so far, so full sizes come last."""
    for size in GOALS_S:
        for preset in ("plain", "whole_body"):
            make = maker(preset, tiny=size == "tiny")
            make(0)  # imports are not what is measured
            seconds, voxels = timed(make, patients)
            peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            spread = f"{min(seconds):.2f}-{max(seconds):.2f} s"
            most = max(voxels) / 1e6
            print(
                f"{preset}, {size}: median {statistics.median(seconds):.2f} s ({spread}), goal {GOALS_S[size]} s; "
                f"peak {peak_gb:.2f} GB, goal {GOAL_GB} GB; up to {most:.1f} million voxels"
            )


def maker(preset: str, *, tiny: bool) -> Callable[[int], int]:
    """A function that makes the patient of an index and returns how many voxels its image has."""
    if preset == "plain":
        plain = preset_named("plain", tiny=tiny)
        return lambda index: int(make_patient(plain, 0, index).image.array.size)
    settings = as_tiny(read_preset(preset)) if tiny else read_preset(preset)
    return lambda index: int(next(make_studies(settings, 0, index)).scan.bones.array.size)


def timed(make: Callable[[int], int], patients: int) -> tuple[list[float], list[int]]:
    """Wall time and voxels of each patient, without writing it."""
    seconds, voxels = [], []
    for index in range(patients):
        start = time.perf_counter()
        voxels.append(make(index))
        seconds.append(time.perf_counter() - start)
    return seconds, voxels


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("patients", type=int, nargs="?", default=5)
    main(parser.parse_args().patients)
