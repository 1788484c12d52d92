"""A Prometheus whose answers are strange, or that is none."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from tests.fixtures.drift_metrics import count_photos, make_reference, write_metrics
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder import drift
from viewfinder_components.errors import PermanentError, TransientError
from viewfinder_pipelines.watching.samples import read_samples

REFERENCE = make_reference()
END = 1_700_000_000.0


class _Server(QuietHandler):
    status: ClassVar[int] = 200
    answers: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.asked.append({name: text for name, (text,) in form.items()})
        self.send(self.status, self.answers[self.path.rpartition("/")[2]])


@pytest.fixture
def server() -> Iterator[str]:
    _Server.status = 200
    _Server.asked.clear()
    with serving(_Server) as url:
        yield url


def list_series(page: str, **labels: str) -> list[dict[str, Any]]:
    return [
        {"metric": dict(given) | {"metric": name} | labels, "value": [END, str(value)]}
        for (name, given), value in read_samples(page).items()
    ]


def answer(series: list[dict[str, Any]], history: list[dict[str, Any]]) -> None:
    def write(found: list[dict[str, Any]]) -> bytes:
        return json.dumps({"status": "success", "data": {"result": found}}).encode()

    _Server.answers = {"query": write(series), "query_range": write(history)}


PAGE = write_metrics(REFERENCE, count_photos(REFERENCE, 400, {"brightness": 0.5}))


def test_values_in_the_history_that_make_no_sense(server: str) -> None:
    brightness = {"version": "7", "measure": "brightness", "precision": ""}
    points = [[END - 900, "NaN"], [END, "1e300"]]
    strange = [
        {"metric": {**brightness, "bin": place}, "values": points}
        for place in ("0", "1", "x", "99")
    ]
    other = {"metric": {**brightness, "measure": "unheard of", "bin": "0"}, "values": points}
    answer(list_series(PAGE), [*strange, other])
    (version,) = drift("fruit", prometheus=server).versions
    (measure,) = version.drifted
    assert [one.has_drifted for one in measure.timeline] == [None, None]
    assert measure.since is None
    assert all(not one.timeline for one in version.measures[1:])


def test_what_prometheus_is_asked(server: str) -> None:
    answer(list_series(PAGE), [])
    found = drift('fr"uit', prometheus=server, namespace="shop", since="1d")
    assert found.end.timestamp() == END
    once, over_time = _Server.asked
    assert r'{inferenceservice="fr\"uit", namespace="shop"}[86400000ms]' in once["query"]
    assert float(over_time["end"]) == END  # by the server's clock, not by ours
    assert float(over_time["end"]) - float(over_time["start"]) == 95 * 900
    assert over_time["step"] == "900.0"


def test_the_same_name_in_two_namespaces(server: str) -> None:
    answer(list_series(PAGE, namespace="shop") + list_series(PAGE, namespace="test"), [])
    with pytest.raises(PermanentError) as caught:
        drift("fruit", prometheus=server)
    assert str(caught.value) == (
        "expected the service fruit in one namespace, received in shop, test; choose one with "
        "namespace"
    )


def test_a_service_that_prometheus_does_not_know(server: str) -> None:
    answer([], [])
    with pytest.raises(PermanentError, match="none in the last 12 hours; check its name and names"):
        drift("fruit", prometheus=server, since="12h")


@pytest.mark.parametrize("time", ["1e300", "-1", "NaN"])
def test_a_time_that_there_is_not(server: str, time: str) -> None:
    series = list_series(PAGE)
    series[0]["value"][0] = time
    answer(series, [])
    with pytest.raises(PermanentError, match="an answer that is not of its API"):
        drift("fruit", prometheus=server)


def test_a_series_without_values(server: str) -> None:
    answer(list_series(PAGE), [{"metric": {}, "values": []}])
    with pytest.raises(PermanentError, match="an answer that is not of its API"):
        drift("fruit", prometheus=server)


@pytest.mark.parametrize("digits", ["9" * 5000, "\u0663", "\u00b2", "\ud800"])
def test_versions_measures_and_bins_that_are_no_numbers(server: str, digits: str) -> None:
    strange = list_series(PAGE, version=digits)
    points = [
        {"metric": {**one["metric"], "bin": digits}, "values": [one["value"]]} for one in strange
    ]
    answer(strange + list_series(PAGE), [*points])
    found = drift("fruit", prometheus=server)
    assert found.versions[-1].version == "7" or found.versions[0].version == "7"
    assert found.to_table().num_rows == 2 * len(found.versions[0].measures)
    assert found.html.encode()


def test_a_number_beyond_all_numbers(server: str) -> None:
    series = list_series(PAGE)
    series[0]["value"][0] = 10**400
    answer(series, [])
    with pytest.raises(PermanentError, match="an answer that is not of its API"):
        drift("fruit", prometheus=server)


def test_a_version_without_any_measure_that_can_be_judged_has_a_page(server: str) -> None:
    answer(list_series(PAGE, bin="99999"), [])
    found = drift("fruit", prometheus=server)
    (version,) = found.versions
    assert not version.measures
    assert "a bin has no number" in version.problems[0]
    assert "is left out" in found.html


def test_it_may_answer_later(server: str) -> None:
    answer([], [])
    _Server.status = 503
    with pytest.raises(TransientError, match="HTTP 503"):
        drift("fruit", prometheus=server)
