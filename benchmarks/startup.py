"""How long `crmo-seg --help` takes, beside a bare interpreter, a plain `import typer` and `import torch`.

python benchmarks/startup.py [runs]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

GOAL_S = 0.5
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "import typer": ["-c", "import typer"],
    "crmo-seg --help": ["-m", "crmo_seg", "--help"],
    "import torch": ["-c", "import torch"],
}


def median_seconds(arguments: list[str], runs: int) -> float:
    """Median wall time of a process, after one run that warms the file cache."""
    seconds = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def main(runs: int) -> None:
    """Print a row for each command."""
    print(f"Start-up, median of {runs} runs; goal for crmo-seg --help: {GOAL_S} s")
    for name, arguments in COMMANDS.items():
        print(f"  {name:<16} {median_seconds(arguments, runs):6.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("runs", type=int, nargs="?", default=5)
    main(parser.parse_args().runs)
