"""Phantoms on disk: NIfTI volumes with their truth, and a manifest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType

from crmo_seg.cases import Case, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.files import write_table
from crmo_seg.io.nifti import write_nifti
from crmo_seg.keys import BONES, EDEMA, STIR
from crmo_seg.phantom.plain.generate import PhantomStudy, TrueLesion, make_patient
from crmo_seg.phantom.plain.presets import PLAIN, preset_named

MANIFEST_FILE = "manifest.csv"
TRUTH_FILE = "truth.csv"
TRUTH_COLUMNS = ("bone", "side", "region", "volume_ml", "signal_ratio")


def make_phantoms(
    out: Path,
    *,
    patients: int,
    preset: str = PLAIN.name,
    tiny: bool = False,
    seed: int = 0,
    on_case: Callable[[int, int], None] | None = None,
) -> Path:
    """Write ``OUT/<case_id>/{stir,edema,bones}.nii.gz``, a truth table a patient, and ``OUT/manifest.csv``.

    Args:
        out: folder, made where it does not exist.
        patients: how many; a patient does not depend on how many others are drawn.
        preset: see ``presets``.
        tiny: the preset's coarse variant.
        seed: the same seed gives the same bytes.
        on_case: told patients done and in all.

    Returns:
        The manifest's path.

    Raises:
        InputError: where the folder holds a manifest already, or a setting is impossible.
    """
    settings = preset_named(preset, tiny=tiny)
    _check(out, patients, seed)
    cases = []
    for index in range(patients):
        cases.append(_write_study(out, make_patient(settings, seed, index)))
        if on_case is not None:
            on_case(index + 1, patients)
    manifest = out / MANIFEST_FILE
    write_manifest(manifest, cases)
    return manifest


def _check(out: Path, patients: int, seed: int) -> None:
    if patients < 1:
        raise InputError("--patients", f"is {patients}", "give 1 or more")
    if seed < 0:
        raise InputError("--seed", f"is {seed}", "give 0 or more")
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file", "give a folder")
    if (out / MANIFEST_FILE).exists():
        raise InputError(out / MANIFEST_FILE, "exists already", "give another folder, or delete this one")


def _write_study(out: Path, study: PhantomStudy) -> Case:
    folder = out / study.case_id
    folder.mkdir(parents=True, exist_ok=True)
    volumes = {STIR: study.image, EDEMA: study.edema, BONES: study.bones}
    paths = {name: folder / f"{name}.nii.gz" for name in volumes}
    for name, volume in volumes.items():
        write_nifti(paths[name], volume)
    _write_truth(folder / TRUTH_FILE, study.lesions)
    labels = MappingProxyType({name: paths[name] for name in (EDEMA, BONES)})
    return Case(study.case_id, study.patient_id, images=MappingProxyType({STIR: paths[STIR]}), labels=labels)


def _write_truth(path: Path, lesions: Sequence[TrueLesion]) -> None:
    write_table(path, TRUTH_COLUMNS, (_truth_row(lesion) for lesion in lesions))


def _truth_row(lesion: TrueLesion) -> dict[str, str]:
    bone = lesion.plan.bone
    side = bone.side.value if bone.side else ""
    cells = (bone.name, side, lesion.plan.site.region, f"{lesion.volume_ml:.4f}", f"{lesion.plan.signal_ratio:.3f}")
    return dict(zip(TRUTH_COLUMNS, cells, strict=True))
