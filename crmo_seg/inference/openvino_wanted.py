"""Whether a new bundle gets OpenVINO models. Needs neither torch nor OpenVINO."""

from __future__ import annotations

from pathlib import Path

from crmo_seg.bundle import ModelBundle
from crmo_seg.inference.backend import is_installed
from crmo_seg.inference.windows import Float32Array


def export_where_possible(bundle: ModelBundle, folder: Path, window: Float32Array | None = None) -> Path | None:
    """As `openvino_export.export_openvino`; does nothing where one of the libraries that make the models is missing.

    A bundle is whole without them: torch runs it, slower.

    Returns:
        ``folder/openvino``, or None where nothing was made.

    Raises:
        InputError: where the folder is no bundle, or the disk is full.
    """
    if not (is_installed("openvino") and is_installed("torch")):
        return None
    from crmo_seg.inference.openvino_export import export_openvino

    return export_openvino(bundle, folder, window)
