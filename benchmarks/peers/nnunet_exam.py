"""Train nnU-Net with its own plan for some minutes, then mark images; runs in an environment that has nnunetv2.

python nnunet_exam.py RAW WORK HELD_OUT.json MINUTES IMAGES.json OUT

IMAGES.json names the image of each case; its mask becomes OUT/<case>/edema.nii.gz. Windows lie side by side and are
not mirrored: with nnU-Net's defaults a whole body takes this network many times as long.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from nnunet_train import fit, prepare


def mark(trainer: Any, images: dict[str, str], out: Path) -> float:  # noqa: ANN401  (nnU-Net is not in our environment)
    """Write the masks; seconds that they took."""
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    started = time.perf_counter()
    use_all_cores()
    predictor = nnUNetPredictor(tile_step_size=1.0, use_mirroring=False, device=trainer.device, verbose=False)
    trainer.set_deep_supervision_enabled(False)  # the network returns its finest output alone
    predictor.manual_initialization(
        trainer.network,
        trainer.plans_manager,
        trainer.configuration_manager,
        [trainer.network.state_dict()],
        trainer.dataset_json,
        type(trainer).__name__,
        None,
    )
    for case, image in images.items():
        (out / case).mkdir(parents=True, exist_ok=True)
        predictor.predict_from_files_sequential([[image]], [str(out / case / "edema")])
    return time.perf_counter() - started


def use_all_cores() -> None:
    """The training is over, and with it the wait for the other side."""
    import torch

    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    torch.set_num_threads(len(os.sched_getaffinity(0)))


def main(raw: str, work: str, held_out: str, minutes: str, images: str, out: str) -> None:
    """Prepare, train, mark, and write the figures to OUT/training.json, last."""
    prepare(Path(raw), Path(work), json.loads(Path(held_out).read_text()))
    trainer, figures = fit(float(minutes))
    seconds = mark(trainer, json.loads(Path(images).read_text()), Path(out))
    (Path(out) / "training.json").write_text(json.dumps({**figures, "marking_s": seconds}))


if __name__ == "__main__":
    main(*sys.argv[1:])
