"""`viewfinder.drift` asks a real Prometheus, which reads replicas of two versions.

Their pages are imitated: a replica begins anew and photos turn dark when the test says so.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from tests.fixtures.drift_metrics import count_photos, make_reference, write_metrics
from tests.fixtures.loopback import QuietHandler, serving
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import wait_for
from tests.storage.servers import Server
from tests.testbed.monitoring import MonitoringPrograms

import viewfinder

PHOTOS = 20  # of each replica, from one reading to the next
REFERENCE = make_reference(limit=60.0)  # so high that nothing exceeds it by chance
DARK = {"brightness": 0.7}


class Replica:
    """A predictor that answers photos whenever it is read."""

    def __init__(self, version: str, seed: int) -> None:
        self.moved: dict[str, float] = {}
        self.answered = 0
        self._version, self._seed = version, seed
        self._counts = count_photos(REFERENCE, 0)

    def start_anew(self) -> None:
        """Count from 0 again."""
        self._counts = count_photos(REFERENCE, 0)

    def write_page(self) -> str:
        """Return the metrics, and answer photos until the next time."""
        page = write_metrics(REFERENCE, self._counts, self._version)
        self._seed += 1
        self.answered += PHOTOS
        new = count_photos(REFERENCE, PHOTOS, self.moved, self._seed)
        self._counts = {name: counts + new[name] for name, counts in self._counts.items()}
        return page

    def make_handler(self) -> type[QuietHandler]:
        """Return what answers Prometheus."""

        class Handler(QuietHandler):
            def do_GET(handler) -> None:  # noqa: N805
                handler.send(200, self.write_page().encode(), "text/plain")

        return Handler


@pytest.fixture(scope="module")
def replicas() -> list[Replica]:
    return [Replica("7", 10_000), Replica("7", 20_000), Replica("6", 30_000)]


@pytest.fixture(scope="module")
def prometheus(
    replicas: list[Replica],
    programs: MonitoringPrograms,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    with ExitStack() as stack:
        urls = [stack.enter_context(serving(one.make_handler())) for one in replicas]
        config = folder / "prometheus.yaml"
        config.write_text(yaml.safe_dump(describe_scraping(urls)))
        command = [
            *(str(programs.prometheus), f"--config.file={config}"),
            *(f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"),
        ]
        server = Server(command, port, "/-/ready", Path(folder / "log"))
        stack.callback(server.kill)
        server.start()
        yield server.url


def describe_scraping(urls: list[str]) -> dict[str, Any]:
    targets = [
        {
            "targets": [httpx.URL(url).netloc.decode()],
            "labels": {"namespace": "shop", "inferenceservice": "fruit", "pod": f"pod-{number}"},
        }
        for number, url in enumerate(urls)
    ]
    return {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "viewfinder-predictor", "static_configs": targets}],
    }


def test_photos_turn_dark(prometheus: str, replicas: list[Replica]) -> None:
    def ask() -> viewfinder.Drift:
        return viewfinder.drift("fruit", prometheus=prometheus, namespace="shop", since="5m")

    wait_for(lambda: all(one.answered >= 6 * PHOTOS for one in replicas), "some readings")
    usual = ask()
    assert [one.version for one in usual.versions] == ["7", "6"]
    assert not usual.has_drifted
    assert all(one.since is None for version in usual.versions for one in version.measures)
    usual_photos = usual.versions[0].photos
    assert usual_photos > 2 * PHOTOS

    replicas[1].start_anew()
    began = datetime.now(UTC)
    for replica in replicas[:2]:
        replica.moved = DARK
    wait_for(lambda: ask().has_drifted, "the drift to be found", pause=0.5)

    found = ask()
    newer, older = found.versions
    assert [one.name for one in newer.drifted] == ["brightness"]
    assert older.drifted == ()
    (brightness,) = newer.drifted
    assert brightness.sentence.startswith("darker")
    assert newer.photos > usual_photos  # although a replica counts from 0 again
    assert newer.photos > older.photos
    assert found.step is not None
    wait_for(lambda: ask().versions[0].measures[0].since is not None, "a point beyond the limit")
    since = ask().versions[0].measures[0].since
    assert since is not None
    assert since >= began - found.step
    assert "statistic over time" in found.html


def test_nothing_is_known_of_another_service(prometheus: str) -> None:
    with pytest.raises(viewfinder.PermanentError, match="none in the last day"):
        viewfinder.drift("vegetables", prometheus=prometheus)
