"""Where a bundle keeps its OpenVINO models, and whether they are whole and of these weights. Needs no OpenVINO.

``openvino/`` holds ``model.xml`` and ``model.bin``, for the further members of an ensemble ``model_1.xml``, ...; in a
published bundle ``model.recipe`` instead of ``model.bin`` (``openvino_constants``); ``selfcheck.npz``; and
``openvino.yaml``, which names the networks that they were made of and the hash of each file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from crmo_seg.bundle import ModelBundle
from crmo_seg.inference.backend import OpenVinoUnusable
from crmo_seg.inference.openvino_constants import RebuiltModel, with_constants

OPENVINO_FOLDER: Final = "openvino"
CONTENTS_FILE: Final = "openvino.yaml"
SELF_CHECK_FILE: Final = "selfcheck.npz"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True)
class OpenVinoFiles:
    """The files of a bundle, checked.

    Attributes:
        models: of each member, the ``.xml`` or, in a published bundle, what it is rebuilt to.
        self_check: a window and its probabilities by torch.
        sha256: hash of all of them.
    """

    models: tuple[Path | RebuiltModel, ...]
    self_check: Path
    sha256: str


def model_file(number: int) -> str:
    """The name of the model of an ensemble's member.

    >>> model_file(0), model_file(1)
    ('model.xml', 'model_1.xml')
    """
    return f"model_{number}.xml" if number else "model.xml"


def write_contents(folder: Path, bundle: ModelBundle) -> None:
    """Write down what lies in the folder, and that it was made of this bundle's networks."""
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.name != CONTENTS_FILE}
    contents = {"format_version": FORMAT_VERSION, "network_sha256": bundle.network_sha256, "files": files}
    (folder / CONTENTS_FILE).write_text(yaml.safe_dump(contents, sort_keys=False), encoding="utf-8")


def find_openvino_files(bundle: ModelBundle, bundle_folder: Path | None) -> OpenVinoFiles:
    """The OpenVINO models of a bundle.

    Raises:
        OpenVinoUnusable: where there are none, they are of other networks, or a file is missing or was changed.
    """
    if bundle_folder is None or not (bundle_folder / OPENVINO_FOLDER / CONTENTS_FILE).is_file():
        raise OpenVinoUnusable("the bundle has no OpenVINO model")
    folder = bundle_folder / OPENVINO_FOLDER
    contents = _read_contents(folder)
    if contents.get("format_version") != FORMAT_VERSION:
        raise OpenVinoUnusable("its OpenVINO model is of another version of crmo_seg")
    if contents.get("network_sha256") != bundle.network_sha256:
        raise OpenVinoUnusable("its OpenVINO model was made of other weights")
    models = [model_file(number) for number in range(len(bundle.members))]
    _refuse_changed(folder, contents.get("files"), [*models, SELF_CHECK_FILE])
    digest = _sha256(folder / CONTENTS_FILE)
    members = zip(models, bundle.members, strict=True)
    rebuilt = tuple(with_constants(folder / name, member.weights) for name, member in members)
    return OpenVinoFiles(rebuilt, folder / SELF_CHECK_FILE, digest)


def _read_contents(folder: Path) -> dict[str, Any]:
    try:
        contents = yaml.safe_load((folder / CONTENTS_FILE).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        contents = None
    if not isinstance(contents, dict):
        raise OpenVinoUnusable(f"{OPENVINO_FOLDER}/{CONTENTS_FILE} cannot be read")
    return contents


def _refuse_changed(folder: Path, hashes: object, needed: list[str]) -> None:
    """OpenVINO reads a damaged file without complaint, so each is compared with the hash of what was written."""
    if not isinstance(hashes, dict) or not set(needed) <= set(hashes):
        raise OpenVinoUnusable(f"{OPENVINO_FOLDER}/{CONTENTS_FILE} does not name all of its files")
    for name, sha256 in hashes.items():
        try:
            changed = _sha256(folder / str(name)) != sha256
        except OSError:
            raise OpenVinoUnusable(f"{OPENVINO_FOLDER}/{name} cannot be read") from None
        if changed:
            raise OpenVinoUnusable(f"{OPENVINO_FOLDER}/{name} is not the file that was saved")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
