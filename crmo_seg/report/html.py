"""The report of one case: one HTML file that opens offline, with nothing beside it.

All that it says is in its words and pictures. Where the browser has WebGL 2, a script adds slices to scroll through.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from crmo_seg.files import written_whole
from crmo_seg.keys import BONES, RESEARCH_ONLY
from crmo_seg.lesions import Lesion
from crmo_seg.prediction import Prediction, Severity
from crmo_seg.report.body_map.along import places_along
from crmo_seg.report.body_map.marks import body_map
from crmo_seg.report.burden import burden_tables
from crmo_seg.report.figures import largest_lesions, montage_png
from crmo_seg.report.page import page_viewer, png_text, render_page
from crmo_seg.report.pictures import map_note, no_lesions, projection_view
from crmo_seg.report.tables import LESION_COLUMNS, MORE_COLUMNS, lesion_rows, more_values
from crmo_seg.report.vertebrae import vertebra_section
from crmo_seg.report.views import acquired_plane
from crmo_seg.volume import Volume

_HEADINGS: Final[Mapping[str, str]] = {
    "lesion_id": "No.",
    "bone": "Bone",
    "side": "Side",
    "segment": "Segment",
    "volume_ml": "Volume (ml)",
    "max_diameter_mm": "Max. diameter (mm)",
    "mean_probability": "Mean probability",
    "signal_ratio": "Signal ratio to muscle",
    "juxtaphyseal": "Juxtaphyseal",
    "physis_distance_mm": "Distance to physis (mm)",
    "crosses_physis": "Crosses the physis",
    "bone_share": "Share of the bone",
    "soft_tissue_ratio": "Soft tissue beside it, to muscle",
    "centroid_x_ras_mm": "x (mm)",
    "centroid_y_ras_mm": "y (mm)",
    "centroid_z_ras_mm": "z (mm)",
}
"""Columns of the whole table, with their headings."""

_SHORT_COLUMNS: Final[Mapping[str, str]] = {
    "lesion_id": "No.",
    "bone": "Bone",
    "side": "Side",
    "segment": "Segment",
    "volume_ml": "ml",
    "max_diameter_mm": "mm",
    "signal_ratio": "Signal ratio",
}
"""Columns beside the viewer."""

TEXT_COLUMNS: Final = ("bone", "side", "segment", "juxtaphyseal", "crosses_physis")
"""Columns of words, which are set flush left; numbers are set flush right."""

_TIMES = " \N{MULTIPLICATION SIGN} "
_DASH = "\N{EN DASH}"


def write_report(path: Path, prediction: Prediction, image: Volume, summary: Mapping[str, Any]) -> None:
    """Write the report, complete or not at all.

    Args:
        path: the HTML file.
        prediction: masks and lesions.
        image: the volume that was analysed, on the prediction's grid, in any orientation.
        summary: what ``summary.json`` holds; ``patient_key``, ``visit`` and ``versions`` are shown.
    """
    with written_whole(path) as part:
        part.write_text(render_report(prediction, image, summary), encoding="utf-8")


def render_report(prediction: Prediction, image: Volume, summary: Mapping[str, Any]) -> str:
    """The report as HTML; arguments as in ``write_report``."""
    lesion_map = prediction.lesion_map or no_lesions(image)
    bones = prediction.masks.get(BONES)
    rows = [
        _readable(row) | _readable_more(lesion)
        for row, lesion in zip(lesion_rows(prediction.lesions), prediction.lesions, strict=True)
    ]
    return render_page(
        "report.html.j2",
        [page_viewer("now", image, lesion_map, bones)],
        case_id=prediction.case_id,
        banner=RESEARCH_ONLY,
        facts=_facts(prediction, image, summary),
        totals=_totals(prediction),
        columns=report_columns(),
        short_columns={name: _SHORT_COLUMNS[name] for name in _SHORT_COLUMNS if any(row[name] for row in rows)},
        text_columns=TEXT_COLUMNS,
        rows=rows,
        warnings=_sentences(prediction, "warning"),
        coverage=_sentences(prediction, "info"),
        provenance=_provenance(prediction, summary),
        projection=projection_view(image, lesion_map),
        montage=png_text(montage_png(image, lesion_map)) if prediction.lesions else "",
        n_tiles=len(largest_lesions(prediction.lesions)),
        plane=acquired_plane(image.canonical().geometry).name,
        segmented=prediction.lesion_map is not None,
        burden=burden_tables(summary.get("burden")),
        vertebrae=vertebra_section(summary.get("vertebrae")),
        **_body_map(prediction, bones),
    )


def report_columns() -> Mapping[str, str]:
    """Every column of ``lesions.csv``, and what is known beyond it, with its heading."""
    every = (*LESION_COLUMNS, *MORE_COLUMNS)
    known = {name: heading for name, heading in _HEADINGS.items() if name in every}
    return known | {name: name.replace("_", " ") for name in every if name not in known}


def _body_map(prediction: Prediction, bones: Volume | None) -> dict[str, Any]:
    """The drawing, where the bone of any lesion or any bone is known."""
    along = places_along(prediction.lesion_map, bones) if prediction.lesion_map else {}
    drawing = body_map(prediction.lesions, bones, along)
    kinds = {"lesion": "lesion"}
    if any(mark.kind == "extremity" for mark in drawing.marks):
        kinds["extremity"] = "hand or foot, where marrow is often bright in healthy children"
    return {
        "map": drawing if bones is not None or drawing.marks else None,
        "map_kinds": kinds if drawing.marks else {},
        "map_note": map_note(drawing),
    }


def _facts(prediction: Prediction, image: Volume, summary: Mapping[str, Any]) -> dict[str, str]:
    spacing = _TIMES.join(f"{mm:.3g}" for mm in image.geometry.spacing_mm)
    shape = _TIMES.join(str(n) for n in image.geometry.shape)
    facts = {
        "Case": prediction.case_id,
        "Patient key": str(summary.get("patient_key") or ""),
        "Visit": str(summary.get("visit") or ""),
        "Image": f"{shape} voxels of {spacing} mm",
    }
    return {name: value for name, value in facts.items() if value}


def _totals(prediction: Prediction) -> dict[str, str]:
    totals = prediction.summary()
    if totals["n_lesions"] is None:
        return {}
    bones = {(lesion.site.bone, lesion.site.side) for lesion in prediction.lesions if lesion.site.bone}
    return {
        "Lesions": str(totals["n_lesions"]),
        "Total volume": f"{totals['total_volume_ml']:.1f} ml",
        "Largest lesion": f"{totals['largest_volume_ml']:.1f} ml",
        "Bones involved": str(len(bones)) if bones else _DASH,
    }


def _sentences(prediction: Prediction, severity: Severity) -> list[str]:
    return [flag.text for flag in prediction.quality_flags if flag.severity == severity]


def _provenance(prediction: Prediction, summary: Mapping[str, Any]) -> dict[str, str]:
    source = prediction.provenance
    rows = {
        "Software": f"crmo_seg {source.package_version}",
        "Model": source.model_name,
        "SHA-256 of the model": source.model_sha256,
        "SHA-256 of the input": source.input_sha256,
        "Threshold": "" if source.threshold is None else f"{source.threshold:g}",
        "Smallest lesion": f"{source.minimum_lesion_ml:g} ml",
        "Least peak of a lesion": f"{source.minimum_peak_probability:g}" if source.minimum_peak_probability else "",
        "Computed": f"on {source.device} by {source.backend}, {source.precision}, mode {source.mode}",
        "Windows": f"{source.windows_run} of {source.windows_in_all}, {_TIMES.join(map(str, source.window))} voxels",
        "Time": ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in source.timings_s.items()),
    }
    versions = summary.get("versions") or {}
    rows["Libraries"] = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "crmo_seg")
    return {name: value for name, value in rows.items() if value}


def _readable_more(lesion: Lesion) -> dict[str, str]:
    more = more_values(lesion)
    crosses, share, ratio = (more[name] for name in MORE_COLUMNS)
    return {
        "crosses_physis": "" if crosses is None else "yes" if crosses else "no",
        "bone_share": "" if share is None else f"{share:.0%}",
        "soft_tissue_ratio": "" if ratio is None else f"{ratio:.1f}",
    }


def _readable(row: Mapping[str, str]) -> dict[str, str]:
    cells = {**row, "bone": row["bone"].replace("_", " ")}
    cells["juxtaphyseal"] = {"true": "yes", "false": "no"}.get(row["juxtaphyseal"], "")
    digits = {"volume_ml": 2, "max_diameter_mm": 0, "mean_probability": 2, "signal_ratio": 1, "physis_distance_mm": 0}
    digits |= {f"centroid_{axis}_ras_mm": 0 for axis in "xyz"}
    return cells | {name: f"{float(row[name]):.{count}f}" for name, count in digits.items() if row[name]}
