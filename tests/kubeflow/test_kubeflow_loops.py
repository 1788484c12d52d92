"""A pipeline of one's own with a loop: every iteration has its own steps in the record."""

import json
import sys
import uuid
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from tests.kubeflow.conftest import Stage
from tests.kubeflow.install import Install, step, unique

import viewfinder

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
BEFORE = ("fingerprint", "validate", "require-resolution", "preprocess")
LOOP = ("train[0]", "train[1]", "evaluate[0]", "evaluate[1]")
AFTER = ("choose", "export", "publish")
CACHED = ("validate", "preprocess", "train[0]", "train[1]")
TOLD = ("summary", "metrics", "phases", "artifacts", "parameters")


@pytest.fixture(scope="module")
def looped(stage: Stage) -> dict[str, Any]:
    """The record of a run that trained two backbones."""
    # The seed is new, so that no step comes from the cache that earlier tests left.
    seed = uuid.uuid4().int % 2**31
    with stage.play("loop") as install:
        return run(install, model_name=unique("loop"), seed=seed, epochs=10)


def run(install: Install, **parameters: Any) -> dict[str, Any]:
    """Run the pipeline of the third notebook; return its record, as `show` prints it."""
    sys.path.insert(0, str(NOTEBOOKS))
    try:
        pipeline: viewfinder.PipelineDefinition = import_module("two_backbones").TWO_BACKBONES
    finally:
        sys.path.remove(str(NOTEBOOKS))
    kubeflow = viewfinder.KubeflowPipelines(host=install.host, settings=install.settings)
    submitted = kubeflow.submit(pipeline=pipeline, parameters=parameters)
    code, output = install.call("follow", submitted.run_id)
    assert code == 0, output
    code, output = install.call("show", submitted.run_id, "--json")
    assert code == 0, output
    assert json.loads(output) == install.record(submitted.run_id)
    return dict(json.loads(output))


@pytest.mark.slow
def test_the_iterations_of_a_loop_are_told_apart(looped: dict[str, Any]) -> None:
    assert sorted(s["name"] for s in looped["steps"]) == sorted(BEFORE + LOOP + AFTER)
    assert {s["state"] for s in looped["steps"]} == {"succeeded"}
    assert all(s["summary"] and s["metrics"] and s["artifacts"] for s in looped["steps"])
    assert looped["gaps"] == []
    first, second = step(looped, "train[0]"), step(looped, "train[1]")
    assert "efficientnet-lite0" in first["summary"]
    assert "scratch" in second["summary"]
    assert first["artifacts"]["model"]["uri"] != second["artifacts"]["model"]["uri"]
    # Only the pipeline knows which of the evaluations counts.
    assert (looped["metrics"], looped["decision"]) == ({}, None)
    assert looped["version"]["number"] == 1


@pytest.mark.slow
def test_an_iteration_that_was_cached_tells_what_it_told_before(
    stage: Stage, looped: dict[str, Any]
) -> None:
    known = looped["parameters"]
    with stage.play("loop-cached") as install:
        again = run(install, **{name: known[name] for name in ("model_name", "seed", "epochs")})
    unused = "require-resolution"  # no step takes its output, which would tell where it ran
    assert {s["name"] for s in again["steps"] if s["state"] == "cached"} == {*CACHED, unused}
    for name in CACHED:
        for told in TOLD:
            assert step(again, name)[told] == step(looped, name)[told], (name, told)
    assert [gap["steps"] for gap in again["gaps"]] == [[unused]]
    assert again["version"]["number"] == 2
