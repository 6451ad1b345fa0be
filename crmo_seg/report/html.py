"""The report of one case: one HTML file that opens offline, without scripts and without anything beside it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from crmo_seg.files import written_whole
from crmo_seg.keys import RESEARCH_ONLY
from crmo_seg.lesions import LesionMap
from crmo_seg.prediction import Prediction, Severity
from crmo_seg.report.figures import largest_lesions, montage_png, projection_png
from crmo_seg.report.tables import lesion_rows
from crmo_seg.report.views import acquired_plane, projection_plane
from crmo_seg.volume import Volume

REPORT_COLUMNS: Final[Mapping[str, str]] = {
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
    "centroid_x_ras_mm": "x (mm)",
    "centroid_y_ras_mm": "y (mm)",
    "centroid_z_ras_mm": "z (mm)",
}
"""Columns of ``lesions.csv`` in the order and with the headings of the report."""

TEXT_COLUMNS: Final = ("bone", "side", "segment", "juxtaphyseal")
"""Columns of words, which are set flush left; numbers are set flush right."""

_TIMES = " \N{MULTIPLICATION SIGN} "
_DASH = "\N{EN DASH}"
_LEFT_OF_THE_PICTURE = {"R": "The patient's right (R)", "A": "The front of the body (A)"}


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
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("crmo_seg", "report")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    lesion_map = prediction.lesion_map or _no_lesions(image)
    html: str = environment.get_template("report.html.j2").render(
        case_id=prediction.case_id,
        banner=RESEARCH_ONLY,
        facts=_facts(prediction, image, summary),
        totals=_totals(prediction),
        columns=REPORT_COLUMNS,
        text_columns=TEXT_COLUMNS,
        rows=[_readable(row) for row in lesion_rows(prediction.lesions)],
        warnings=_sentences(prediction, "warning"),
        coverage=_sentences(prediction, "info"),
        provenance=_provenance(prediction, summary),
        projection=_base64(projection_png(image, lesion_map)),
        montage=_base64(montage_png(image, lesion_map)) if prediction.lesions else "",
        n_tiles=len(largest_lesions(prediction.lesions)),
        plane=acquired_plane(image.canonical().geometry).name,
        projection_plane=projection_plane(image.canonical().geometry),
        left_of_the_picture=_LEFT_OF_THE_PICTURE,
        segmented=prediction.lesion_map is not None,
    )
    return html


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
        "Threshold": f"{source.threshold:g}",
        "Smallest lesion": f"{source.minimum_lesion_ml:g} ml",
        "Computed": f"on {source.device} by {source.backend}, {source.precision}, mode {source.mode}",
        "Windows": f"{source.windows_run} of {source.windows_in_all}, {_TIMES.join(map(str, source.window))} voxels",
        "Time": ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in source.timings_s.items()),
    }
    versions = summary.get("versions") or {}
    rows["Libraries"] = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "crmo_seg")
    return {name: value for name, value in rows.items() if value}


def _readable(row: Mapping[str, str]) -> dict[str, str]:
    cells = {**row, "bone": row["bone"].replace("_", " ")}
    cells["juxtaphyseal"] = {"true": "yes", "false": "no"}.get(row["juxtaphyseal"], "")
    digits = {"volume_ml": 2, "max_diameter_mm": 0, "mean_probability": 2, "signal_ratio": 1, "physis_distance_mm": 0}
    digits |= {f"centroid_{axis}_ras_mm": 0 for axis in "xyz"}
    return cells | {name: f"{float(row[name]):.{count}f}" for name, count in digits.items() if row[name]}


def _no_lesions(image: Volume) -> LesionMap:
    return LesionMap(image.with_array(np.zeros(image.geometry.shape, dtype=np.int32)), ())


def _base64(png: bytes) -> str:
    return base64.b64encode(png).decode("ascii")
