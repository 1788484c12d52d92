"""Which versions have served behind a service, and to which one it goes back."""

import json

import pytest

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.earlier_version import explain_missing, read_config
from viewfinder_components.deployment.history import Deed, Entry, History, parse_history
from viewfinder_components.deployment.kserve_version import KServe, Mode
from viewfinder_components.deployment.runtime import Runtime
from viewfinder_components.deployment.service import APPLIED, build_service
from viewfinder_components.errors import PermanentError

RUNTIME = Runtime("viewfinder-predictor", {"name": "viewfinder", "version": "1"})


def config(number: int, cpu: str = "1") -> DeployConfig:
    return DeployConfig(f"s3://b/models/fruit/{number}", number, "fruit", predictor_cpu=cpu)


def applied(number: int, cpu: str = "1") -> str:
    body = build_service(config(number, cpu), "team", KServe((0, 20), Mode.STANDARD), RUNTIME)
    return str(body["metadata"]["annotations"][APPLIED])


def history(*deeds: str) -> History:
    """`2` is a deployment of version 2, `<2` a rollback to it."""
    return History(
        tuple(
            Entry(
                applied(int(deed.lstrip("<"))),
                "2026-01-01T00:00:00+00:00",
                Deed.ROLLBACK if deed.startswith("<") else Deed.DEPLOY,
            )
            for deed in deeds
        )
    )


@pytest.mark.parametrize(
    ("deeds", "line"),
    [
        ((), []),
        (("1", "2", "3"), [1, 2, 3]),
        (("1", "2", "3", "<2"), [1, 2]),
        (("1", "2", "3", "<2", "<1"), [1]),
        (("1", "2", "3", "<1"), [1]),
        (("1", "2", "3", "<2", "4"), [1, 2, 4]),
        (("1", "2", "<1", "<2"), [1, 2]),
        (("1", "2", "3", "2"), [1, 2, 3, 2]),
        (("1", "2", "3", "2", "<3"), [1, 2, 3]),
        (("1", "2", "2"), [1, 2]),
    ],
)
def test_a_rollback_takes_away_what_it_went_back_over(
    deeds: tuple[str, ...], line: list[int]
) -> None:
    assert [entry.number for entry in history(*deeds).line()] == line


@pytest.mark.parametrize(
    ("deeds", "serves", "target"),
    [
        (("1", "2"), 2, 1),
        (("1",), 1, None),
        ((), 1, None),
        (("1", "2"), 3, 2),  # 3 never came to serve, or its deploy was killed
    ],
)
def test_the_version_that_served_before(
    deeds: tuple[str, ...], serves: int, target: int | None
) -> None:
    found = history(*deeds).before(f"s3://b/models/fruit/{serves}/")
    assert (found.number if found else None) == target


def test_other_settings_of_the_same_version_are_no_version_before() -> None:
    entries = (*history("1", "2").entries, Entry(applied(2, cpu="2"), "", Deed.DEPLOY))
    found = History(entries).before("s3://b/models/fruit/2")
    assert found is not None
    assert found.number == 1
    assert History(entries).newest(2) == entries[-1]


def test_a_version_is_deployed_again_as_it_was() -> None:
    given = DeployConfig(
        "pvc://claim/models/fruit/7", 7, "fruit", service_name="other", namespace="team",
        predictor_service_account="who", min_replicas=2, max_replicas=3,
        predictor_cpu="300m", predictor_memory="1Gi",
    )  # fmt: skip
    body = build_service(given, "team", KServe((0, 20), Mode.STANDARD), RUNTIME)
    entry = Entry(body["metadata"]["annotations"][APPLIED], "", Deed.DEPLOY)
    assert read_config(entry, "other", "team") == given


def config_map(owner: str, records: object) -> dict[str, object]:
    return {
        "metadata": {"name": "fruit-deployments", "ownerReferences": [{"uid": owner}]},
        "data": {"deployments.json": json.dumps(records)},
    }


def test_the_history_of_a_service_that_was_deleted_is_not_the_next_ones() -> None:
    record = {"applied": applied(1), "time": "", "by": "deploy"}
    assert parse_history(config_map("new", [record]), "new") == History(
        (Entry(applied(1), "", Deed.DEPLOY),)
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


@pytest.mark.parametrize(
    ("deeds", "number", "sentence"),
    [
        ((), 0, "expected an earlier version in the history of the service s, received an empty h"),
        (("2",), 0, "received version 2 alone; deploy the version you want"),
        (("1", "2", "<1"), 0, "received versions 1, 2, none of them before 1; deploy"),
        (("1", "2"), 7, "expected version 7 in the history of the service s, received versions 1"),
    ],
)
def test_a_version_that_is_not_in_the_history(
    deeds: tuple[str, ...], number: int, sentence: str
) -> None:
    error = explain_missing(history(*deeds), "s", "fruit", number)
    assert sentence in str(error)
    assert error.remedy.endswith("viewfinder deploy fruit/NUMBER")
