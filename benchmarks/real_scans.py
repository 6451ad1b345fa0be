"""What a model marks on real scans of which no lesion is known: a row for each, and pictures.

python benchmarks/real_scans.py [--model BUNDLE] [--data ../shared/data] [--pictures DIR] [--mode default]

NIfTI files of DATA/nifti, and every DICOM series below DATA that is a volume. What was read already under another name
(the same slices, compressed otherwise) is counted and not run again. Pictures: a sheet for each folder of DATA, with
what is marked outlined and, where the model marks them, bones in colour. They are written to DIR and nowhere else.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

import numpy as np

from crmo_seg.errors import InputError
from crmo_seg.inference.modes import DEFAULT, MODES
from crmo_seg.inference.predictor import Predictor, StudyImages
from crmo_seg.io.dicom.read.find import find_stacks
from crmo_seg.io.dicom.read.pixels import read_stack
from crmo_seg.io.dicom.source import is_dicom_file
from crmo_seg.io.nifti import read_image
from crmo_seg.jobs.predict import load_model
from crmo_seg.keys import BONES, EDEMA
from crmo_seg.prediction import Prediction
from crmo_seg.report.contact_sheet import SheetRow, contact_sheet_png
from crmo_seg.volume import Volume

DATA: Final = Path(__file__).parents[2] / "shared" / "data"
NIFTI_FOLDER: Final = "nifti"
ROW_PIXELS: Final = 240
HEADER: Final = (
    "| scan | kind | field of view, mm | spacing, mm | voxels | edema, ml | lesions | largest, ml | warnings |\n"
    "|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, eq=False)
class RealScan:
    """One volume; ``group`` is the folder of DATA that it comes from."""

    group: str
    name: str
    kind: str
    image: Volume


def nifti_scans(data: Path) -> Iterator[RealScan]:
    """Every NIfTI file of its folder."""
    for path in sorted((data / NIFTI_FOLDER).glob("*.nii.gz")):
        yield RealScan(NIFTI_FOLDER, path.name, "NIfTI", read_image(path))


def dicom_scans(data: Path) -> Iterator[RealScan]:
    """The first measurement of every stack that is a volume and can be read; what cannot says why."""
    for folder in dicom_folders(data):
        group = folder.relative_to(data).parts[0]
        for stack in find_stacks(folder):
            name = f"{folder.relative_to(data / group)} {stack.name}".strip()
            try:
                yield RealScan(group, name, stack.modality, read_stack(stack).volume)
            except InputError as error:
                print(f"left out: {group}/{name}: {error.problem}", file=sys.stderr)


def dicom_folders(data: Path) -> list[Path]:
    """Folders that hold DICOM files themselves, not only below."""
    folders = sorted({path.parent for path in data.glob("dicom_*/**/*") if path.is_file()})
    return [folder for folder in folders if any(is_dicom_file(path) for path in folder.iterdir() if path.is_file())]


def identity(image: Volume) -> str:
    """Hash of a volume: signal and place."""
    signal = np.ascontiguousarray(image.array, np.float32).tobytes()
    return hashlib.sha256(signal + image.geometry.affine.round(3).tobytes()).hexdigest()


def predict(scan: RealScan, predictor: Predictor) -> Prediction:
    """The volume taken for each sequence that the model reads, whatever it is."""
    image = scan.image.with_array(np.asarray(scan.image.array, np.float32))
    return predictor.predict(StudyImages(scan.name, dict.fromkeys(predictor.bundle.plan.sequences, image)))


def as_markdown(scan: RealScan, prediction: Prediction) -> str:
    """A row of the table."""
    geometry = scan.image.geometry
    sides = [count * spacing for count, spacing in zip(geometry.shape, geometry.spacing_mm, strict=True)]
    totals = prediction.summary()
    warnings = [flag.code for flag in prediction.quality_flags if flag.severity == "warning"]
    cells = (
        f"{scan.group}/{scan.name}",
        scan.kind,
        " x ".join(f"{side:.0f}" for side in sides),
        " x ".join(f"{spacing:.2f}" for spacing in geometry.spacing_mm),
        " x ".join(map(str, geometry.shape)),
        f"{totals['mask_volumes_ml'].get(EDEMA, 0.0):.2f}",
        str(totals["n_lesions"]),
        f"{totals['largest_volume_ml'] or 0.0:.2f}",
        ", ".join(f"{code} ({n})" if n > 1 else code for code, n in Counter(warnings).items()) or "-",
    )
    return f"| {' | '.join(cells)} |"


def picture_row(scan: RealScan, prediction: Prediction) -> SheetRow:
    """A row of the sheet."""
    totals = prediction.summary()
    title = f"{scan.name}: {totals['n_lesions']} lesions, {totals['mask_volumes_ml'].get(EDEMA, 0.0):.1f} ml"
    return SheetRow(title, scan.image, prediction.masks.get(EDEMA), prediction.masks.get(BONES))


def write_sheets(folder: Path, rows: dict[str, list[SheetRow]]) -> None:
    """``FOLDER/<group>.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    for group, its_rows in rows.items():
        path = folder / f"{group}.png"
        path.write_bytes(contact_sheet_png(its_rows, row_pixels=ROW_PIXELS))
        print(f"picture: {path}")


def run(data: Path, predictor: Predictor) -> dict[str, list[SheetRow]]:
    """Print the table; the rows of the pictures by group."""
    rows: dict[str, list[SheetRow]] = {}
    seen: Counter[str] = Counter()
    print(HEADER)
    for scan in chain(nifti_scans(data), dicom_scans(data)):
        seen[identity(scan.image)] += 1
        if seen[identity(scan.image)] > 1:
            continue
        prediction = predict(scan, predictor)
        print(as_markdown(scan, prediction), flush=True)
        rows.setdefault(scan.group, []).append(picture_row(scan, prediction))
    again = seen.total() - len(seen)
    print(f"\n{len(seen)} volumes; {again} more hold the same signal in the same place as one of them")
    return rows


def main() -> None:
    """Table, then pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", help="bundle, or name of a shipped model; the default model without it")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--pictures", type=Path, help="folder for the sheets")
    parser.add_argument("--mode", choices=sorted(MODES), default=DEFAULT.name)
    arguments = parser.parse_args()
    rows = run(arguments.data, load_model(arguments.model, "cpu", mode=arguments.mode))
    if arguments.pictures is not None:
        write_sheets(arguments.pictures, rows)


if __name__ == "__main__":
    main()
