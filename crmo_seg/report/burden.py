"""The section on burden: what ``summary.json`` says of it under ``burden``, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

NOT_KNOWN: Final = "not known"
NEEDS_A_READER: Final = "needs a reader"
"""Stands where a mask of edema cannot give a value."""

MOST_BONES: Final = 12

_Part: TypeAlias = Mapping[str, Any]
_Rows: TypeAlias = tuple[tuple[str, str], ...]
_LOADS: Final = {
    "without_hands_and_feet": "Outside hands and feet",
    "hands_and_feet": "In hands and feet",
    "without_bone": "On no known bone",
}


@dataclass(frozen=True)
class BurdenTable:
    """A heading, rows of a name and a value, and a sentence below."""

    heading: str
    rows: _Rows
    note: str = ""


def burden_tables(burden: _Part | None) -> tuple[BurdenTable, ...]:
    """Tables of the totals, the bones, the pattern, and the parts of RINBO and RAI-CROMRIS that a mask gives.

    >>> tables = burden_tables({"n_lesions": 1, "volume_ml": 2.5, "rinbo": {"needs_a_reader": ["collapse"]}})
    >>> [(table.heading, table.rows) for table in tables]
    [('Lesions', (('All', '1 lesion, 2.5 ml'),)), ('RINBO', (('collapse', 'needs a reader'),))]
    """
    if not burden:
        return ()
    tables = (
        BurdenTable("Lesions", _totals(burden)),
        BurdenTable("Bones", _bones(burden), _hidden_bones(burden)),
        BurdenTable("Pattern", _pattern(burden)),
        _index("RINBO", burden.get("rinbo")),
        _index("RAI-CROMRIS", burden.get("rai_cromris")),
    )
    return tuple(table for table in tables if table.rows)


def _totals(burden: _Part) -> _Rows:
    rows = [("All", _load(burden))] if "n_lesions" in burden else []
    rows += [(name, _load(burden[key])) for key, name in _LOADS.items() if burden.get(key)]
    if burden.get("largest_diameter_mm") is not None:
        rows.append(("Largest diameter", f"{burden['largest_diameter_mm']:g} mm"))
    rows += [(name, str(burden[key])) for key, name in (("n_bones", "Bones"), ("n_regions", "Regions"))
             if burden.get(key) is not None]  # fmt: skip
    return tuple(rows)


def _bones(burden: _Part) -> _Rows:
    return tuple((_place(one), _load(one)) for one in (burden.get("bones") or ())[:MOST_BONES])


def _hidden_bones(burden: _Part) -> str:
    hidden = len(burden.get("bones") or ()) - MOST_BONES
    return f"And {hidden} more with less; all of them are in summary.json." if hidden > 0 else ""


def _pattern(burden: _Part) -> _Rows:
    lists = (("bilateral_bones", "Bones on both sides"), ("symmetric_sites", "Symmetric sites"),
             ("vertebrae", "Vertebrae"))  # fmt: skip
    rows = [(name, _words(burden[key])) for key, name in lists if key in burden]
    rows += [(str(name).capitalize(), _words(found)) for name, found in (burden.get("involved") or {}).items()]
    return tuple(rows)


def _index(name: str, part: _Part | None) -> BurdenTable:
    """The parameters of an index; those that it lists as a reader's are so called."""
    if not part:
        return BurdenTable(name, ())
    reader = part.get("needs_a_reader") or ()
    known = {key: value for key, value in part.items() if key not in ("source", "score", "needs_a_reader", *reader)}
    if known.get("largest_lesion_mm", 0.0) is None:  # there is no lesion
        del known["largest_lesion_mm"]
    rows = [row for key, value in known.items() for row in _parameter(key, value)]
    rows += [(key.replace("_", " "), NEEDS_A_READER) for key in reader]
    notes = (part.get("score"), part.get("source"))
    return BurdenTable(name, tuple(rows), "; ".join(str(note) for note in notes if note))


def _parameter(key: str, value: Any) -> _Rows:  # noqa: ANN401 - what JSON holds
    if key != "units" or not isinstance(value, Sequence):
        unit = " mm" if key.endswith("_mm") and value is not None else ""
        return ((key.removesuffix("_mm").replace("_", " "), _words(value) + unit),)
    shares = [(_place(one), one["signal_extension_percent"]) for one in value if one.get("signal_extension_percent")]
    extensions = tuple((place, f"{share} % of the unit") for place, share in shares[:MOST_BONES])
    return (("units with marrow signal", str(len(value))), *extensions)


def _load(load: _Part) -> str:
    n, volume = load.get("n_lesions"), load.get("volume_ml")
    count = NOT_KNOWN if n is None else f"{n} lesion" if n == 1 else f"{n} lesions"
    return count if volume is None else f"{count}, {volume:.1f} ml"


def _place(place: _Part) -> str:
    words = [place.get("side"), place.get("bone"), place.get("segment")]
    return " ".join(str(word).replace("_", " ") for word in words if word)


def _words(value: Any) -> str:  # noqa: ANN401
    if value is None:
        return NOT_KNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return _place(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_words(one) for one in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")
