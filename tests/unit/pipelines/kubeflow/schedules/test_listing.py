"""Whose schedules are found: other people's pipelines may have schedules that look like ours."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.pipelines.played_kubeflow import API_HEALTH, PlayedKubeflow

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.client import Kubeflow
from viewfinder_pipelines.kubeflow.schedules.listing import find_schedules, list_schedules
from viewfinder_pipelines.pipeline.registry import PIPELINES

OURS, THEIRS = "our-pipeline", "their-pipeline"


def answer_run(run_id: str, **named: Any) -> dict[str, Any]:
    """Return a recurring run, as the API answers it."""
    return {
        "recurring_run_id": run_id,
        "display_name": "nightly",
        "experiment_id": "experiment",
        "trigger": {"periodic_schedule": {"interval_second": "60"}},
        "runtime_config": {"parameters": {"data": "s3://photos", "model_name": "fruit"}},
        **named,
    }


def reference(pipeline_id: str) -> dict[str, Any]:
    return {
        "pipeline_version_reference": {"pipeline_id": pipeline_id, "pipeline_version_id": "version"}
    }


def play_schedules(played: PlayedKubeflow, *runs: dict[str, Any]) -> Kubeflow:
    """Answer with our pipeline, where it is asked for by name, and with recurring runs."""
    kubeflow = played.connect(API_HEALTH)
    pipelines = [{"pipeline_id": OURS, "display_name": "viewfinder-training"}]
    played.answers["/apis/v2beta1/pipelines"] = json.dumps({"pipelines": pipelines})
    played.answers["/apis/v2beta1/recurringruns"] = json.dumps({"recurringRuns": runs})
    return kubeflow


def test_only_schedules_of_our_pipelines_are_listed(kubeflow: PlayedKubeflow) -> None:
    install = play_schedules(
        kubeflow,
        answer_run("1", **reference(THEIRS)),
        answer_run("2", **reference(OURS)),
        answer_run("3", pipeline_spec={}),
    )
    assert [one.schedule_id for one in list_schedules(install)] == ["2"]


def test_our_pipelines_are_found_by_their_names(kubeflow: PlayedKubeflow) -> None:
    list_schedules(play_schedules(kubeflow))
    asked = [urlsplit(path) for path in kubeflow.asked]
    filters = [
        json.loads(parse_qs(one.query)["filter"][0])["predicates"]
        for one in asked
        if one.path == "/apis/v2beta1/pipelines"
    ]
    names = {predicate["stringValue"] for predicates in filters for predicate in predicates}
    assert names == {pipeline.name for pipeline in PIPELINES}


def test_a_schedule_of_another_pipeline_with_the_same_name(kubeflow: PlayedKubeflow) -> None:
    install = play_schedules(kubeflow, answer_run("1", **reference(THEIRS)))
    with pytest.raises(PermanentError, match=r"received 'nightly'.*list them"):
        find_schedules(install, "nightly")


def test_without_our_pipelines_there_are_none(kubeflow: PlayedKubeflow) -> None:
    install = play_schedules(kubeflow, answer_run("1", **reference(THEIRS)))
    kubeflow.answers["/apis/v2beta1/pipelines"] = "{}"
    assert list_schedules(install) == []
