"""What two visits have to have in common before they may be compared."""

from __future__ import annotations

from crmo_seg.errors import InputError
from crmo_seg.jobs.comparison.reading import Visit
from crmo_seg.longitudinal.identity import years_between


def check_pair(before: Visit, now: Visit, *, same_patient: bool) -> None:
    """Refuse a pair that is none.

    Raises:
        InputError: where both are one folder, the patients differ, or the dates are reversed.
    """
    if before.folder.resolve() == now.folder.resolve():
        raise InputError(now.folder, "is given twice", "give the folders of two visits, the earlier one first")
    _check_patients(before, now, same_patient=same_patient)
    years = years_between(before.facts, now.facts)
    if years is not None and years < 0:
        problem = f"is of {now.facts.visit}, before {before.facts.visit} of {before.folder}"
        raise InputError(now.folder, problem, "give the earlier visit first")


def _check_patients(before: Visit, now: Visit, *, same_patient: bool) -> None:
    one, other = before.facts.patient_key, now.facts.patient_key
    if same_patient or None in (one, other) or one == other:
        return
    problem = f"is of patient {other}, {before.folder} of patient {one}"
    remedy = "give two visits of one patient"
    if before.folder.resolve().parent != now.folder.resolve().parent:
        remedy += "; keys of one patient differ between output folders: if it is the same one, give --same-patient"
    raise InputError(now.folder, problem, remedy)
