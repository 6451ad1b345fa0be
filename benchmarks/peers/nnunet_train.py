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
from typing import Any

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
    split_file = work / "preprocessed" / dataset.name / "splits_final.json"
    split_file.unlink(missing_ok=True)  # of an earlier run: the planner takes none but that beside the raw data
    command = [str(Path(sys.executable).parent / "nnUNetv2_plan_and_preprocess"), "-d", DATASET_ID]
    subprocess.run([*command, "-c", CONFIGURATION, "-np", "2", "-npfp", "2"], check=True, stdout=sys.stderr)
    cases = [path.name.removesuffix(".nii.gz") for path in sorted((raw / "labelsTr").glob("*.nii.gz"))]
    split = [{"train": [case for case in cases if case not in validation], "val": validation}]
    split_file.write_text(json.dumps(split))


def fit(minutes: float) -> tuple[Any, dict[str, object]]:
    """The trainer after its minutes; its iterations, images a second, waiting share and plan."""
    from nnunetv2.run.run_training import get_trainer_from_args
    from torch import device

    trainer = get_trainer_from_args(DATASET_ID, CONFIGURATION, 0, device=device("cpu"))
    trainer.on_train_start()
    trainer.on_train_epoch_start()
    configuration = trainer.configuration_manager
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
    return trainer, {
        "iterations": iterations,
        "images_per_s": iterations * configuration.batch_size / seconds,
        "waiting_share": waiting_s / seconds,
        "batch_size": configuration.batch_size,
        "patch": list(configuration.patch_size),
        "network": configuration.network_arch_init_kwargs,
    }


def validate(trainer: Any) -> float:  # noqa: ANN401  (nnU-Net is not in our environment)
    """Mean Dice of the validation cases, without mirroring."""
    trainer.inference_allowed_mirroring_axes = None
    trainer.perform_actual_validation()
    summary = json.loads((Path(trainer.output_folder) / "validation" / "summary.json").read_text())
    return float(summary["foreground_mean"]["Dice"])


def main(raw: str, work: str, validation: str, minutes: str, result: str) -> None:
    """Prepare, train, and write the figures."""
    prepare(Path(raw), Path(work), json.loads(Path(validation).read_text()))
    trainer, figures = fit(float(minutes))
    Path(result).write_text(json.dumps({**figures, "dice": validate(trainer)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
