"""Every backend against torch in full precision: the same masks? On phantoms of every style, and your own scans.

python benchmarks/backend_agreement.py MODEL [SCAN ...] [--patients 1] [--presets whole_body exam_regions ...]

MODEL is a bundle's folder or a shipped model's name; a SCAN is what `crmo-seg predict` takes. Compared are the backend
that a study usually gets, OpenVINO in full precision, and torch's autocast where the processor computes bfloat16.
The bar: pooled Dice 0.995, a scan's edema within 0.05 ml or 1 %, the same lesions.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from mask_agreement import HeadOverlaps, dice_of_heads, overlaps_of_heads, pooled_dice, pooled_scans

from crmo_seg.bundle import ModelBundle, load_bundle, with_folders
from crmo_seg.inference.backend import Backend, load_backend
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.inference.torch_backend import TorchBackend, cpu_has_bf16
from crmo_seg.io.study import open_study
from crmo_seg.jobs.predict import bundle_folder
from crmo_seg.jobs.study_job import as_the_model_says, images_of
from crmo_seg.keys import EDEMA
from crmo_seg.lesions import overlap_voxels
from crmo_seg.phantom.exam import FAMILIES
from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.settings import EXAM_PREFIX, read_preset
from crmo_seg.prediction import Prediction

Load: TypeAlias = Callable[[ModelBundle, Path], Backend]
"""A bundle and its folder -> what runs its network."""

PRESETS: Final = ("whole_body", "spine", "region", "training", *(EXAM_PREFIX + one.name for one in FAMILIES))
SEED: Final = 7
BAR: Final = 0.995
WITHIN_ML, WITHIN_SHARE = 0.05, 0.01
HEADER: Final = (
    "| scan | backend | edema, ml | difference, ml | lesions of one only | Dice | s | torch f32, s |\n"
    "|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Agreement:
    """A backend's masks of one scan beside those of torch in full precision.

    Attributes:
        overlaps: by head and class; the reference is torch.
        volume_ml: edema of the reference.
        difference_ml: edema, absolute.
        other_lesions: lesions that share no voxel with any of the other's.
        seconds: in the network, of both.
    """

    overlaps: HeadOverlaps
    volume_ml: float
    difference_ml: float
    other_lesions: int
    seconds: tuple[float, float]

    @property
    def is_beyond(self) -> bool:
        """Whether the volume differs by more than the bar."""
        return self.difference_ml > max(WITHIN_ML, WITHIN_SHARE * self.volume_ml)

    def as_markdown(self, scan: str, backend: str) -> str:
        """A line of the table."""
        ours_s, eager_s = self.seconds
        return (
            f"| {scan} | {backend} | {self.volume_ml:.2f} | {self.difference_ml:.3f} | {self.other_lesions} | "
            f"{dice_of_heads(self.overlaps)} | {ours_s:.1f} | {eager_s:.1f} |"
        )


@dataclass
class Pool:
    """A backend's agreement on all scans."""

    scans: list[Agreement] = field(default_factory=list)

    def in_words(self, backend: str) -> str:
        """The numbers that the bar is about."""
        overlaps = pooled_scans(one.overlaps for one in self.scans)
        beyond = sum(one.is_beyond for one in self.scans)
        largest_ml = max((one.difference_ml for one in self.scans), default=0.0)
        return (
            f"{backend}, {len(self.scans)} scans: pooled Dice {pooled_dice(overlaps):.4f} (bar {BAR}): "
            f"{dice_of_heads(overlaps)}; {beyond} whose volume differs by more than {WITHIN_ML} ml and "
            f"{WITHIN_SHARE:.0%}, largest difference {largest_ml:.3f} ml; "
            f"{sum(one.other_lesions for one in self.scans)} lesions of one only"
        )


def scans(presets: list[str], patients: int, paths: list[Path], predictor: Predictor) -> Iterator[StudyImages]:
    """Phantoms, then studies of your own."""
    for preset in presets:
        for number in range(patients):
            study = next(make_studies(read_preset(preset), SEED, number))
            yield StudyImages(f"{preset} {number}", as_the_model_says(study.scan.images, predictor))
    for path in paths:
        for own in open_study(path):
            yield images_of(own, "", predictor)


def compare(fast: Prediction, eager: Prediction) -> Agreement:
    """One scan by two backends."""
    overlaps = overlaps_of_heads(pred=fast.masks, ref=eager.masks)
    edema = overlaps.get(EDEMA, {}).values()
    return Agreement(
        overlaps,
        sum(one.ref_ml for one in edema),
        sum(abs(one.volume_error_ml) for one in edema),
        lesions_of_one_only(fast, eager),
        (fast.provenance.timings_s["network"], eager.provenance.timings_s["network"]),
    )


def lesions_of_one_only(fast: Prediction, eager: Prediction) -> int:
    """Lesions that share no voxel with any of the other's."""
    if fast.lesion_map is None or eager.lesion_map is None:
        return 0
    shared = overlap_voxels(pred=fast.lesion_map.labels.array, ref=eager.lesion_map.labels.array)[1:, 1:] > 0
    return int((~shared.any(axis=0)).sum() + (~shared.any(axis=1)).sum())


def predictor_by(load: Load, bundle: ModelBundle, folder: Path) -> Predictor:
    """A model whose networks, its own and those of its parts, all run on one backend."""
    own, *parts = [load(single, place) for single, place in with_folders(bundle, folder)]
    return Predictor(bundle, own, part_backends=parts)


def predictors(bundle: ModelBundle, folder: Path) -> dict[str, Predictor]:
    """What this machine can run, by library and precision; the usual one first."""
    loads: list[Load] = [partial(load_backend, device="cpu", precision=precision, notice=sys.exit)
                         for precision in ("auto", "f32")]  # fmt: skip
    if cpu_has_bf16():
        loads.append(lambda single, _: TorchBackend(single, "cpu", "bf16"))
    found = [predictor_by(load, bundle, folder) for load in loads]
    return {f"{one.backend.name} {one.backend.precision}": one for one in found}


def main() -> None:
    """Print a row for each scan and backend, and the pools."""
    arguments = _arguments()
    folder = bundle_folder(arguments.model)
    bundle = load_bundle(folder)
    eager = predictor_by(lambda single, _: TorchBackend(single, "cpu", "f32"), bundle, folder)
    others = predictors(bundle, folder)
    pools = {name: Pool() for name in others}
    print(HEADER, flush=True)
    for study in scans(arguments.presets, arguments.patients, arguments.scans, eager):
        reference = eager.predict(study)
        for name, predictor in others.items():
            agreement = compare(predictor.predict(study), reference)
            pools[name].scans.append(agreement)
            print(agreement.as_markdown(study.case_id, name), flush=True)
    if not cpu_has_bf16():
        print("\nautocast is left out: this processor computes no bfloat16")
    print("\n" + "\n".join(pool.in_words(name) for name, pool in pools.items()))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("model", help="folder of a bundle, or the name of a shipped model")
    parser.add_argument("scans", type=Path, nargs="*", help="studies of your own")
    parser.add_argument("--patients", type=int, default=1, help="phantoms of each preset")
    parser.add_argument("--presets", nargs="*", choices=PRESETS, default=list(PRESETS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
