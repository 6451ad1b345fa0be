"""Seconds and memory of one phantom study, full and tiny, on one core.

python benchmarks/phantom.py [patients]
"""

from __future__ import annotations

import resource
import statistics
import sys
import time

from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import Preset, preset_named

GOALS_S = {"tiny": 0.2, "full": 10.0}


def seconds_each(preset: Preset, patients: int) -> list[float]:
    """Wall time of each patient, without writing it."""
    seconds = []
    for index in range(patients):
        start = time.perf_counter()
        make_patient(preset, seed=0, index=index)
        seconds.append(time.perf_counter() - start)
    return seconds


def main(patients: int) -> None:
    """Print a row for each size; the peak is that of the process so far, so the larger size comes last."""
    make_patient(preset_named("plain", tiny=True), seed=0, index=0)  # imports are not what is measured
    for name, goal_s in GOALS_S.items():
        seconds = seconds_each(preset_named("plain", tiny=name == "tiny"), patients)
        peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        spread = f"{min(seconds):.2f}-{max(seconds):.2f}"
        print(f"{name}: median {statistics.median(seconds):.2f} s ({spread}), goal {goal_s} s; peak {peak_gb:.2f} GB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
