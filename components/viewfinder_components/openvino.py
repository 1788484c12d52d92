"""The only module that imports OpenVINO, without its telemetry.

Importing OpenVINO with the package `openvino_telemetry`, on which it depends, reports its use to
Google Analytics and creates a folder in the user's home, unasked. If the package is missing,
OpenVINO uses its own stub, so it is made to look missing here.
"""

import sys

sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402

__all__ = ["ov"]
