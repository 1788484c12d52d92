"""A real Prometheus and a real Alertmanager beside a real predictor."""

import base64
import json
import queue
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from tests.fixtures.drift_references import write_reference
from tests.fixtures.loopback import serving
from tests.fixtures.servables import draw, write_manifest, write_servable
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.monitoring.boards import CHOSEN, read_choices, read_labels, read_panel_queries
from tests.monitoring.conftest import ALERTS, PAGE, RECORDED, RULES, RUNBOOK
from tests.monitoring.imitations import (
    KUBE_STATE_METRICS,
    KubeStateMetrics,
    TensorFlowServing,
    imitate_container,
    write_container,
)
from tests.monitoring.servers import (
    describe_job,
    describe_page,
    describe_target,
    keep_alerts,
    prepare_alertmanager,
    prepare_prometheus,
    query,
    running,
    shorten,
)
from tests.serving.conftest import Predictor, run_predictor
from tests.testbed.monitoring import MonitoringPrograms

import viewfinder
from viewfinder.cli.main import main
from viewfinder_pipelines.watching.queries import write_query
from viewfinder_serving.container import ContainerCollector

SERVICE = {"namespace": "shop", "inferenceservice": "colour"}
_WORDS = {"by", "on", "or", "and", "unless"}
received: "queue.Queue[dict[str, Any]]" = queue.Queue()


def find_metrics(expression: str) -> set[str]:
    """Return the names of the series in an expression."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[\w:]+\]|offset \w+', " ", expression)
    bare = re.sub(r"\b(by|without|on|ignoring|group_left) \([^)]*\)", " ", bare)
    names = re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*(?!\w)(?!\s*\()", bare)
    return {name for name in names if name not in _WORDS}


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    """A predictor that is soon busy, and whose model is old."""
    folder = write_servable(tmp_path_factory.mktemp("models") / "colour" / "7", scale=8.0)
    write_reference(folder)
    write_manifest(folder, created="2020-01-01T00:00:00+00:00")
    options = ("--max-requests", "2", "--threads", "1")
    with run_predictor(folder, tmp_path_factory.mktemp("predictor"), *options) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(
    predictor: Predictor,
    programs: MonitoringPrograms,
    alertmanager: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """A client of Prometheus, which asks the predictor every second and tells Alertmanager."""
    folder = tmp_path_factory.mktemp("prometheus")
    with (
        serving(keep_alerts(received)) as webhook,
        serving(TensorFlowServing) as other,
        serving(KubeStateMetrics) as cluster,
        serving(imitate_container(folder / "container")) as container,
        running(prepare_alertmanager(alertmanager, folder, webhook)) as told,
    ):
        silent = "http://127.0.0.1:1"
        sidecar = describe_target(silent, "/metrics", {"container_port_number": "8012"})
        stranger = describe_target(silent, "/metrics", {"label_component": "transformer"})
        targets = [
            describe_target(predictor.url, "/metrics"),
            describe_target(other, "/monitoring/prometheus/metrics"),
            sidecar,
            stranger,
        ]
        jobs = [
            describe_job(targets),
            describe_page("kube-state-metrics", cluster, {}),
            describe_page("container", container, SERVICE | {"pod": "pod-limited"}),
        ]
        with (
            running(prepare_prometheus(programs, folder, jobs, told)) as server,
            httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE) as client,
        ):
            yield client


def read_queries() -> list[str]:
    """Return the queries of the pages."""
    runbook = re.findall(r"^```text\n(.*?)^```$", RUNBOOK.read_text("utf-8"), re.M | re.S)
    table = PAGE.read_text("utf-8").partition("## Queries")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| `(.+)` \|$", table, re.M)
    return [line for block in runbook for line in block.splitlines()] + [
        row.replace("\\|", "|") for row in rows
    ]


@pytest.fixture(scope="module")
def known(predictor: Predictor, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The series that there are but for TensorFlow Serving's.

    What only a container with limits has is read from the files of such a container.
    """
    root = tmp_path_factory.mktemp("container")
    write_container(root)
    assert predictor.predict(draw("red")).status_code == 200
    assert predictor.predict(b"no photo").status_code == 400
    served = set(re.findall(r"^([a-zA-Z_]\w*)", predictor.client.get("/metrics").text, re.M))
    for family in ContainerCollector(root).collect():
        served |= {sample.name for sample in family.samples}
    return served | {rule["record"] for rule in RECORDED} | {"up", "ALERTS"}


def test_every_metric_in_the_rules_exists(known: set[str]) -> None:
    named = set().union(*(find_metrics(rule["expr"]) for rule in RULES))
    tensorflow = {name for name in named if name.startswith(":tensorflow:serving:request_")}
    assert len(tensorflow) == 2
    assert named - tensorflow - known == {"kube_deployment_status_replicas_unavailable"}


def test_the_queries_of_the_pages_can_be_asked(known: set[str], prometheus: httpx.Client) -> None:
    queries = read_queries()
    assert len(queries) > 15
    for expression in queries:
        assert find_metrics(expression)
        assert find_metrics(expression) <= known, expression
        query(prometheus, expression)


def test_the_names_in_an_expression_are_found() -> None:
    expression = 'sum by (le) (rate(a_b:c{d="e"}[5m])) / 2e6 > 0.5 unless up{f=~"g"} offset 1h'
    assert find_metrics(expression) == {"a_b:c", "up"}
    assert find_metrics("max by (a, b) (sum_over_time(c[30d:5m])) or vector(0)") == {"c"}


def test_the_predictors_are_found_by_labels_and_annotations(prometheus: httpx.Client) -> None:
    ours = 'up{job="viewfinder-predictor"}'
    wait_for(lambda: len(query(prometheus, f"{ours} == 1")) == 2, "both servers to answer")
    found = query(prometheus, ours)
    assert sorted(one["metric"]["pod"] for one in found) == ["pod-1", "pod-3"]
    for one in found:
        assert one["metric"].items() >= (SERVICE | {"job": "viewfinder-predictor"}).items()
        assert "revision" not in one["metric"]


def test_the_rules_have_data_and_alerts_arrive(
    prometheus: httpx.Client, predictor: Predictor
) -> None:
    missing = {(rule["record"], rule["labels"]["server"]) for rule in RECORDED}

    def all_have_data() -> bool:
        assert predictor.predict(draw("red"), draw("blue")).status_code == 200
        for name, server in sorted(missing):
            if query(prometheus, f'{name}{{server="{server}", namespace="shop"}}'):
                missing.discard((name, server))
        return not missing

    wait_for(all_have_data, "every recorded series to have data", pause=0.3)
    shares = query(prometheus, "inferenceservice_predicted:viewfinder_predictions:share1h")
    by_class = {one["metric"]["predicted"]: float(one["value"][1]) for one in shares}
    assert by_class["red"] == pytest.approx(0.5, abs=0.2)
    assert sum(by_class.values()) == pytest.approx(1)
    assert not query(prometheus, 'ALERTS{alertname="ViewfinderErrorBudgetFast"}')

    arrived = collect(
        lambda: overload(predictor), {"ViewfinderErrorBudgetFast", "ViewfinderModelStale"}
    )
    alert = arrived["ViewfinderErrorBudgetFast"]
    assert alert["labels"].items() >= (SERVICE | {"severity": "critical"}).items()
    assert re.match(r"shop/colour could not answer [\d.]+% of", alert["annotations"]["description"])
    assert arrived["ViewfinderModelStale"]["labels"]["version"] == "7"

    rules = prometheus.get("/api/v1/rules").json()["data"]["groups"]
    states = {rule["name"]: rule["health"] for group in rules for rule in group["rules"]}
    assert set(ALERTS) <= set(states)
    assert set(states.values()) == {"ok"}

    figures = watch_service(prometheus)
    assert figures.requests_per_second
    assert figures.requests_per_second > 0
    assert set(figures.outcomes) >= {"answered", "busy"}
    for name in ("p50_seconds", "busy_share", "queue_seconds", "photos_per_second", "confidence"):
        assert getattr(figures, name) is not None, name
    assert figures.classes["red"] > figures.classes["blue"] > 0
    replicas = {one.address: (one.version, one.is_ready) for one in figures.replicas}
    assert replicas.items() >= {"pod-1": ("7", True), "pod-3": ("", True)}.items()


def test_the_past_of_a_service(
    prometheus: httpx.Client, predictor: Predictor, tmp_path: Path
) -> None:
    """Its figures of the last minutes, as a page."""
    url, seconds = str(prometheus.base_url), 12

    def read() -> list[viewfinder.ServingFigures]:
        assert predictor.predict(draw("red")).status_code == 200
        found = viewfinder.watch("colour", prometheus=url, namespace="shop", since=f"{seconds}s")
        began = datetime.now(UTC)
        past = list(takewhile(lambda one: one.time < began, found))
        return past if past and past[-1].requests_per_second else []

    wait_for(lambda: query(prometheus, "viewfinder_ready == 1"), "the predictor to be read")
    past = wait_for(read, "requests in the past")
    times = [one.time for one in past]
    assert times == sorted(times)
    assert times[-1] - times[0] <= timedelta(seconds=seconds)
    assert all(one.replicas[0].version == "7" for one in past[-1:])
    page = viewfinder.save_figures(past, tmp_path / "page.html", title="colour")
    assert f"{len(past)} reading" in page.read_text()

    began = datetime.now(UTC)
    options = ("--prometheus", url, "--since", f"{seconds}s", "--count", "1", "--json")
    shown = CliRunner().invoke(main, ["watch", "colour", "--namespace", "shop", *options])
    readings = map(json.loads, shown.stdout.splitlines())
    times = [datetime.fromisoformat(one["time"]) for one in readings]
    assert times[0] < began
    assert [time for time in times if time >= began] == times[-1:]


def watch_service(prometheus: httpx.Client) -> viewfinder.ServingFigures:
    """Return what `viewfinder watch` shows of the service."""
    url = str(prometheus.base_url)
    return next(viewfinder.watch("colour", prometheus=url, namespace="shop"))


def test_what_prometheus_is_asked_by_watch(known: set[str]) -> None:
    names = find_metrics(write_query("colour", "shop")) - {"inferenceservice", "figure"}
    assert names - known == set()


def test_every_query_of_the_dashboards_has_data(
    known: set[str], prometheus: httpx.Client, predictor: Predictor
) -> None:
    missing = list(read_panel_queries())
    for asked in missing:
        assert find_metrics(asked.expression) <= known | KUBE_STATE_METRICS, asked
    told: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)

    def all_have_data() -> bool:
        for asked in list(missing):
            # Before each query: on a busy machine, all together may take longer than a window.
            ask_with_trace(predictor, draw("red"), draw("blue"))
            ask_with_trace(predictor, b"no photo")
            found = query(prometheus, shorten(asked.expression))
            if found and (not asked.exemplars or find_exemplars(prometheus, asked.expression)):
                told[asked.panel].update(*(one["metric"].items() for one in found))
                missing.remove(asked)
        return not missing

    try:
        wait_for(all_have_data, "data for every query", pause=0.3)
    finally:
        print("without data:", *missing, sep="\n")
    for panel, labels in read_labels().items():
        assert labels <= {name for name, _ in told[panel]}, panel
    other = {name for name, labels in told.items() if ("server", "tensorflow-serving") in labels}
    assert other >= {f"service: {panel}" for panel in ("Requests per second", "Time of a request")}


def ask_with_trace(predictor: Predictor, *photos: bytes) -> None:
    """Ask as a client does whose trace is recorded."""
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    body = {"instances": [{"b64": base64.b64encode(photo).decode()} for photo in photos]}
    predictor.client.post(predictor.predict_path, json=body, headers={"traceparent": trace})


def find_exemplars(prometheus: httpx.Client, expression: str) -> list[dict[str, Any]]:
    """Return the single measurements of the series in an expression, as Grafana asks for them."""
    now = time.time()
    asked = {"query": expression, "start": str(now - 60), "end": str(now)}
    answer = prometheus.get("/api/v1/query_exemplars", params=asked).json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]
    return [one for one in found if one["exemplars"]]


def test_the_dashboards_offer_the_service(prometheus: httpx.Client) -> None:
    choices = list(read_choices())
    assert {name for name, _, _ in choices} == set(CHOSEN)
    for name, series, label in choices:
        answer = prometheus.get(f"/api/v1/label/{label}/values", params={"match[]": series})
        found = answer.json()["data"]
        if name == "measure":
            assert CHOSEN[name] in found
        else:
            assert found == [CHOSEN[name]]


def overload(predictor: Predictor) -> None:
    """Ask more at a time than the predictor takes."""
    photo = draw("red", (3000, 2000), "JPEG")
    with ThreadPoolExecutor(8) as pool:
        codes = {
            answer.status_code for answer in pool.map(lambda _: predictor.predict(photo), range(8))
        }
    assert codes <= {200, 503}


def collect(act: Callable[[], None], names: set[str]) -> dict[str, dict[str, Any]]:
    """Act until alerts of these names have arrived; return all that have, by name."""
    arrived: dict[str, dict[str, Any]] = {}

    def all_arrived() -> bool:
        act()
        while not received.empty():
            alert = received.get()
            arrived[alert["labels"]["alertname"]] = alert
        return names <= set(arrived)

    wait_for(all_arrived, f"alerts {', '.join(sorted(names))} to arrive", pause=0.2)
    return arrived
