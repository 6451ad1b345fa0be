"""A program that predicts where schedulers and servers do: in a daemonic process, forked or spawned, and in threads.

``python predict_in_process.py fork|spawn|threads MODEL IMAGE OUT``: OUT.npy holds the probability that was computed.
Heavy imports wait until the child runs, as in a scheduler's worker, which forks before it imports.
"""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PATIENCE_S = 120


def predict_and_write(model: str, image: str, out: str) -> None:
    import numpy as np

    from crmo_seg.jobs.predict import load_model, predict, predict_studies
    from crmo_seg.jobs.study_job import PredictOptions

    predictor = load_model(model, "cpu")
    probability = predict(image, model=predictor).probability
    assert probability is not None
    np.save(f"{out}.npy", probability.array)
    (result,) = predict_studies(Path(image), Path(out), predictor, PredictOptions())
    assert result.error is None


def in_a_daemonic_process(method: str, arguments: tuple[str, str, str]) -> int:
    process = multiprocessing.get_context(method).Process(target=predict_and_write, args=arguments, daemon=True)
    process.start()
    process.join(PATIENCE_S)
    return -1 if process.exitcode is None else process.exitcode


def in_two_threads(model: str, image: str, out: str) -> int:
    import numpy as np

    from crmo_seg.jobs.predict import load_model, predict

    predictor = load_model(model, "cpu")
    with ThreadPoolExecutor(2) as pool:
        predictions = list(pool.map(lambda _: predict(image, model=predictor), range(6)))
    first, *others = [prediction.probability.array for prediction in predictions if prediction.probability]
    np.save(f"{out}.npy", first)
    masks = [prediction.masks["edema"].array for prediction in predictions]
    same = all(np.array_equal(first, other) for other in others)
    return 0 if same and all(np.array_equal(masks[0], mask) for mask in masks) else 1


if __name__ == "__main__":
    way, model, image, out = sys.argv[1:]
    given = (model, image, out)
    sys.exit(in_two_threads(*given) if way == "threads" else in_a_daemonic_process(way, given))
