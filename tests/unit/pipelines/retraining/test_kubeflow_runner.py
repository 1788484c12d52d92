"""How the receiver finds and reads its runs on Kubeflow Pipelines."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.unit.pipelines.played_kubeflow import API_HEALTH, PlayedKubeflow

from viewfinder_pipelines.retraining.kubeflow_runner import KubeflowRunner
from viewfinder_pipelines.settings.file import ClusterSettings, KubeflowSettings

DATA = Path(__file__).parents[1] / "data"


def make_runner(kubeflow: PlayedKubeflow) -> KubeflowRunner:
    kubeflow.answers["/apis/v2beta1/healthz"] = json.dumps(API_HEALTH)
    experiments = {"experiments": [{"experiment_id": "e-1", "display_name": "viewfinder"}]}
    kubeflow.answers["/apis/v2beta1/experiments"] = json.dumps(experiments)
    return KubeflowRunner(ClusterSettings(KubeflowSettings(host=kubeflow.host)))


def test_a_run_is_found_by_its_name(kubeflow: PlayedKubeflow) -> None:
    runner = make_runner(kubeflow)
    kubeflow.answers["/apis/v2beta1/runs"] = "{}"
    assert runner.find("fruit-1") is None
    runs = {"runs": [{"run_id": "r-1", "display_name": "fruit-1"}]}
    kubeflow.answers["/apis/v2beta1/runs"] = json.dumps(runs)
    assert runner.find("fruit-1") == "r-1"
    asked = parse_qs(urlsplit(kubeflow.asked[-1]).query)
    assert asked["experiment_id"] == ["e-1"]
    (predicate,) = json.loads(asked["filter"][0])["predicates"]
    told = {"operation": "EQUALS", "key": "display_name", "stringValue": "fruit-1"}
    assert predicate == told


def test_a_run_is_read_to_the_gates_decision(kubeflow: PlayedKubeflow) -> None:
    runner = make_runner(kubeflow)
    run = {"run_id": "r", "created_at": "2026-11-26T02:25:38Z", "runtime_config": {}}
    kubeflow.answers["/apis/v2beta1/runs/r"] = json.dumps({**run, "state": "RUNNING"})
    assert runner.read("r") == "running"
    workflow = (DATA / "workflow-flat-refused.json").read_text()
    kubeflow.answers["/apis/v2beta1/runs/r"] = json.dumps({**run, "state": "SUCCEEDED"})
    kubeflow.answers["/apis/v1beta1/runs/r"] = json.dumps(
        {"pipeline_runtime": {"workflow_manifest": workflow}}
    )
    assert runner.read("r") == "refused"
