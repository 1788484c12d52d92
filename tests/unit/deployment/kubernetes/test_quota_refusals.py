"""What a quota refuses, in the API server's words, and what helps."""

import pytest

from viewfinder_components.deployment.kubernetes.quota_refusals import is_of_quota, quota_error

POD = 'pods "fruit-predictor-7c-x" is forbidden: '
BESIDE = (
    "or remove what else is in it; while a new version starts, its pods count beside those of the "
    "one that serves"
)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (
            POD + "exceeded quota: team, requested: pods=1, used: pods=4, limited: pods=4",
            "expected room for pods=1 in the namespace's ResourceQuota team, received pods=4 of "
            f"pods=4 in use; raise the quota, {BESIDE}",
        ),
        (
            POD + "exceeded quota: team, requested: limits.cpu=1,requests.memory=1Gi, used: "
            "limits.cpu=3,requests.memory=4Gi, limited: limits.cpu=3,requests.memory=4Gi",
            "expected room for limits.cpu=1,requests.memory=1Gi in the namespace's ResourceQuota "
            "team, received limits.cpu=3,requests.memory=4Gi of limits.cpu=3,requests.memory=4Gi "
            f"in use; raise the quota, deploy with a smaller predictor_cpu or predictor_memory, "
            f"{BESIDE}",
        ),
        (
            POD + "failed quota: team: must specify limits.cpu for: queue-proxy",
            "expected pods that set what the ResourceQuota team counts, received one that does not "
            "set limits.cpu for: queue-proxy; give the namespace a LimitRange with defaults for "
            "it, or take it out of the quota",
        ),
        (
            POD + "exceeded quota",
            f"expected room in the namespace's ResourceQuota, received {POD}exceeded quota; raise "
            f"the quota, {BESIDE}",
        ),
    ],
)
def test_what_helps(message: str, sentence: str) -> None:
    assert is_of_quota(message)
    assert str(quota_error(message)) == sentence
