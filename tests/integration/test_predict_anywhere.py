"""The same masks wherever the prediction runs: a daemonic process, forked or spawned, threads, and two at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from stub_model import make_image, write_image

from crmo_seg.inference.predictor import Predictor
from crmo_seg.io.nifti import read_image
from crmo_seg.jobs.predict import load_model, predict, predict_studies
from crmo_seg.jobs.study_job import PredictOptions


@pytest.fixture(scope="module")
def predictor(model: Path) -> Predictor:
    return load_model(model, "cpu")


@pytest.mark.slow  # an interpreter, and its child's, start from nothing
@pytest.mark.parametrize("way", ["fork", "spawn", "threads"])
def test_a_process_of_any_kind_gives_the_same(
    predictor: Predictor, model: Path, scan: Path, repository: Path, tmp_path: Path, way: str
) -> None:
    if way == "fork" and not hasattr(os, "fork"):
        pytest.skip("this system does not fork")
    command = [sys.executable, str(repository / "tests" / "predict_in_process.py"), way, model, scan, tmp_path / "out"]
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=200, check=False)
    assert ended.returncode == 0, ended.stderr
    probability = predict(scan, model=predictor).probability
    assert probability is not None
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), probability.array)


def test_several_at_once_in_one_process_give_the_same(predictor: Predictor) -> None:
    images = [make_image().with_array(make_image().array * np.float32(1 + number)) for number in range(3)]
    images = [image.with_array(np.roll(image.array, 2 * number, axis=2)) for number, image in enumerate(images)]
    alone = [predict(image, model=predictor).probability for image in images]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda image: predict(image, model=predictor).probability, images * 4))
    for number, probability in enumerate(together):
        np.testing.assert_array_equal(probability.array, alone[number % 3].array)


def test_two_jobs_at_once_in_one_process(predictor: Predictor, tmp_path: Path) -> None:
    for name in "abc":
        write_image(tmp_path / "studies" / f"{name}.nii.gz")
    options = PredictOptions(probability=True)
    outs = [tmp_path / f"out{number}" for number in range(2)]
    threads = [
        threading.Thread(target=predict_studies, args=(tmp_path / "studies", out, predictor, options)) for out in outs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in "abc":
        first, second = (read_image(out / name / "edema_probability.nii.gz").array for out in outs)
        np.testing.assert_array_equal(first, second)
