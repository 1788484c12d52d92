"""What tests of several packages need."""

import hashlib
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# A background job of a shell ignores Ctrl-C, and so does every program that the tests start in it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# As `viewfinder_components.openvino` does, for test modules that import OpenVINO before it. With
# its telemetry, each conversion of a model forks processes that report to Google Analytics, and
# takes three times the processor time.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

MakeServable = Callable[..., Path]


@pytest.fixture
def make_servable(tmp_path: Path) -> MakeServable:
    """Write a directory as export would, but for what is in the files: `(run_id, weights)`."""

    def make(run_id: str, weights: bytes = b"weights") -> Path:
        files = {
            "model.bin": weights,
            "labels.json": b'["a"]',
            "saved_model.pb": b"graph",
            "variables/variables.index": b"",
        }
        servable = tmp_path / "servables" / (run_id or "nameless")
        for name, content in files.items():
            (servable / name).parent.mkdir(parents=True, exist_ok=True)
            (servable / name).write_bytes(content)
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        manifest = {
            "run_id": run_id,
            "model_name": "fruit",
            "files": {name: {"sha256": digest} for name, digest in digests.items()},
        }
        (servable / "manifest.json").write_text(json.dumps(manifest))
        return servable

    return make
