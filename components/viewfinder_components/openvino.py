"""The one place that imports OpenVINO, without its telemetry.

Importing OpenVINO with the package `openvino_telemetry`, on which it depends, reports its use to
Google Analytics and writes a folder to the user's home, unasked. Where the package is missing,
OpenVINO uses a stub of its own; so it is missing here.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402

__all__ = ["ov"]
