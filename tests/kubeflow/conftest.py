"""A real Kubeflow Pipelines, by its address, and the command line as a user would run it there.

KFP_HOST       the address of the API
KFP_SETTINGS   a viewfinder.toml for it: images, credentials, [parameters] data and model_root
KUBECONFIG     for the tests that kill pods

The data are photos of fruit, of at least three classes.
"""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.testbed.programs import find_kubectl

SCHEMA = Path(__file__).parents[2] / "docs" / "run-record.schema.json"
STEPS = ("validate", "preprocess", "train", "evaluate", "export", "check", "publish")
QUICK = ("--set", "epochs=3")


@dataclass(frozen=True)
class Install:
    """The command line with its home, against one install.

    Attributes:
        home: Where the command keeps its records.
        settings: The install's settings file.
    """

    home: Path
    settings: Path

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the command; its output is one stream."""
        command = Path(sys.executable).with_name("viewfinder")
        return subprocess.Popen(
            # Where the tests are a shell's background job, they inherit that it ignores Ctrl-C.
            ["env", "--default-signal=INT", command, *arguments, "--settings", self.settings],
            env={**os.environ, "VIEWFINDER_HOME": str(self.home), "PYTHONUNBUFFERED": "1"},
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


def kubectl(*arguments: str) -> str:
    """Run kubectl against KUBECONFIG."""
    return subprocess.run(
        [find_kubectl(), "--request-timeout=20s", *arguments],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def unique(name: str) -> str:
    """Return a model name that no other test uses."""
    return f"{name}-{uuid.uuid4().hex[:6]}"


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip what needs an install that is not named; say so."""
    here = Path(__file__).parent
    missing = [name for name in ("KFP_HOST", "KFP_SETTINGS") if name not in os.environ]
    for item in items:
        if here not in item.path.parents:
            continue
        item.add_marker(pytest.mark.timeout(900))
        if missing:
            reason = f"needs a real Kubeflow Pipelines: set {' and '.join(missing)}"
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def install(tmp_path_factory: pytest.TempPathFactory) -> Install:
    return Install(tmp_path_factory.mktemp("home"), Path(os.environ["KFP_SETTINGS"]).absolute())


@pytest.fixture(scope="session")
def succeeded(install: Install) -> tuple[str, dict[str, Any]]:
    """Output and record of a run that has published its first version.

    Its seed is new, so that no step comes from the cache that earlier tests left.
    """
    name, seed = unique("fruit"), f"seed={uuid.uuid4().int % 2**31}"
    code, output, record = install.run(
        *("--model-name", name, "--set", "deploy=false", "--set", seed)
    )
    assert code == 0, output
    return output, record
