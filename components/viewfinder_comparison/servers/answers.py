"""Answers in the forms that several ways to serve share."""

import json
from typing import Any

from viewfinder_comparison.servers.server import Answer


def read_flat(body: bytes) -> Answer:
    """Read `{"label": ..., "probabilities": [...]}`."""
    return _read(json.loads(body))


def read_v1(body: bytes) -> Answer:
    """Read KServe's V1 protocol: `{"predictions": [{"label": ..., "probabilities": [...]}]}`."""
    return _read(json.loads(body)["predictions"][0])


def read_v2(body: bytes) -> Answer:
    """Read the Open Inference Protocol: the outputs `probabilities` and, if any, `label`."""
    outputs = {one["name"]: one["data"] for one in json.loads(body)["outputs"]}
    label = str(outputs["label"][0]) if "label" in outputs else None
    return Answer(label, tuple(map(float, outputs["probabilities"])))


def _read(values: Any) -> Answer:
    return Answer(str(values["label"]), tuple(map(float, values["probabilities"])))
