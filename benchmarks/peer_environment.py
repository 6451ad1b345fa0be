"""An environment of its own for nnU-Net, which the benchmarks compare with."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
_PACKAGES: Final = ("nnunetv2", "safetensors", "pyyaml")  # the last two read our bundles


def peer_python(given: str | None, work: Path) -> Path:
    """The interpreter of an environment with nnU-Net; made by pip below ``work`` where none is given."""
    if given:
        return Path(given)
    python = work / "nnunet" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", work / "nnunet"], check=True, stdout=sys.stderr)
        command: list[str | Path] = [python, "-m", "pip", "install", "--quiet", *_PACKAGES]
        command += ["-c", REPOSITORY / "constraints.txt"]
        subprocess.run(command, check=True, stdout=sys.stderr)
    return python
