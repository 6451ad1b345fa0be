"""Segmentation of bone marrow edema in whole-body MRI of children with CRMO/CNO.

Research use only; not a medical device.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmo_seg.jobs.predict import load_model, predict
    from crmo_seg.prediction import Prediction
    from crmo_seg.volume import Geometry, Volume

__version__ = "0.1.0"
__all__ = ["Geometry", "Prediction", "Volume", "__version__", "load_model", "predict"]

_HOMES = {
    "Geometry": "crmo_seg.volume",
    "Volume": "crmo_seg.volume",
    "Prediction": "crmo_seg.prediction",
    "load_model": "crmo_seg.jobs.predict",
    "predict": "crmo_seg.jobs.predict",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  (PEP 562)
    """Import a public name on first use, so that ``import crmo_seg`` stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'crmo_seg' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
