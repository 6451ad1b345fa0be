"""A BIDS data set on disk, for tests to break: two children, one of them with two sessions."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dataset_builders import blocks, noise, save

SESSIONS = (("sub-01", "ses-1"), ("sub-01", "ses-2"), ("sub-02", "ses-1"))
MASKS = "derivatives/reader1"


def write_bids(root: Path, *, images: Iterable[str] = ("acq-stir_T2w", "T1w"), label: str = "label-edema_mask") -> Path:
    """Images and one label for each session, with the tables of BIDS."""
    for number in range(len(SESSIONS)):
        for place, kind in enumerate(images):
            save(image_path(root, number, kind), noise(10 * number + place))
        array = blocks()
        save(label_path(root, number, label), (array > 0).astype(array.dtype) if "mask" in label else array)
    write(root / "dataset_description.json", '{"Name": "CNO", "BIDSVersion": "1.10.0"}')
    write(root / "participants.tsv", "participant_id\tage\nsub-01\t9\nsub-02\tn/a\n")
    rows = ["session_id\tacq_time", "ses-1\t1911-03-04T10:11:12", "ses-2\t1911-09-20"]
    write(root / "sub-01" / "sub-01_sessions.tsv", "\n".join(rows) + "\n")
    return root


def image_path(root: Path, number: int, kind: str) -> Path:
    subject, session = SESSIONS[number]
    return root / subject / session / "anat" / f"{subject}_{session}_{kind}.nii.gz"


def label_path(root: Path, number: int, kind: str, folder: str = MASKS) -> Path:
    return image_path(root / folder, number, kind)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
