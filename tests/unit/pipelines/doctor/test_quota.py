"""Whether a rollout is within the namespace's quotas."""

from typing import Any

import pytest

from viewfinder_pipelines.doctor.finding import FindingState
from viewfinder_pipelines.doctor.quota import ask_for, concerns_predictors, judge_quotas

ASKED = ask_for("500m", "512Mi")


def a_quota(hard: dict[str, str], used: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "team"}, "spec": spec, "status": {"hard": hard, "used": used}}


@pytest.mark.parametrize(
    ("hard", "used", "count", "short"),
    [
        ({"requests.cpu": "2"}, {"requests.cpu": "1"}, 2, ""),
        ({"requests.cpu": "2"}, {"requests.cpu": "1001m"}, 2,
         "team has 1001m of 2 requests.cpu in use, each needs 500m"),
        ({"requests.cpu": "2"}, {"requests.cpu": "1001m"}, 1, ""),
        ({"cpu": "1"}, {"cpu": "600m"}, 1, "team has 600m of 1 cpu in use, each needs 500m"),
        # A predictor's limits are its requests.
        ({"limits.memory": "1Gi"}, {"limits.memory": "1Mi"}, 2,
         "team has 1Mi of 1Gi limits.memory in use, each needs 512Mi"),
        ({"memory": "1Gi"}, {}, 2, ""),
        ({"pods": "3"}, {"pods": "2"}, 2, "team has 2 of 3 pods in use, each needs 1"),
        ({"count/pods": "3"}, {"count/pods": "1"}, 2, ""),
        ({"services": "1", "requests.nvidia.com/gpu": "0"}, {"services": "1"}, 2, ""),
    ],
)  # fmt: skip
def test_what_a_quota_leaves(
    hard: dict[str, str], used: dict[str, str], count: int, short: str
) -> None:
    finding = judge_quotas([a_quota(hard, used)], ASKED, count)
    assert finding.state is (FindingState.WARNING if short else FindingState.OK)
    assert short in finding.text
    assert bool(finding.remedy) is bool(short)


def test_every_quota_that_is_too_small_is_named() -> None:
    quotas = [a_quota({"pods": "0"}, {}), a_quota({"cpu": "9"}, {}), a_quota({"cpu": "0"}, {})]
    text = judge_quotas(quotas, ASKED, 1).text
    assert text == (
        "too little for one more predictor, which a rollout needs: team has 0 of 0 pods in use, "
        "each needs 1; team has 0 of 0 cpu in use, each needs 500m"
    )


@pytest.mark.parametrize(
    ("spec", "concerns"),
    [
        ({}, True),
        ({"scopes": ["NotTerminating", "NotBestEffort"]}, True),
        ({"scopes": ["Terminating"]}, False),
        ({"scopes": ["NotTerminating", "BestEffort"]}, False),
        ({"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass"}]}}, False),
    ],
)
def test_quotas_of_other_pods_do_not_count(spec: dict[str, Any], concerns: bool) -> None:
    assert concerns_predictors(a_quota({"pods": "0"}, {}, **spec)) is concerns
