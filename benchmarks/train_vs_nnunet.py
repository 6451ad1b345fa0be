"""Train nnU-Net and crmo_seg for the same minutes on the same split, and at the same network, patch and batch.

python benchmarks/train_vs_nnunet.py RAW [--minutes 20] [--speed-minutes 3] [--peer-python PATH] [--work DIR]

RAW is a data set in nnU-Net's raw layout, one sequence, for which configs/experiment/hippocampus.yaml is made.
PATH is the interpreter of an environment with nnunetv2; without it one is made under DIR with pip.
Nothing else should run meanwhile. nnU-Net trains with its own plan and defaults and is validated without mirroring.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from peer_environment import REPOSITORY, peer_python

from crmo_seg.cases import read_manifest, write_manifest
from crmo_seg.training.folds import with_folds

HERE: Final = Path(__file__).parent
HEAD: Final = "hippocampus"
FOLDS: Final = 5


def run(*command: str | Path) -> None:
    """Run a program; its output goes to the terminal's error stream, so that stdout is the table alone."""
    subprocess.run([str(part) for part in command], check=True, stdout=sys.stderr)


def import_data(raw: Path, work: Path) -> tuple[Path, list[str]]:
    """The manifest with its folds written out, and the validation cases of fold 0."""
    bare, manifest = work / "imported.csv", work / "manifest.csv"
    run(sys.executable, "-m", "crmo_seg", "dataset", "import", "nnunet", raw, "-o", bare)
    cases = with_folds(read_manifest(bare), HEAD, FOLDS)
    write_manifest(manifest, cases)
    return manifest, [case.case_id for case in cases if case.fold == 0]


def peer(raw: Path, work: Path, python: Path, validation: Sequence[str], minutes: float) -> dict[str, Any]:
    """nnU-Net with its own plan."""
    cases, result = work / "validation.json", work / "nnunet.json"
    cases.write_text(json.dumps(list(validation)))
    run(python, HERE / "peers" / "nnunet_train.py", raw, work / "nnunet_work", cases, str(minutes), result)
    measured: dict[str, Any] = json.loads(result.read_text())
    return measured


def ours(manifest: Path, out: Path, minutes: float, *overrides: str) -> dict[str, Any]:
    """Our training with the experiment's settings, or with others."""
    clock = time.strftime("%H:%M:%S", time.gmtime(60 * minutes))
    settings = [f"data.manifest={manifest}", f"output_dir={out}", f"trainer.max_time=00:{clock}"]
    settings += [f"data.cache={out.parent / 'cache'}", "trainer.enable_progress_bar=false"]
    run(sys.executable, REPOSITORY / "train.py", "experiment=hippocampus", *settings, *overrides)
    logged = [row for path in sorted((out / "logs").rglob("metrics.csv")) for row in csv.DictReader(path.open())]
    epochs = [row for row in logged if row.get("train/images_per_s")]
    contract = yaml.safe_load((out / "bundle" / "bundle.yaml").read_text())
    return {
        "iterations": max(int(row["step"]) for row in logged) + 1,
        "images_per_s": _mean(epochs, "train/images_per_s"),
        "waiting_share": _mean(epochs, "train/waiting_share"),
        "dice": contract["provenance"]["metrics"][f"val/{HEAD}_dice"],
        "patch": contract["plan"]["patch"],
    }


def same_network(peers: Mapping[str, Any]) -> list[str]:
    """Overrides that give us nnU-Net's network, patch and batch; its first axis is our last."""
    network, (last, *first) = peers["network"], peers["patch"]
    stages = {
        "channels": network["features_per_stage"],
        "strides": [_turned(step) for step in network["strides"]],
        "kernels": [_turned(size) for size in network["kernel_sizes"]],
    }
    batch = peers["batch_size"]
    return [
        "network=default",
        "network.grid={in_plane_spacing_mm: 1.0, slice_spacing_range_mm: [1.0, 1.0]}",
        f"network.patch={[*first, last]}".replace(" ", ""),
        *(f"network.stages.{name}={values}".replace(" ", "") for name, values in stages.items()),
        f"data.sampling.batch_size={batch}",
        f"data.sampling.patches_per_epoch={4 * batch}",
        "trainer.check_val_every_n_epoch=1000",
        "trainer.limit_val_batches=2",
    ]


def _turned(triple: Sequence[int]) -> list[int]:
    return [*triple[1:], triple[0]]


def _mean(rows: Sequence[Mapping[str, str]], name: str) -> float:
    """Over epochs, the first left out, which warms up, where there are more."""
    values = [float(row[name]) for row in rows]
    kept = values[1:] or values
    return sum(kept) / len(kept)


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """A row a run."""
    lines = ["| | iterations | images/s | waiting for data | mean Dice of validation cases |", "|---|---|---|---|---|"]
    for name, row in rows.items():
        dice = f"{row['dice']:.3f}" if "dice" in row else "-"
        waiting = f"{100 * row['waiting_share']:.1f} %"
        lines.append(f"| {name} | {row['iterations']} | {row['images_per_s']:.2f} | {waiting} | {dice} |")
    return "\n".join(lines)


def main() -> None:
    """Run both sides and print the table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("raw", type=Path)
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--speed-minutes", type=float, default=3)
    parser.add_argument("--peer-python")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "outputs" / "train_vs_nnunet")
    arguments = parser.parse_args()
    work = arguments.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    python = peer_python(arguments.peer_python, work)
    manifest, validation = import_data(arguments.raw.absolute(), work)
    theirs = peer(arguments.raw.absolute(), work, python, validation, arguments.minutes)
    own = ours(manifest, work / "ours", arguments.minutes)
    plan = f"nnU-Net's network, patch {theirs['patch']}, batch {theirs['batch_size']}"
    same = {}
    for name, compiled in ((plan, "false"), (f"{plan}, compiled", "true")):
        settings = (*same_network(theirs), f"compile={compiled}")
        same[name] = ours(manifest, work / f"same_compile_{compiled}", arguments.speed_minutes, *settings)
        del same[name]["dice"]  # of two cases after a few steps: says nothing
    rows = {f"crmo_seg, {name}": row for name, row in same.items()}
    print(table({"nnU-Net, its plan": theirs, "crmo_seg, its plan": own, **rows}))
    for name, row in same.items():
        ratio = row["images_per_s"] / theirs["images_per_s"]
        print(f"\nimages per second at {name}: {ratio:.2f} times nnU-Net's; goal 2.5")


if __name__ == "__main__":
    main()
