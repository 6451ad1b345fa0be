"""OpenVINO against torch in full precision: the same masks? On phantoms of every style, and on scans of your own.

python benchmarks/backend_agreement.py MODEL [SCAN.nii.gz ...] [--patients 2]

The bar: pooled Dice 0.995, a scan's volume within 0.05 ml or 1 %, the same lesions of 0.1 ml.
A scan's bones count voxels with the same class.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from crmo_seg.bundle import ModelBundle, load_bundle
from crmo_seg.inference.backend import load_backend
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.inference.torch_backend import TorchBackend
from crmo_seg.io.nifti import read_image
from crmo_seg.keys import EDEMA
from crmo_seg.lesions import overlap_voxels
from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.settings import read_preset
from crmo_seg.prediction import Prediction
from crmo_seg.volume import Array, Volume

PRESETS: Final = ("whole_body", "spine", "region", "training")


@dataclass
class Pooled:
    """Counts over scans."""

    both: int = 0
    either: int = 0
    largest_difference_ml: float = 0.0
    scans_beyond: int = 0
    other_lesions: int = 0
    scans: int = 0

    @property
    def dice(self) -> float:
        """Of all scans together."""
        return 2 * self.both / self.either if self.either else float("nan")


def scans(patients: int, files: list[Path]) -> Iterator[tuple[str, Volume]]:
    """Phantoms, then files."""
    for preset in PRESETS:
        for number in range(patients):
            study = next(make_studies(read_preset(preset), 7, number))
            yield f"{preset} {number}", next(iter(study.scan.images.values()))
    for path in files:
        yield path.name, read_image(path)


def compare(name: str, fast: Prediction, eager: Prediction, pooled: Pooled) -> str:
    """A row, and its counts added to the pool."""
    one, other = fast.masks[EDEMA], eager.masks[EDEMA]
    both, sizes = int((one.array & other.array).sum()), int(one.array.sum() + other.array.sum())
    voxel_ml = one.geometry.voxel_volume_ml
    volume_ml, difference_ml = (
        other.array.sum() * voxel_ml,
        abs(int(one.array.sum()) - int(other.array.sum())) * voxel_ml,
    )
    unmatched = lesions_of_one_only(fast, eager)
    pooled.both, pooled.either, pooled.scans = pooled.both + both, pooled.either + sizes, pooled.scans + 1
    pooled.largest_difference_ml = max(pooled.largest_difference_ml, difference_ml)
    pooled.scans_beyond += difference_ml > max(0.05, 0.01 * volume_ml)
    pooled.other_lesions += unmatched
    dice = 2 * both / sizes if sizes else float("nan")
    bones = (
        same_classes(fast.masks["bones"].array, eager.masks["bones"].array) if "bones" in fast.masks else float("nan")
    )
    times = f"{fast.provenance.timings_s['network']:.1f} | {eager.provenance.timings_s['network']:.1f}"
    return f"| {name} | {volume_ml:.2f} | {difference_ml:.3f} | {dice:.4f} | {unmatched} | {bones:.5f} | {times} |"


def lesions_of_one_only(fast: Prediction, eager: Prediction) -> int:
    """Lesions that share no voxel with any of the other's."""
    if fast.lesion_map is None or eager.lesion_map is None:
        return 0
    shared = overlap_voxels(pred=fast.lesion_map.labels.array, ref=eager.lesion_map.labels.array)[1:, 1:] > 0
    return int((~shared.any(axis=0)).sum() + (~shared.any(axis=1)).sum())


def same_classes(one: Array, other: Array) -> float:
    """Share of the voxels that either calls bone."""
    either = (one > 0) | (other > 0)
    return float((one == other)[either].mean()) if either.any() else float("nan")


def predictors(bundle: ModelBundle, folder: Path) -> tuple[Predictor, Predictor]:
    """The usual one and the reference."""
    fast = load_backend(bundle, folder, "cpu", notice=sys.exit)
    return Predictor(bundle, fast), Predictor(bundle, TorchBackend(bundle, "cpu", "f32"))


def main() -> None:
    """Print a row a scan, and the pool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", type=Path)
    parser.add_argument("scans", type=Path, nargs="*")
    parser.add_argument("--patients", type=int, default=2, help="phantoms of each preset")
    arguments = parser.parse_args()
    bundle = load_bundle(arguments.model)
    fast, eager = predictors(bundle, arguments.model)
    (sequence,) = bundle.plan.sequences
    print(f"| scan | edema, ml | difference, ml | Dice | lesions of one only | same bones | {fast.backend.name} "
          f"{fast.backend.precision}, s | torch f32, s |\n|---|---|---|---|---|---|---|---|")  # fmt: skip
    pooled = Pooled()
    for name, image in scans(arguments.patients, arguments.scans):
        study = StudyImages(name, {sequence: image.with_array(np.asarray(image.array, np.float32))})
        print(compare(name, fast.predict(study), eager.predict(study), pooled), flush=True)
    print(f"\n{pooled.scans} scans: pooled Dice {pooled.dice:.4f} (bar 0.995), {pooled.scans_beyond} whose volume "
          f"differs by more than 0.05 ml and 1 %, largest difference {pooled.largest_difference_ml:.3f} ml, "
          f"{pooled.other_lesions} lesions of one only")  # fmt: skip


if __name__ == "__main__":
    main()
