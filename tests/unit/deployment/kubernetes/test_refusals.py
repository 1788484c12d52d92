"""What the API server answers, and what a reader is told: bodies of a real one."""

import json
from pathlib import Path

import pytest
import yaml

from viewfinder_components.deployment.kubernetes.refusals import (
    _NOT_IN_ROLE,
    ROLE,
    ConflictError,
    ForbiddenError,
    explain_refusal,
)
from viewfinder_components.errors import PermanentError, TransientError

PATH = "/apis/serving.kserve.io/v1beta1/namespaces/team/inferenceservices/fruit"


def status(message: str, **more: object) -> str:
    return json.dumps({"kind": "Status", "apiVersion": "v1", "message": message, **more})


def test_a_missing_rule_is_named_with_its_manifest() -> None:
    message = (
        'inferenceservices.serving.kserve.io "fruit" is forbidden: User "system:serviceaccount:'
        'team:pipeline-runner" cannot patch resource "inferenceservices" in API group '
        '"serving.kserve.io" in the namespace "team"'
    )
    error = explain_refusal("PATCH", PATH, 403, status(message))
    assert type(error) is ForbiddenError
    assert error.permission == "patch inferenceservices.serving.kserve.io in namespace team"
    assert error.expected == f"permission to {error.permission}"
    assert error.received == "none for system:serviceaccount:team:pipeline-runner"
    assert "manifests/base/role.yaml" in error.remedy
    assert (
        "{apiGroups: ['serving.kserve.io'], resources: ['inferenceservices'], verbs: ['patch']}"
        in (error.remedy)
    )


@pytest.mark.parametrize(("verb", "resource"), sorted(_NOT_IN_ROLE))
def test_the_role_is_no_remedy_for_what_it_leaves_out(verb: str, resource: str) -> None:
    rules = yaml.safe_load((Path(__file__).parents[4] / ROLE).read_text())["rules"]
    assert not [rule for rule in rules if verb in rule["verbs"] and resource in rule["resources"]]
    message = f'User "me" cannot {verb} resource "{resource}" in API group "" in the namespace "t"'
    error = explain_refusal("DELETE", PATH, 403, status(message))
    assert error.remedy.startswith("do it as an administrator of the namespace")


def test_the_core_group_has_no_name() -> None:
    message = (
        'pods is forbidden: User "me" cannot list resource "pods" in API group "" '
        'in the namespace "team"'
    )
    error = explain_refusal("GET", "/api/v1/namespaces/team/pods", 403, status(message))
    assert error.expected == "permission to list pods in namespace team"


def test_a_conflict_names_the_fields_and_who_set_them() -> None:
    cause = {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "somebody" using serving.kserve.io/v1beta1',
        "field": ".spec.predictor.model.resources.limits.memory",
    }
    body = status("Apply failed with 1 conflict", details={"causes": [cause]})
    error = explain_refusal("PATCH", PATH, 409, body)
    assert isinstance(error, ConflictError)
    assert not error.stale
    assert "limits.memory" in error.received
    assert '"somebody"' in error.received
    assert "adopt=True" in error.remedy


def test_an_object_that_changed_meanwhile_is_only_stale() -> None:
    message = "Operation cannot be fulfilled on fruit: the object has been modified"
    error = explain_refusal("PATCH", PATH, 409, status(message))
    assert isinstance(error, ConflictError)
    assert error.stale


@pytest.mark.parametrize(
    ("code", "message", "kind", "words"),
    [
        (404, "404 page not found", PermanentError, "install KServe"),
        (404, 'namespaces "team" not found', PermanentError, "correct its name"),
        (401, "Unauthorized", PermanentError, "credentials"),
        (422, "spec.predictor: Invalid value", PermanentError, "change the setting it names"),
        (500, 'failed calling webhook "x": no endpoints available', TransientError, "controller"),
        (503, "the server is currently unable to handle the request", TransientError, "try again"),
        (429, "too many requests", TransientError, "try again"),
        (403, "exceeded quota: small, requested: x=1", PermanentError, "raise the quota"),
        (
            400,
            'admission webhook "a.b" denied the request: no such mode',
            PermanentError,
            "the owner of that check",
        ),
    ],
)
def test_every_refusal_says_whether_a_retry_may_help(
    code: int, message: str, kind: type[Exception], words: str
) -> None:
    error = explain_refusal("PATCH", PATH, code, status(message))
    assert type(error) is kind
    assert words in error.remedy


def test_an_answer_that_is_no_status_is_told_as_it_is() -> None:
    error = explain_refusal("GET", PATH, 502, "<html>bad gateway</html>")
    assert isinstance(error, TransientError)
    assert "bad gateway" in error.received
