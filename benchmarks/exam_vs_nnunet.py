"""nnU-Net and crmo_seg learn from the same phantoms for the same minutes, then both mark studies of the home exam.

python benchmarks/exam_vs_nnunet.py [--patients 40] [--minutes 60] [--studies 1] [--peer-python PATH] [--work DIR]

PATH is the interpreter of an environment with nnunetv2; without it one is made under DIR with pip. Both learn at the
same time, each on its half of the processor's cores, so that a machine whose speed changes favours neither (Linux).
Both begin with nothing. nnU-Net has its own plan and defaults, and learns the edema alone; crmo_seg has the recipe of
the default model, half of the minutes at 5 mm and half at 3 mm, and learns the bones too. Making the phantoms,
nnU-Net's preprocessing and the filling of our cache are not in the minutes. DIR keeps the phantoms, and the masks of a
side that is done.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from peer_environment import REPOSITORY, peer_python

from crmo_seg.cases import Case, read_manifest, write_manifest
from crmo_seg.keys import EDEMA
from crmo_seg.phantom.dataset import PhantomOptions, make_phantoms
from crmo_seg.phantom.exam import FAMILIES, TRAINING_PRESET
from crmo_seg.phantom.files import varied_study, write_study
from crmo_seg.training.folds import with_folds

HERE: Final = Path(__file__).parent
SEED: Final = 5101
FOLDS: Final = 10
"""A tenth of the phantoms is held out: our threshold is chosen on them, and nnU-Net does nothing with them."""
DATASET: Final = ("--head", EDEMA, "--dataset-id", "4", "--name", "Benchmark")


def run(*command: str | Path, cores: Sequence[int] = ()) -> None:
    """Run a program, on some cores or on all; its output goes to stderr, so that stdout is the table alone."""
    pinned = ["taskset", "-c", ",".join(map(str, cores))] if cores else []
    threads = {"OMP_NUM_THREADS": str(len(cores))} if cores else {}
    subprocess.run([*pinned, *map(str, command)], check=True, stdout=sys.stderr, env={**os.environ, **threads})


def halves() -> tuple[list[int], list[int]]:
    """The cores of either side, as many for one as for the other."""
    cores = sorted(os.sched_getaffinity(0))
    half = len(cores) // 2
    if not half:
        raise SystemExit("this benchmark needs two cores: one for either side")
    return cores[:half], cores[half : 2 * half]


def training_cases(work: Path, patients: int) -> Path:
    """Phantoms to learn from, with their folds written out."""
    folder, manifest = work / f"training_{patients}", work / f"training_{patients}.csv"
    if not manifest.exists():
        made = make_phantoms(folder, PhantomOptions(patients=patients, preset=TRAINING_PRESET, seed=SEED))
        write_manifest(manifest, with_folds(read_manifest(made), EDEMA, FOLDS))
    return manifest


def exam_cases(work: Path, studies: int) -> Path:
    """The first studies of each family of the exam; all have one sequence, which the models call STIR."""
    cases: list[Case] = []
    for family in FAMILIES:
        for index in range(min(studies, family.patients)):
            case = write_study(work / "exam" / family.name, varied_study(family.study(index))).case
            name = f"{family.name}_{index}"
            cases.append(
                replace(case, case_id=name, patient_id=name, images={"stir": next(iter(case.images.values()))})
            )
    manifest = work / f"exam_{studies}.csv"
    write_manifest(manifest, cases)
    return manifest


@dataclass(frozen=True)
class Contest:
    """What both sides have: cases to learn from and to mark, a folder and the minutes."""

    training: Path
    exam: Path
    work: Path
    minutes: float


def peers(contest: Contest, python: Path, cores: Sequence[int]) -> Path:
    """nnU-Net's masks, and beside them training.json."""
    manifest, exam, work, minutes = contest.training, contest.exam, contest.work, contest.minutes
    raw, out = work / "raw" / "Dataset004_Benchmark", work / f"nnunet_{minutes:g}"
    if not raw.exists():
        run(sys.executable, "-m", "crmo_seg", "dataset", "export", "nnunet", manifest, raw.parent, *DATASET)
    if not (out / "training.json").exists():
        held_out = _written(work / "held_out.json", [one.case_id for one in read_manifest(manifest) if one.fold == 0])
        images = _written(work / "images.json", {one.case_id: str(one.images["stir"]) for one in read_manifest(exam)})
        script = HERE / "peers" / "nnunet_exam.py"
        run(python, script, raw, work / "nnunet_work", held_out, str(minutes), images, out, cores=cores)
    return out


def ours(contest: Contest, cores: Sequence[int]) -> Path:
    """Our masks, of a model that the recipe's two halves made."""
    work, minutes = contest.work, contest.minutes
    coarse, fine, out = (work / f"{name}_{minutes:g}" for name in ("coarse", "fine", "crmo_seg"))
    if not (fine / "bundle").exists():
        clock = time.strftime("%H:%M:%S", time.gmtime(30 * minutes))
        settings = [f"data.manifest={contest.training}", f"data.cache={work / 'cache'}", f"trainer.max_time=00:{clock}"]
        settings += ["data.phantom=null", "trainer.enable_progress_bar=false"]
        train: list[str | Path] = [sys.executable, REPOSITORY / "train.py", *settings]
        run(*train, "experiment=default_coarse", f"output_dir={coarse}", cores=cores)
        init = f"init_from={coarse / 'bundle'}"
        run(*train, "experiment=default_model", init, f"output_dir={fine}", cores=cores)
    predict: list[str | Path] = [sys.executable, "-m", "crmo_seg", "predict", contest.exam, "-o", out]
    run(*predict, "--model", fine / "bundle", "-q", cores=cores)
    return out


def steps_of(folders: Sequence[Path]) -> int:
    """Steps of trainings that followed each other, as their checkpoints count them."""
    import torch

    files = [folder / "checkpoints" / "last.ckpt" for folder in folders]
    return sum(int(torch.load(file, map_location="cpu", weights_only=False)["global_step"]) for file in files)


def row(name: str, exam: Path, masks: Path, iterations: int) -> str:
    """A line of the table."""
    out = masks.parent / f"{masks.name}_evaluation"
    run(sys.executable, "-m", "crmo_seg", "evaluate", exam, masks, "-o", out, "-q")
    found: dict[str, Any] = json.loads((out / "summary.json").read_text())
    pooled = found["lesions"]["any_overlap"]["pooled"]
    counts = f"{pooled['n_found']} of {pooled['n_ref']} | {pooled['n_false_positive']}"
    return f"| {name} | {iterations} | {counts} | {pooled['f1'] or 0:.2f} |"


def _written(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path


def main() -> None:
    """Both sides, then the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--patients", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=60, help="of training, for each side")
    parser.add_argument("--studies", type=int, default=1, help="of each family of the exam")
    parser.add_argument("--peer-python")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "outputs" / "exam_vs_nnunet")
    arguments = parser.parse_args()
    work = arguments.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    python = peer_python(arguments.peer_python, work)
    manifest, exam = training_cases(work, arguments.patients), exam_cases(work, arguments.studies)
    contest = Contest(manifest, exam, work, arguments.minutes)
    our_cores, their_cores = halves()
    with ThreadPoolExecutor(2) as both:
        waiting = both.submit(ours, contest, our_cores), both.submit(peers, contest, python, their_cores)
        own, theirs = (side.result() for side in waiting)
    figures = json.loads((theirs / "training.json").read_text())
    print("| | iterations | found | false marks | F1 |\n|---|---|---|---|---|")
    steps = steps_of([work / f"{name}_{arguments.minutes:g}" for name in ("coarse", "fine")])
    print(row("crmo_seg", exam, own, steps))
    print(row(f"nnU-Net, patch {figures['patch']}, batch {figures['batch_size']}", exam, theirs, figures["iterations"]))


if __name__ == "__main__":
    main()
