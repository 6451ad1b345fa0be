"""Train nnU-Net with its own plan for some minutes, timed; runs in an environment that has nnunetv2.

python nnunet_train.py RAW WORK VALIDATION_CASES.json MINUTES RESULT.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

DATASET_ID = "4"
CONFIGURATION = "3d_fullres"


def prepare(raw: Path, work: Path, validation: list[str]) -> None:
    """Set nnU-Net's folders, let it plan and preprocess, and give it the split."""
    for name in ("raw", "preprocessed", "results"):
        (work / name).mkdir(parents=True, exist_ok=True)
        os.environ[f"nnUNet_{name}"] = str(work / name)
    dataset = work / "raw" / f"Dataset{int(DATASET_ID):03d}_Benchmark"
    if not dataset.exists():
        dataset.symlink_to(raw.resolve(), target_is_directory=True)
    command = [str(Path(sys.executable).parent / "nnUNetv2_plan_and_preprocess"), "-d", DATASET_ID]
    subprocess.run([*command, "-c", CONFIGURATION, "-np", "2", "-npfp", "2"], check=True, stdout=sys.stderr)
    cases = [path.name.removesuffix(".nii.gz") for path in sorted((raw / "labelsTr").glob("*.nii.gz"))]
    split = [{"train": [case for case in cases if case not in validation], "val": validation}]
    (work / "preprocessed" / dataset.name / "splits_final.json").write_text(json.dumps(split))


def train(minutes: float) -> dict[str, object]:
    """Iterations, images a second, waiting share, and Dice of the validation cases, without mirroring."""
    from nnunetv2.run.run_training import get_trainer_from_args
    from torch import device

    trainer = get_trainer_from_args(DATASET_ID, CONFIGURATION, 0, device=device("cpu"))
    trainer.on_train_start()
    trainer.on_train_epoch_start()
    batch_size = trainer.configuration_manager.batch_size
    started = time.perf_counter()
    iterations, waiting_s = 0, 0.0
    while time.perf_counter() - started < 60 * minutes:
        asked = time.perf_counter()
        batch = next(trainer.dataloader_train)
        waiting_s += time.perf_counter() - asked
        trainer.train_step(batch)
        iterations += 1
    seconds = time.perf_counter() - started
    trainer.disable_checkpointing = True
    trainer.on_train_end()
    trainer.inference_allowed_mirroring_axes = None
    trainer.perform_actual_validation()
    summary = json.loads((Path(trainer.output_folder) / "validation" / "summary.json").read_text())
    configuration = trainer.configuration_manager
    return {
        "iterations": iterations,
        "images_per_s": iterations * batch_size / seconds,
        "waiting_share": waiting_s / seconds,
        "dice": summary["foreground_mean"]["Dice"],
        "batch_size": batch_size,
        "patch": list(configuration.patch_size),
        "network": configuration.network_arch_init_kwargs,
    }


def main(raw: str, work: str, validation: str, minutes: str, result: str) -> None:
    """Prepare, train, and write the figures."""
    prepare(Path(raw), Path(work), json.loads(Path(validation).read_text()))
    Path(result).write_text(json.dumps(train(float(minutes))))


if __name__ == "__main__":
    main(*sys.argv[1:])
