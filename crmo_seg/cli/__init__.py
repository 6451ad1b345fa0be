"""The command line: ``main`` is ``crmo-seg``, ``predict_main`` is ``infer.py``."""

from crmo_seg.cli.main import main, predict_main

__all__ = ["main", "predict_main"]
