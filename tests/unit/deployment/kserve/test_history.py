"""The history of a service in its ConfigMap, and what was applied, read back."""

import json

import pytest

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Deed, Entry, History
from viewfinder_components.deployment.kserve.applied import read_config
from viewfinder_components.deployment.kserve.history import parse_history
from viewfinder_components.deployment.kserve.kserve_version import KServe, Mode
from viewfinder_components.deployment.kserve.runtime import Runtime
from viewfinder_components.deployment.kserve.service import APPLIED, build_service
from viewfinder_components.errors import PermanentError

RUNTIME = Runtime("viewfinder-predictor", {"name": "viewfinder", "version": "1"})


def applied(config: DeployConfig) -> str:
    body = build_service(config, "team", KServe((0, 20), Mode.STANDARD), RUNTIME)
    return str(body["metadata"]["annotations"][APPLIED])


def test_a_version_is_deployed_again_as_it_was() -> None:
    given = DeployConfig(
        "pvc://claim/models/fruit/7", 7, "fruit", service_name="other", namespace="team",
        predictor_service_account="who", min_replicas=2, max_replicas=3,
        predictor_cpu="300m", predictor_memory="1Gi",
    )  # fmt: skip
    assert read_config(applied(given), "other", "team") == given


def config_map(owner: str, records: object) -> dict[str, object]:
    return {
        "metadata": {"name": "fruit-deployments", "ownerReferences": [{"uid": owner}]},
        "data": {"deployments.json": json.dumps(records)},
    }


def test_the_history_of_a_service_that_was_deleted_is_not_the_next_ones() -> None:
    uri = "s3://b/models/fruit/1"
    first = applied(DeployConfig(uri, 1, "fruit"))
    record = {"applied": first, "time": "", "by": "deploy"}
    assert parse_history(config_map("new", [record]), "new") == History(
        (Entry(1, uri, Deed.DEPLOY, "", first),)
    )
    assert parse_history(config_map("old", [record]), "new") == History()
    assert parse_history(None) == History()


@pytest.mark.parametrize("records", [7, {}, [{"applied": "{}", "time": "", "by": "deploy"}], [[]]])
def test_a_history_that_somebody_changed_is_refused(records: object) -> None:
    if records == {}:
        found = {"metadata": {"name": "fruit-deployments"}}
    else:
        found = config_map("uid", records)
    with pytest.raises(PermanentError, match="delete the ConfigMap fruit-deployments"):
        parse_history(found)
