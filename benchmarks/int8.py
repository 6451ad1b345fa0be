"""A model in 8-bit integers (NNCF) beside its OpenVINO model in float32: how fast, and are the masks the same?

python benchmarks/int8.py [--model default] [--calibration 6] [--presets whole_body exam_regions ...]

Needs `pip install nncf`. The ranges of the features are taken from the windows of phantoms of the preset `training`
that no training saw; compared are other phantoms. The bar is that of every backend (backend_agreement.py): pooled Dice
0.995.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from backend_agreement import HEADER, PRESETS, Pool, compare, scans
from predict_vs_nnunet import PATCHES

from crmo_seg.bundle import ModelBundle, load_bundle
from crmo_seg.inference.openvino_backend import OpenVinoBackend, read_model
from crmo_seg.inference.openvino_constants import RebuiltModel
from crmo_seg.inference.openvino_files import find_openvino_files
from crmo_seg.inference.openvino_library import openvino
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.inference.windows import Float32Array
from crmo_seg.jobs.predict import bundle_folder
from crmo_seg.jobs.study_job import as_the_model_says
from crmo_seg.phantom.generate import make_studies
from crmo_seg.phantom.settings import read_preset

CALIBRATION_SEED: Final = 880001
MOST_WINDOWS: Final = 100


class Recorder:
    """A backend that keeps the windows that it is given, and answers as another one does."""

    def __init__(self, backend: OpenVinoBackend) -> None:
        self.name, self.device, self.precision = backend.name, backend.device, backend.precision
        self.windows: list[Float32Array] = []
        self._backend = backend

    def __call__(self, window: Float32Array) -> Mapping[str, Float32Array]:
        """As of the backend."""
        self.windows.append(window.copy())
        return self._backend(window)

    def each(self, window: Float32Array) -> Iterator[Mapping[str, Float32Array]]:
        """As of the backend."""
        self.windows.append(window.copy())
        yield from self._backend.each(window)


def calibration_windows(bundle: ModelBundle, backend: OpenVinoBackend, phantoms: int) -> list[Float32Array]:
    """Windows of a training patch as studies give them, taken evenly."""
    recorder = Recorder(backend)
    predictor = Predictor(bundle, recorder, PATCHES)
    for number in range(phantoms):
        study = next(make_studies(read_preset("training"), CALIBRATION_SEED, number))
        predictor.predict(StudyImages(f"calibration {number}", as_the_model_says(study.scan.images, predictor)))
    step = -(-len(recorder.windows) // MOST_WINDOWS)
    return recorder.windows[::step]


def quantised(model: Path | RebuiltModel, windows: Sequence[Float32Array], folder: Path) -> Path:
    """The model with 8-bit weights and features, biases corrected; its file."""
    import nncf

    made = nncf.quantize(
        read_model(openvino.Core(), model),
        nncf.Dataset(list(windows)),
        preset=nncf.QuantizationPreset.MIXED,
        subset_size=len(windows),
        fast_bias_correction=True,
    )
    openvino.save_model(made, folder / "model.xml", compress_to_fp16=False)
    return folder / "model.xml"


def main() -> None:
    """Print a row for each scan, and the pool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="default", help="folder of a bundle, or the name of a shipped model")
    parser.add_argument("--calibration", type=int, default=6, help="phantoms")
    parser.add_argument("--presets", nargs="*", choices=PRESETS, default=list(PRESETS))
    arguments = parser.parse_args()
    folder = bundle_folder(arguments.model)
    bundle = load_bundle(folder)
    (model,) = find_openvino_files(bundle, folder).models
    full = OpenVinoBackend(bundle.plan, [model], "f32")
    windows = calibration_windows(bundle, full, arguments.calibration)
    header = HEADER.replace("torch", "OpenVINO")
    print(f"calibrated on {len(windows)} windows of {np.shape(windows[0])}\n\n{header}", flush=True)
    with tempfile.TemporaryDirectory() as work:
        small = OpenVinoBackend(bundle.plan, [quantised(model, windows, Path(work))], "f32")
        reference, predictor, pool = Predictor(bundle, full), Predictor(bundle, small), Pool()
        for study in scans(arguments.presets, 1, [], reference):
            pool.scans.append(compare(predictor.predict(study), reference.predict(study)))
            print(pool.scans[-1].as_markdown(study.case_id, "int8"), flush=True)
    print("\n" + pool.in_words("int8"))


if __name__ == "__main__":
    main()
