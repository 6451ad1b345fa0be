"""Peak memory of a whole `crmo-seg predict`, by length of the study and number of classes.

python benchmarks/inference_memory.py [--classes 1 24] [--rows 600 1200 2400]

The image itself is longer too: what it takes as float32, once, stands beside the peak.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from process_tree import run_measured
from scipy import ndimage
from untrained import default_plan, save_untrained

from crmo_seg.io.nifti import write_nifti
from crmo_seg.volume import Geometry, Volume

SPACING_MM = (1.25, 6.0, 1.25)


def tissue(rows: int) -> Volume:
    """A cylinder of smooth tissue in air, 384 x 36 x rows."""
    generator = np.random.default_rng(0)
    x, y = np.meshgrid(np.linspace(-1, 1, 384), np.linspace(-1, 1, 36), indexing="ij")
    inside = (x**2 + y**2 < 0.6).astype(np.float32)[:, :, None]
    coarse = generator.normal(100, 30, (24, 9, rows // 16 + 1)).astype(np.float32)
    texture = ndimage.zoom(coarse, (16, 4, 16), order=1)[:, :, :rows]
    return Volume(np.ascontiguousarray(inside * texture, dtype=np.float32), _grid((384, 36, rows)))


def _grid(shape: tuple[int, int, int]) -> Geometry:
    return Geometry(np.diag([*SPACING_MM, 1.0]), shape)


def main() -> None:
    """Print a row for each length and number of classes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--classes", type=int, nargs="+", default=[1, 24])
    parser.add_argument("--rows", type=int, nargs="+", default=[600, 1200, 2400])
    arguments = parser.parse_args()
    print("| rows | classes | the image, MB | seconds | peak of the process tree, MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for classes in arguments.classes:
            save_untrained(folder / f"bundle_{classes}", default_plan(classes=classes))
        for rows in arguments.rows:
            write_nifti(folder / f"rows_{rows}.nii.gz", tissue(rows))
            for classes in arguments.classes:
                command: list[str | Path] = [
                    sys.executable,
                    "-m",
                    "crmo_seg",
                    "predict",
                    folder / f"rows_{rows}.nii.gz",
                    "-q",
                ]
                command += ["-o", folder / f"out_{classes}", "--model", folder / f"bundle_{classes}"]
                seconds, peak_mb = run_measured(command)
                image_mb = 384 * 36 * rows * 4 / 1e6
                print(f"| {rows} | {classes} | {image_mb:.0f} | {seconds:.1f} | {peak_mb:.0f} |", flush=True)


if __name__ == "__main__":
    main()
