"""Make an nnU-Net model of its own default plan with drawn weights; runs in an environment that has nnunetv2.

python nnunet_untrained.py WORK     WORK/raw holds Dataset004_Benchmark, whose cases it plans from
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

DATASET_ID = "4"
CONFIGURATION = "3d_fullres"


def main(work: str) -> None:
    """Plan, build the network, save it as if it were trained, and print its patch."""
    for name in ("raw", "preprocessed", "results"):
        (Path(work) / name).mkdir(parents=True, exist_ok=True)
        os.environ[f"nnUNet_{name}"] = str(Path(work) / name)
    programs = Path(sys.executable).parent
    for step, *options in (("extract_fingerprint", "-np", "2"), ("plan_experiment",)):
        subprocess.run([programs / f"nnUNetv2_{step}", "-d", DATASET_ID, *options], check=True, stdout=sys.stderr)
    dataset = next((Path(work) / "raw").glob(f"Dataset{int(DATASET_ID):03d}_*"))
    preprocessed = Path(work) / "preprocessed" / dataset.name
    (preprocessed / "dataset.json").write_text((dataset / "dataset.json").read_text())
    from nnunetv2.run.run_training import get_trainer_from_args
    from nnunetv2.training.dataloading import nnunet_dataset
    from nnunetv2.training.nnUNetTrainer import nnUNetTrainer
    from torch import device

    # What the trainer would infer from preprocessed cases, which prediction does not need.
    nnUNetTrainer.infer_dataset_class = lambda _: nnunet_dataset.nnUNetDatasetBlosc2
    trainer = get_trainer_from_args(DATASET_ID, CONFIGURATION, 0, device=device("cpu"))
    trainer.initialize()
    out = Path(trainer.output_folder)
    out.mkdir(parents=True, exist_ok=True)
    for name in ("plans.json", "dataset.json"):
        source = preprocessed / ("nnUNetPlans.json" if name == "plans.json" else name)
        (out.parent / name).write_text(source.read_text())
    trainer.inference_allowed_mirroring_axes = (0, 1, 2)
    trainer.logger.get_checkpoint = dict
    trainer.save_checkpoint(str(out / "checkpoint_final.pth"))
    print("nnU-Net's patch", list(trainer.configuration_manager.patch_size))


if __name__ == "__main__":
    main(*sys.argv[1:])
