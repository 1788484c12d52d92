"""How the dashboards are made, without Grafana; test_prometheus.py asks their queries."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from dashboards.alerts import ALERTS as READ
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.monitoring.boards import BOARDS, FOLDER, PANELS
from tests.monitoring.conftest import ALERTS, RUNBOOK

DRAWN = [(name, panel) for name, panel in PANELS if panel["type"] != "row"]


def name_of(value: Any) -> str:
    return value if isinstance(value, str) else value["title"]


def test_there_are_dashboards() -> None:
    assert sorted(BOARDS) == ["fleet", "service"]
    assert len(DRAWN) > 30


@pytest.mark.parametrize("name", BOARDS)
def test_the_sdk_reads_what_is_written(name: str) -> None:
    """Whatever Grafana's types do not know would be lost."""
    register_default_plugins()
    read = Dashboard.from_json(BOARDS[name])
    assert json.loads(JSONEncoder().encode(read)) == BOARDS[name]


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_uses_only_its_variables(name: str) -> None:
    board = BOARDS[name]
    declared = {variable["name"] for variable in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(board)))
    assert used - {"__data", "__value"} == declared


def test_the_table_leads_to_the_dashboard_of_a_service() -> None:
    (link,) = set(re.findall(r'"(/d/[^"]+)"', json.dumps(BOARDS["fleet"])))
    address, _, values = link.partition("?")
    assert address == f"/d/{BOARDS['service']['uid']}"
    given = {value.partition("=")[0].removeprefix("var-") for value in values.split("&")}
    chosen_there = {"measure"}
    declared = {variable["name"] for variable in BOARDS["service"]["templating"]["list"]}
    assert given == declared - chosen_there


@pytest.mark.parametrize("name", BOARDS)
def test_panels_have_numbers_and_places_of_their_own(name: str) -> None:
    panels = BOARDS[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
    for one, other in combinations([panel["gridPos"] for panel in panels], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        assert beside or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]


@pytest.mark.parametrize(("board", "panel"), DRAWN, ids=name_of)
def test_a_panel_says_what_it_shows(board: str, panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert panel["targets"]
    if panel["type"] in {"timeseries", "stat"}:
        assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize(("board", "panel"), DRAWN, ids=name_of)
def test_a_panel_shows_the_limits_of_the_alerts_that_it_names(
    board: str, panel: dict[str, Any]
) -> None:
    for link in panel["links"]:
        address, _, anchor = link["url"].partition("#")
        name = link["title"].removeprefix("Runbook: ")
        assert link["url"] == ALERTS[name]["annotations"]["runbook_url"]
        assert address.endswith("/docs/runbook.md")
        assert anchor == name.lower()
        assert f"\n## {name}\n" in RUNBOOK.read_text("utf-8")
    named = [READ[link["title"].removeprefix("Runbook: ")] for link in panel["links"]]
    steps = re.findall(r'"value": ([\d.]+)\}', json.dumps(panel["fieldConfig"]))
    shown = {float(step) for step in steps}
    assert shown <= {limit for alert in named for limit in alert.limits}


def test_limits_are_shown() -> None:
    """Otherwise the test above could not fail."""
    steps = re.findall(r'\{"color": "(\w+)", "value": [\d.]+\}', json.dumps(BOARDS))
    assert len(steps) > 20
    assert set(steps) == {"red", "orange", "blue"}


def test_the_limits_are_those_of_the_rules() -> None:
    assert READ["ViewfinderErrorBudgetFast"].limits == (0.072, 0.072, 0.03, 0.03)
    assert READ["ViewfinderErrorBudgetSlow"].limits == (0.005, 0.005)
    assert READ["ViewfinderLatencyHigh"].limits == (1,)
    assert READ["ViewfinderSaturated"].limits == (0.9, 1)
    assert READ["ViewfinderThrottled"].limits == (0.25,)
    assert READ["ViewfinderMemoryHigh"].limits == (0.95,)
    assert READ["ViewfinderRestarting"].limits == (3,)
    assert READ["ViewfinderModelStale"].limits == (90 * 86400,)
    assert {alert.severity for alert in READ.values()} == {"critical", "warning", "info"}


def test_grafana_s_sidecar_gets_every_dashboard_in_one_config_map() -> None:
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text("utf-8"))
    (generator,) = kustomization["configMapGenerator"]
    assert generator["options"]["labels"] == {"grafana_dashboard": "1"}
    assert generator["options"]["disableNameSuffixHash"] is True
    files = sorted(path.name for path in FOLDER.glob("*.json"))
    assert generator["files"] == files
    # `kubectl apply` keeps a copy of the whole object in an annotation of 256 KiB at most.
    copy = json.dumps([(FOLDER / name).read_text("utf-8") for name in files])
    assert len(copy) < 250_000
