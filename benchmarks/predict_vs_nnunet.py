"""One composed whole-body study, 384 x 36 x 1200 voxels: `crmo-seg predict` and nnU-Net, whole processes and engines.

python benchmarks/predict_vs_nnunet.py [--model BUNDLE] [--peer-python PATH] [--work DIR] [--without-peer]

PATH is the interpreter of an environment with nnunetv2; without it one is made under DIR with pip. Nothing else should
run meanwhile. nnU-Net has its own default plan for such studies, one fold, no mirroring, and drawn weights: its time
does not depend on them. Without --model so has crmo_seg, and masks can then only be compared to show that the programs
run: of drawn weights the classes are ties. Rows appear as they are measured, the peer's first.

The engines run each network of the model, its parts too, with windows of a training patch. Where windows overlap two
rules differ: nnU-Net averages logits, crmo_seg probabilities, and the middle of nnU-Net's Gaussian lies half a voxel
further. So nnU-Net's engine runs twice: by its own rules, and, to compare engines and not rules, by ours. A Dice tells
little where the model marks little: the row has the millilitres that nnU-Net's engine marks.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
from mask_agreement import dice_of_heads, overlaps_of_heads, pooled_dice
from peer_environment import REPOSITORY, peer_python
from process_tree import run_measured
from scipy import ndimage
from untrained import default_plan, save_untrained

from crmo_seg.bundle import ModelBundle, load_bundle, with_folders
from crmo_seg.inference.backend import Backend, load_backend
from crmo_seg.inference.modes import DEFAULT, Mode
from crmo_seg.inference.sliding import WindowOutputs, predict_windows
from crmo_seg.inference.windows import Float32Array, pad_with_air
from crmo_seg.io.nifti import read_image, read_labels, write_nifti
from crmo_seg.jobs.predict import bundle_folder
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.plan import Head, Triple
from crmo_seg.preprocess import body_region, preprocess
from crmo_seg.volume import Array, Geometry, Volume

HERE: Final = Path(__file__).parent
SHAPE: Final = (384, 36, 1200)
SPACING_MM: Final = (1.25, 6.0, 1.25)
GOALS_S: Final = {"bf16": 15.0, "f32": 35.0}
PATCHES: Final = Mode("patches", DEFAULT.overlap, largest_window=1.0)
"""Windows of a training patch, as nnU-Net has them."""
CASES: Final = 3  # nnU-Net plans from so many
ENGINE_BAR: Final = 0.995
MODES: Final[tuple[tuple[str, ...], ...]] = ((), ("--precision", "f32"), ("--fast",), ("--best",))
HEADER: Final = "| | crmo_seg | nnU-Net | ratio | |\n|---|---|---|---|---|"


def make_studies(work: Path) -> list[Path]:
    """Phantoms on the grid of the comparison, in nnU-Net's raw layout too; their images."""
    raw = work / "nnunet_work" / "raw" / "Dataset004_Benchmark"
    images = [raw / "imagesTr" / f"case_{number}_0000.nii.gz" for number in range(CASES)]
    if not (raw / "dataset.json").exists():
        for name in ("imagesTr", "labelsTr"):
            (raw / name).mkdir(parents=True, exist_ok=True)
        manifest = make_phantoms(work / "phantom", PhantomOptions(patients=CASES, preset="whole_body"))
        for number, image in enumerate(images):
            folder = sorted(path for path in manifest.parent.iterdir() if path.is_dir())[number]
            write_nifti(image, on_the_grid(read_image(folder / "stir.nii.gz"), 1))
            label = on_the_grid(read_labels(folder / "edema.nii.gz"), 0)
            write_nifti(raw / "labelsTr" / f"case_{number}.nii.gz", label)
        labels = {"background": 0, "edema": 1}
        content = {"channel_names": {"0": "stir"}, "labels": labels, "numTraining": CASES, "file_ending": ".nii.gz"}
        (raw / "dataset.json").write_text(json.dumps(content))
    return images


def on_the_grid(volume: Volume, order: int) -> Volume:
    """A phantom stretched to the shape of the comparison."""
    upright = volume.canonical()
    scale = np.array(upright.array.shape) / SHAPE
    array: Array = ndimage.affine_transform(upright.array, scale, output_shape=SHAPE, order=order, mode="nearest")
    return Volume(array, Geometry(np.diag([*SPACING_MM, 1.0]), SHAPE))


def ours(study: Path, work: Path, model: Path, *options: str) -> tuple[float, float, dict[str, Any]]:
    """Seconds, peak memory in MB, and the summary of a whole `crmo-seg predict`."""
    out = work / "prediction"
    command: list[str | Path] = [sys.executable, "-m", "crmo_seg", "predict", study, "-o", out, "--model", model]
    command += ["--overwrite", "-q"]
    seconds, peak_mb = run_measured([*command, *options])
    (summary,) = out.glob("*/summary.json")
    content: dict[str, Any] = json.loads(summary.read_text())
    return seconds, peak_mb, content


def peers(study: Path, work: Path, python: Path) -> tuple[float, float]:
    """Seconds and peak memory of a whole `nnUNetv2_predict`."""
    place = work / "nnunet_work"
    if not (place / "results").exists():
        subprocess.run([python, HERE / "peers" / "nnunet_untrained.py", place], check=True, stdout=sys.stderr)
    given = place / "given"
    given.mkdir(exist_ok=True)
    link = given / study.name
    link.unlink(missing_ok=True)
    link.symlink_to(study)
    command: list[str | Path] = [python.parent / "nnUNetv2_predict", "-i", given, "-o", place / "predicted", "-d", "4"]
    command += ["-c", "3d_fullres", "-f", "0", "--disable_tta", "-npp", "1", "-nps", "1", "-device", "cpu"]
    folders = {f"nnUNet_{name}": str(place / name) for name in ("raw", "preprocessed", "results")}
    return run_measured(command, folders)


def engines(study: Path, work: Path, model: Path, python: Path) -> None:
    """The same weights, array and windows in both programs; prints seconds, their ratio and the agreement of masks."""
    for bundle, folder in with_folders(load_bundle(model), model):
        marks = ", ".join(head.name for head in bundle.plan.heads)
        for row in engine_rows(read_image(study), bundle, folder, work, python):
            print(f"| engine, the same weights ({marks}), {row}", flush=True)


def engine_rows(scan: Volume, bundle: ModelBundle, folder: Path, work: Path, python: Path) -> Iterator[str]:
    """For one network: all windows and those with body, each beside nnU-Net's engine by its rules and by ours."""
    unpadded, grid = preprocess([scan], bundle.plan.grid)
    # A scan smaller than a window each program would pad in its own way: with air behind, or with 0 around.
    image = pad_with_air(unpadded, bundle.plan.patch)
    geometry = Geometry(grid.geometry.affine, image.shape[1:])
    everywhere = np.ones(image.shape[1:], dtype=bool)
    bodies = {"all windows": everywhere, "windows with body": body_region(image, geometry.spacing_mm)}
    runs = {name: engine_of_ours(image, body, bundle, folder) for name, body in bodies.items()}
    theirs = engine_of_nnunet(image, runs["all windows"].outputs.window, work, bundle, folder, python)
    for (name, run), (rules, their) in product(runs.items(), theirs.items()):
        overlaps = overlaps_of_heads(pred=on_grid(run.masks(bundle), geometry), ref=on_grid(their.masks, geometry))
        marked = ", ".join(f"{head} {sum(one.ref_ml for one in own.values()):.1f}" for head, own in overlaps.items())
        size = " x ".join(map(str, run.outputs.window))
        yield (
            f"{name} ({run.outputs.windows_run} of {size}), {run.how}; nnU-Net by {rules} rules | "
            f"{run.seconds:.1f} s | {their.seconds:.1f} s | {their.seconds / run.seconds:.1f} | "
            f"pooled Dice {pooled_dice(overlaps):.4f} (bar {ENGINE_BAR}): {dice_of_heads(overlaps)}; "
            f"nnU-Net marks, ml: {marked} |"
        )


def on_grid(masks: Mapping[str, Array], geometry: Geometry) -> dict[str, Volume]:
    """Masks with the grid that they are on."""
    return {head: Volume(mask.astype(np.uint8), geometry) for head, mask in masks.items()}


@dataclass(frozen=True, eq=False)
class PeerRun:
    """What nnU-Net's sliding window gave."""

    seconds: float
    masks: dict[str, Array]


def engine_of_nnunet(
    image: Float32Array, window: Triple, work: Path, bundle: ModelBundle, folder: Path, python: Path
) -> dict[str, PeerRun]:
    """Its sliding window with our network, by its own rules of averaging and by ours."""
    array, out = work / "image.npy", work / "averages.npz"
    np.save(array, image)
    command: list[str | Path] = [python, HERE / "peers" / "nnunet_engine.py", folder, array, ",".join(map(str, window))]
    command += [str(DEFAULT.overlap), out]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    logits_s, probabilities_s = map(float, done.stdout.splitlines()[-1].split())
    averages = np.load(out)
    logit = float(np.log(bundle.threshold / (1 - bundle.threshold)))
    return {
        "its own": PeerRun(logits_s, masks_of(averages["logits"], bundle.plan.heads, logit)),
        "our": PeerRun(probabilities_s, masks_of(averages["probabilities"], bundle.plan.heads, bundle.threshold)),
    }


def masks_of(channels: Array, heads: Sequence[Head], least: float) -> dict[str, Array]:
    """Channels of all heads, one after the other: what reaches the least value, or the class with the largest."""
    masks, first = {}, 0
    for head in heads:
        part = channels[first : first + head.channels]
        first += head.channels
        masks[head.name] = part[0] >= least if head.channels == 1 else part.argmax(axis=0).astype(np.uint8)
    return masks


@dataclass(frozen=True, eq=False)
class EngineRun:
    """What our sliding window gave, and how."""

    seconds: float
    outputs: WindowOutputs
    backend: Backend

    @property
    def how(self) -> str:
        """Library and precision."""
        return f"{self.backend.name} {self.backend.precision}"

    def masks(self, bundle: ModelBundle) -> dict[str, Array]:
        """Heads of one channel above the threshold, classes of the others."""
        above = {head: part >= bundle.threshold for head, part in self.outputs.probabilities.items()}
        return {**above, **self.outputs.classes}


def engine_of_ours(image: Float32Array, body: Array, bundle: ModelBundle, model: Path) -> EngineRun:
    """Our sliding window, loading included, with windows of the patch as nnU-Net has them."""
    start = time.perf_counter()
    backend = load_backend(bundle, model, "cpu")
    outputs = predict_windows(image, body, backend, bundle.plan, PATCHES)
    return EngineRun(time.perf_counter() - start, outputs, backend)


def whole_processes(study: Path, work: Path, model: Path, theirs: tuple[float, float]) -> dict[str, float]:
    """A row for each mode as soon as it is measured; the seconds inside of the first."""
    theirs_s, theirs_mb = theirs
    inside: dict[str, float] = {}
    for options in MODES:
        note(f"crmo-seg predict {' '.join(options)}")
        seconds, peak_mb, summary = ours(study, work, model, *options)
        inside = inside or summary["timings_s"]
        goal = GOALS_S.get(summary["precision"], float("nan"))
        print(f"| whole process: {summary['mode']}, {summary['backend']} {summary['precision']}, "
              f"{summary['windows_run']} of {summary['windows_in_all']} windows of {summary['window']} | "
              f"{seconds:.1f} s, {peak_mb / 1000:.2f} GB | {theirs_s:.0f} s, {theirs_mb / 1000:.2f} GB | "
              f"{theirs_s / seconds:.0f} | goal {goal:.0f} s |", flush=True)  # fmt: skip
    return inside


def note(doing: str) -> None:
    """Tell on the terminal what is being done: some steps take minutes."""
    print(f"... {doing}", file=sys.stderr, flush=True)


def main() -> None:
    """Run both sides and print the table."""
    arguments = _arguments()
    work = arguments.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    note("phantoms")
    study = make_studies(work)[0]
    model = bundle_folder(arguments.model) if arguments.model else work / "bundle"
    if not arguments.model:
        note("a network with drawn weights, exported")
        save_untrained(model, default_plan())
    python = None if arguments.without_peer else peer_python(arguments.peer_python, work)
    theirs = (float("nan"), float("nan"))
    if python and not arguments.engines_only:
        note("nnUNetv2_predict, minutes")
        theirs = peers(study, work, python)
    if not arguments.engines_only:
        note("crmo-seg predict, not counted: our bytecode, which nnU-Net's has by pip")
        ours(study, work, model)
    print(HEADER, flush=True)
    inside = {} if arguments.engines_only else whole_processes(study, work, model, theirs)
    if python:
        note("engines")
        engines(study, work, model, python)
    if inside:
        print("\nseconds inside:", json.dumps(inside))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", help="a bundle with an OpenVINO model: its folder, or the name of a shipped model")
    parser.add_argument("--peer-python", help="of an environment with nnunetv2")
    parser.add_argument("--without-peer", action="store_true", help="crmo_seg alone")
    parser.add_argument("--engines-only", action="store_true", help="no whole processes: the two sliding windows alone")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "outputs" / "predict_vs_nnunet")
    return parser.parse_args()


if __name__ == "__main__":
    main()
