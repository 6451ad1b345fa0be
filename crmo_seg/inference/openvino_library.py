"""OpenVINO without its telemetry. Import it from here and from nowhere else.

``import openvino`` sends an event to its makers, unless ``openvino_telemetry`` cannot be imported. So here it cannot.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # Python's way to bar a module

import openvino  # noqa: E402

__all__ = ["openvino"]
