"""The command line as a user runs it, against one Kubeflow Pipelines."""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jsonschema

from viewfinder_pipelines.pipeline.registry import TRAINING

SCHEMA = Path(__file__).parents[2] / "docs" / "run-record.schema.json"
STEPS = tuple(step.name for step in TRAINING.steps)
QUICK = ("--set", "epochs=10")


@dataclass(frozen=True)
class Install:
    """The command line with its home, against one install.

    Attributes:
        home: Where the command keeps its records.
        settings: The settings file; it names no host.
        host: The address of the API or the UI.
        is_real: Whether a cluster answers there, and not a recording.
    """

    home: Path
    settings: Path
    host: str
    is_real: bool

    def elsewhere(self) -> "Install":
        """Return the same install for somebody whose home knows no run."""
        return replace(self, home=self.home / f"other-{uuid.uuid4().hex[:6]}")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command; its output is one stream."""
        command = Path(sys.executable).with_name("viewfinder")
        # Nothing but this address may help: no credentials of a store, no other address.
        kept = {
            k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GOOGLE_", "KFP_"))
        }
        environment = {
            **kept,
            "VIEWFINDER_HOME": str(self.home),
            "KFP_HOST": self.host,
            "PYTHONUNBUFFERED": "1",
        }
        return subprocess.Popen(
            # Where the tests are a shell's background job, they inherit that it ignores Ctrl-C.
            ["env", "--default-signal=INT", command, *arguments, "--settings", self.settings],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def call(self, *arguments: str) -> tuple[int, str]:
        """Run the command to its end; return its exit code and what it wrote."""
        with self.start(*arguments) as process:
            output, _ = process.communicate()
        return process.returncode, output

    def record(self, run_id: str) -> dict[str, Any]:
        """Return a run's record as it is kept here, held to the schema."""
        record = json.loads((self.home / "runs" / run_id / "run.json").read_text())
        jsonschema.validate(record, json.loads(SCHEMA.read_text()))
        return dict(record)

    def run(self, *arguments: str) -> tuple[int, str, dict[str, Any]]:
        """Run the pipeline to its end; return exit code, output and record."""
        code, output = self.call("run", "--on", "kubeflow", *QUICK, *arguments)
        assert output.startswith("Run "), output
        return code, output, self.record(output.split()[1])


def step(record: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a step of a record."""
    return next(s for s in record["steps"] if s["name"] == name)


def unique(name: str) -> str:
    """Return a model name that no other test uses."""
    return f"{name}-{uuid.uuid4().hex[:6]}"
