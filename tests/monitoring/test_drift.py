"""From photos that turn dark to an alert: a predictor, Prometheus, Alertmanager and a webhook."""

import queue
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tests.fixtures.drift_references import LEAST, MOST, draw_photos, measure_reference
from tests.fixtures.loopback import serving
from tests.fixtures.servables import write_manifest, write_servable
from tests.fixtures.waiting import PATIENCE, wait_for
from tests.monitoring.servers import (
    describe_job,
    describe_target,
    keep_alerts,
    prepare_alertmanager,
    prepare_prometheus,
    query,
    running,
)
from tests.serving.conftest import Predictor, run_predictor
from tests.testbed.monitoring import MonitoringPrograms

from viewfinder_components.formats.drift_reference import DriftReference
from viewfinder_components.monitoring.statistic import compare_counts

BINS = "inferenceservice_measure_bin:viewfinder_drift"
MEASURES = "inferenceservice_measure:viewfinder_drift"
MANY = 48
received: "queue.Queue[dict[str, Any]]" = queue.Queue()


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version whose reference is of bright photos."""
    folder = write_servable(tmp_path_factory.mktemp("models") / "colour" / "7", scale=8.0)
    measure_reference(folder, list(islice(draw_photos(0), 400)))
    write_manifest(folder)
    return folder


@pytest.fixture(scope="module")
def predictor(version: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Predictor]:
    """A predictor of that version."""
    with run_predictor(version, tmp_path_factory.mktemp("predictor")) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(
    predictor: Predictor,
    programs: MonitoringPrograms,
    alertmanager: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[httpx.Client]:
    """A client of Prometheus, which reads the predictor as if it were two pods."""
    folder = tmp_path_factory.mktemp("prometheus")
    pods = [
        describe_target(predictor.url, "/metrics", {"pod_name": f"pod-{name}"}) for name in "ab"
    ]
    with (
        serving(keep_alerts(received)) as webhook,
        running(prepare_alertmanager(alertmanager, folder, webhook)) as told,
        running(prepare_prometheus(programs, folder, [describe_job(pods)], told)) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=PATIENCE) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def reference(version: Path) -> DriftReference:
    """The version's."""
    found = DriftReference.read(version)
    assert found is not None
    return found


def read(prometheus: httpx.Client, expression: str) -> dict[str, float]:
    """Return values by measure."""
    found = query(prometheus, expression)
    return {one["metric"]["measure"]: float(one["value"][1]) for one in found}


def keep_asking(predictor: Predictor, light: float) -> Callable[[], None]:
    """Return what sends photos of this light each time it is called."""
    photos = draw_photos(seed=1, light=light)

    def ask() -> None:
        assert predictor.predict(*islice(photos, MANY)).status_code == 200

    return ask


def test_photos_like_those_of_the_reference_raise_no_alert(
    prometheus: httpx.Client, predictor: Predictor, reference: DriftReference
) -> None:
    names = {measure.name for measure in reference.of("f32")}
    ask = keep_asking(predictor, light=1.0)

    def are_many() -> bool:
        ask()
        photos = read(prometheus, f"{MEASURES}:photos1h")
        return photos.keys() == names and min(photos.values()) > MOST

    for _ in range(3):
        wait_for(are_many, "photos in Prometheus", pause=0.3)
        statistics = read(prometheus, f"{MEASURES}:statistic1h")
        assert statistics.keys() == names
        assert read(prometheus, f"{MEASURES}:statistic1h > {MEASURES}:limit") == {}
    assert not query(prometheus, 'ALERTS{alertname="ViewfinderDrift"}')


def test_prometheus_computes_what_python_does(
    prometheus: httpx.Client, predictor: Predictor, reference: DriftReference
) -> None:
    """Of the counts that it has, at one moment, for two pods together."""
    ask = keep_asking(predictor, light=1.0)

    def read_all() -> dict[str, dict[str, float]]:
        ask()
        # One query, because all is of the same moment then.
        found = query(prometheus, '{__name__=~"inferenceservice_measure.*:viewfinder_drift:.+"}')
        told: dict[str, dict[str, float]] = {}
        for one in found:
            name, labels = one["metric"]["__name__"].rpartition(":")[2], one["metric"]
            told.setdefault(labels["measure"], {})[name + labels.get("bin", "")] = float(
                one["value"][1]
            )
        return told if all("statistic1d" in one for one in told.values()) else {}

    told = wait_for(read_all, "all series of drift", pause=0.3)
    assert told.keys() == {measure.name for measure in reference.of("f32")}
    for measure in reference.of("f32"):
        figures = told[measure.name]
        assert figures["limit"] == measure.limit
        for window in ("1h", "1d"):
            counts = [figures[f"increase{window}{place}"] for place in range(len(measure.counts))]
            shift = compare_counts(measure, np.array(counts), reference)
            assert shift.photos == round(figures[f"photos{window}"])
            assert figures[f"statistic{window}"] == pytest.approx(shift.statistic)
            assert figures[f"moved{window}"] == pytest.approx(shift.moved)


def test_dark_photos_raise_an_alert_that_arrives(
    prometheus: httpx.Client, predictor: Predictor, reference: DriftReference
) -> None:
    ask = keep_asking(predictor, light=0.2)
    arrived: dict[str, dict[str, Any]] = {}

    def has_arrived() -> bool:
        ask()
        while not received.empty():
            alert = received.get()
            arrived[alert["labels"].get("measure", "")] = alert
        return "brightness" in arrived

    wait_for(has_arrived, "the alert", pause=0.3)
    alert = arrived["brightness"]
    assert alert["labels"] == {
        "alertname": "ViewfinderDrift",
        "severity": "warning",
        "namespace": "shop",
        "inferenceservice": "colour",
        "server": "viewfinder",
        "version": "7",
        "measure": "brightness",
    }
    told = alert["annotations"]
    assert told["description"].startswith("shop/colour, version 7: the brightness of the last")
    limits = {measure.name: measure.limit for measure in reference.measures}
    assert float(told["limit"]) == pytest.approx(limits["brightness"], rel=1e-3)
    assert float(told["value"]) > float(told["limit"])
    assert alert["status"] == "firing"
    # The photos are no larger or smaller than before.
    assert not arrived.keys() & {"pixels", "aspect"}
    assert read(prometheus, f"{MEASURES}:photos1h")["brightness"] > LEAST
