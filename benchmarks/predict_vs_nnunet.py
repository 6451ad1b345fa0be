"""One composed whole-body study, 384 x 36 x 1200 voxels: `crmo-seg predict` and nnU-Net, whole processes and engines.

python benchmarks/predict_vs_nnunet.py [--model BUNDLE] [--peer-python PATH] [--work DIR] [--without-peer]

PATH is the interpreter of an environment with nnunetv2; without it one is made under DIR with pip. Nothing else should
run meanwhile. nnU-Net has its own default plan for such studies, one fold, no mirroring, and drawn weights: its time
does not depend on them. Without --model so has crmo_seg.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
from peer_environment import REPOSITORY, peer_python
from process_tree import run_measured
from scipy import ndimage
from untrained import default_plan, save_untrained

from crmo_seg.bundle import ModelBundle, load_bundle
from crmo_seg.inference.backend import load_backend
from crmo_seg.inference.modes import DEFAULT, Mode
from crmo_seg.inference.sliding import predict_windows
from crmo_seg.inference.windows import Float32Array
from crmo_seg.io.nifti import read_image, read_labels, write_nifti
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.preprocess import body_region, preprocess
from crmo_seg.volume import Array, Geometry, Volume

HERE: Final = Path(__file__).parent
SHAPE: Final = (384, 36, 1200)
SPACING_MM: Final = (1.25, 6.0, 1.25)
GOALS_S: Final = {"bf16": 15.0, "f32": 35.0}
PATCHES: Final = Mode("patches", DEFAULT.overlap, largest_window=1.0)
"""Windows of a training patch, as nnU-Net has them."""
CASES: Final = 3  # nnU-Net plans from so many


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


def ours(study: Path, work: Path, model: Path, *options: str) -> tuple[float, float, dict[str, object]]:
    """Seconds, peak memory in MB, and the summary of a whole `crmo-seg predict`."""
    out = work / "prediction"
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "crmo_seg",
        "predict",
        study,
        "-o",
        out,
        "--model",
        model,
        "--overwrite",
        "-q",
    ]
    seconds, peak_mb = run_measured([*command, *options])
    (summary,) = out.glob("*/summary.json")
    content: dict[str, object] = json.loads(summary.read_text())
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
    bundle = load_bundle(model)
    image, grid = preprocess([read_image(study)], bundle.plan.grid)
    everywhere = np.ones(image.shape[1:], dtype=bool)
    window = bundle.plan.patch
    theirs_s, theirs = engine_of_nnunet(image, window, work, model, python)
    for name, body in (
        ("all windows", everywhere),
        ("windows with body", body_region(image, grid.geometry.spacing_mm)),
    ):
        seconds, masks, windows = engine_of_ours(image, body, bundle, model)
        agreement = ", ".join(f"{head} {dice(mask, theirs[head]):.4f}" for head, mask in masks.items())
        print(f"| engine, the same weights, {name} ({windows}) | {seconds:.1f} s | {theirs_s:.1f} s | "
              f"{theirs_s / seconds:.1f} | Dice of masks: {agreement} |")  # fmt: skip


def engine_of_nnunet(
    image: Float32Array, window: tuple[int, int, int], work: Path, model: Path, python: Path
) -> tuple[float, dict[str, Array]]:
    """Its sliding window with our network."""
    array, out = work / "image.npy", work / "logits.npz"
    np.save(array, image)
    command: list[str | Path] = [python, HERE / "peers" / "nnunet_engine.py", model, array, ",".join(map(str, window))]
    command += [str(DEFAULT.overlap), out]
    environment = {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    logits = np.load(out)["logits"].astype(np.float32)
    bundle = load_bundle(model)
    masks, first = {}, 0
    for head in bundle.plan.heads:
        part = logits[first : first + head.channels]
        first += head.channels
        above = np.log(bundle.threshold / (1 - bundle.threshold))
        masks[head.name] = part[0] >= above if head.channels == 1 else part.argmax(axis=0).astype(np.uint8)
    return float(done.stdout.splitlines()[-1]), masks


def engine_of_ours(
    image: Float32Array, body: Array, bundle: ModelBundle, model: Path
) -> tuple[float, dict[str, Array], int]:
    """Our sliding window, loading included, with windows of the patch as nnU-Net has them."""
    start = time.perf_counter()
    backend = load_backend(bundle, model, "cpu")
    outputs = predict_windows(image, body, backend, bundle.plan, PATCHES)
    seconds = time.perf_counter() - start
    masks = {head: part >= bundle.threshold for head, part in outputs.probabilities.items()}
    return seconds, masks | dict(outputs.classes), outputs.windows_run


def dice(one: Array, other: Array) -> float:
    """Of all that is not background and has the same value."""
    both = np.count_nonzero((one == other) & (one > 0))
    either = np.count_nonzero(one) + np.count_nonzero(other)
    return 2 * both / either if either else float("nan")


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", type=Path, help="a bundle with an OpenVINO model")
    parser.add_argument("--peer-python")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "outputs" / "predict_vs_nnunet")
    arguments = parser.parse_args()
    work = arguments.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    study = make_studies(work)[0]
    model = arguments.model or work / "bundle"
    if arguments.model is None:
        save_untrained(model, default_plan())
    measured = []
    for options in ([], ["--precision", "f32"], ["--fast"], ["--best"]):
        seconds, peak_mb, summary = ours(study, work, model, *options)
        how = f"{summary['mode']}, {summary['backend']} {summary['precision']}"
        windows = f"{summary['windows_run']} of {summary['windows_in_all']} windows of {summary['window']}"
        measured.append((f"{how}, {windows}", seconds, peak_mb, summary))
    python = None if arguments.without_peer else peer_python(arguments.peer_python, work)
    theirs_s, theirs_mb = peers(study, work, python) if python else (float("nan"), float("nan"))
    print("| | crmo_seg | nnU-Net | ratio | |\n|---|---|---|---|---|")
    for name, seconds, peak_mb, summary in measured:
        goal = GOALS_S.get(str(summary["precision"]), float("nan"))
        print(f"| whole process: {name} | {seconds:.1f} s, {peak_mb / 1000:.2f} GB | {theirs_s:.0f} s, "
              f"{theirs_mb / 1000:.2f} GB | {theirs_s / seconds:.0f} | goal {goal:.0f} s |")  # fmt: skip
    if python:
        engines(study, work, model, python)
    print("\nseconds inside:", json.dumps(measured[0][3]["timings_s"]))


if __name__ == "__main__":
    main()
