"""Runs that kfp's own client submits, without our commands: from a function, and from a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kfp
from tests.fixtures.loopback import running
from tests.kubeflow.conftest import Stage
from tests.kubeflow.recorder.exchanges import Exchange
from tests.kubeflow.recorder.http_server import Request
from tests.kubeflow.recorder.proxy import RecordingProxy

from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.registry import TRAINING

ARGUMENTS = {"data": "s3://photos/fruit", "model_root": "s3://models", "model_name": "fruit"}
OWN_TEXT = {"display_name", "pipeline_spec"}  # a run's name ends with the time


class Noting(RecordingProxy):
    """A proxy that also keeps what is submitted."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self.submitted: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Exchange:
        """Hand a request on."""
        if (request.method, request.target) == ("POST", "/apis/v2beta1/runs"):
            self.submitted.append(json.loads(request.content))
        return super().answer(request)


def note(stage: Stage, submit: Callable[[kfp.Client, Path], str], folder: Path) -> dict[str, Any]:
    """Return what is submitted, after our command has ended the run that it became."""
    with stage.play("terminated", kept=False) as install, running(Noting(install.host)) as proxy:
        code, output = install.call("terminate", submit(kfp.Client(host=proxy.url), folder))
    assert code == 0, output
    (submitted,) = proxy.submitted
    return submitted


def submit_function(client: kfp.Client, folder: Path) -> str:
    run = client.create_run_from_pipeline_func(
        TRAINING.load(), arguments=ARGUMENTS, experiment_name="viewfinder"
    )
    return str(run.run_id)


def submit_file(client: kfp.Client, folder: Path) -> str:
    path = folder / "pipeline.yaml"
    compile_pipeline(path, TRAINING)
    run = client.create_run_from_pipeline_package(
        str(path), arguments=ARGUMENTS, experiment_name="viewfinder"
    )
    return str(run.run_id)


def test_the_function_is_submitted_with_what_the_file_is(stage: Stage, tmp_path: Path) -> None:
    function, file = (note(stage, submit, tmp_path) for submit in (submit_function, submit_file))
    assert without_own_text(function) == without_own_text(file)
    assert function["runtime_config"]["parameters"] == ARGUMENTS
    by_function, by_file = (one["pipeline_spec"] for one in (function, file))
    assert by_function["root"]["inputDefinitions"] == by_file["root"]["inputDefinitions"]
    assert executors(by_function) == executors(by_file)


def without_own_text(run: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in run.items() if name not in OWN_TEXT}


def executors(spec: dict[str, Any]) -> dict[str, Any]:
    """What runs in the pods; only `viewfinder compile` requests a part of a core for it."""
    found: dict[str, Any] = spec["deploymentSpec"]["executors"]
    return {
        name: {key: value for key, value in one["container"].items() if key != "resources"}
        for name, one in found.items()
    }
