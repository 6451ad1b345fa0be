"""Phantoms on disk: NIfTI volumes with their truth, DICOM where it is wanted, and a manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from crmo_seg.cases import Case, write_manifest
from crmo_seg.errors import InputError
from crmo_seg.io.dicom.synthetic.files import write_mr_study
from crmo_seg.io.dicom.synthetic.header import study_uid
from crmo_seg.io.dicom.uids import case_id_of_study
from crmo_seg.phantom.body.person import AGE_RANGE_YEARS
from crmo_seg.phantom.dicom import mr_study_of, plain_exam_of
from crmo_seg.phantom.files import WrittenStudy, plain_study, varied_study, write_study
from crmo_seg.phantom.generate import PhantomStudy, make_studies
from crmo_seg.phantom.plain.generate import make_patient
from crmo_seg.phantom.plain.presets import PLAIN, preset_named
from crmo_seg.phantom.settings import PhantomSettings, as_tiny, read_preset

MANIFEST_FILE: Final = "manifest.csv"
DICOM_MANIFEST_FILE: Final = "manifest_dicom.csv"
DICOM_FOLDER: Final = "dicom"
DEFAULT_PRESET: Final = "whole_body"


@dataclass(frozen=True)
class PhantomOptions:
    """What is to be made.

    Attributes:
        patients: how many; a patient does not depend on how many others are drawn.
        preset: name of a shipped preset or path of a YAML file; ``plain`` is the first phantom, which never changes.
        tiny: coarse grids of whole bodies, for tests.
        seed: the same seed gives the same bytes.
        visits: of each patient.
        sequences: of each study; None leaves it to the preset.
        age_years: of every patient at the first visit; None leaves it to the preset.
        dicom: write each study as DICOM too.

    Raises:
        InputError: where a number is impossible, or the preset ``plain`` cannot do what is asked for.
    """

    patients: int = 8
    preset: str = DEFAULT_PRESET
    tiny: bool = False
    seed: int = 0
    visits: int = 1
    sequences: tuple[str, ...] | None = None
    age_years: float | None = None
    dicom: bool = False

    def __post_init__(self) -> None:
        for name, least in (("patients", 1), ("visits", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise InputError(f"--{name}", f"is {getattr(self, name)}", f"give {least} or more")
        others = (self.visits > 1, self.sequences is not None, self.age_years is not None)
        if self.preset == PLAIN.name and any(others):
            problem = "has one visit and STIR only, and ages of its own"
            raise InputError(f"preset {PLAIN.name!r}", problem, f"take preset {DEFAULT_PRESET!r}")

    def settings(self) -> PhantomSettings:
        """The preset with what these options change in it; not for ``plain``.

        Raises:
            InputError: where there is no such preset, or a child could outgrow the phantom before its last visit.
        """
        settings = read_preset(self.preset)
        if self.sequences is not None:
            settings = replace(settings, sequences=self.sequences)
        if self.age_years is not None:
            settings = replace(settings, age_years=(self.age_years, self.age_years))
        _check_span(self.visits, settings)
        return as_tiny(settings) if self.tiny else settings


def make_phantoms(out: Path, options: PhantomOptions, on_case: Callable[[int, int], None] | None = None) -> Path:
    """Write ``OUT/<case_id>/`` for each study, and ``OUT/manifest.csv``.

    A study's folder has ``<sequence>.nii.gz``, ``edema.nii.gz``, ``bones.nii.gz`` and ``truth.csv``, a row a lesion;
    but for the preset ``plain`` also ``findings.nii.gz`` (look-alikes) and ``scan.json`` (how it was acquired). With
    ``dicom``, ``dicom/series-NN/`` and ``OUT/manifest_dicom.csv``, whose case ids are those that ``predict`` gives.

    Args:
        out: folder, made where it does not exist.
        options: what is to be made.
        on_case: told studies done and in all.

    Returns:
        The manifest's path.

    Raises:
        InputError: where the folder holds a manifest already, a setting is impossible, or the disk is full.
    """
    check_out(out, MANIFEST_FILE)
    cases, dicom_cases = [], []
    total = options.patients * options.visits
    for done, written in enumerate(_written(out, options), 1):
        cases.append(written.case)
        if options.dicom:
            dicom_cases.append(_write_dicom(out, written, options))
        if on_case is not None:
            on_case(done, total)
    if dicom_cases:
        write_manifest(out / DICOM_MANIFEST_FILE, dicom_cases)
    manifest = out / MANIFEST_FILE
    write_manifest(manifest, cases)
    return manifest


def _check_span(visits: int, settings: PhantomSettings) -> None:
    """Refuse more visits than fit between the youngest and the oldest age, however they are drawn."""
    years, (youngest, oldest) = (visits - 1) * settings.months_between_visits[1] / 12, AGE_RANGE_YEARS
    if years > oldest - youngest:
        remedy = f"give fewer, or less months_between_visits: ages are {youngest:g} to {oldest:g} years"
        raise InputError("--visits", f"is {visits}, which may span {years:.1f} years", remedy)


def _written(out: Path, options: PhantomOptions) -> Iterator[WrittenStudy]:
    if options.preset == PLAIN.name:
        plain = preset_named(options.preset, tiny=options.tiny)
        for index in range(options.patients):
            yield write_study(out, plain_study(make_patient(plain, options.seed, index)))
        return
    settings = options.settings()
    for index in range(options.patients):
        for study in make_studies(settings, options.seed, index, options.visits):
            yield write_study(out, varied_study(study))


def _write_dicom(out: Path, written: WrittenStudy, options: PhantomOptions) -> Case:
    """The study as DICOM; the case as ``predict`` will call it, with the same truth."""
    case, study = written.case, written.study
    if isinstance(study, PhantomStudy):
        exam, made_of = mr_study_of(study), repr(options.settings())
    else:
        exam, made_of = plain_exam_of(study), repr(preset_named(options.preset, tiny=options.tiny))
    seed_text = f"{made_of} {options.seed} {case.case_id}"
    write_mr_study(out / case.case_id / DICOM_FOLDER, exam, seed_text=seed_text)
    return replace(case, case_id=case_id_of_study(study_uid(exam, seed_text)))


def check_out(out: Path, file: str) -> None:
    """Refuse a folder that holds the file already, and a file in the place of the folder.

    Raises:
        InputError: in both cases.
    """
    if out.exists() and not out.is_dir():
        raise InputError(out, "is a file", "give a folder")
    if (out / file).exists():
        raise InputError(out / file, "exists already", "give another folder, or delete this one")
