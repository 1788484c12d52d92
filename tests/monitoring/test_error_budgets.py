"""Error budgets, asked of a real Prometheus that has a past."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures.ports import free_port
from tests.fixtures.waiting import PATIENCE
from tests.storage.servers import Server
from tests.testbed.monitoring import MonitoringPrograms

import viewfinder
from viewfinder_components.errors import PermanentError

# Version 1 served for an hour from one address, and then version 2 from the same and another pod.
HOURS, STEP = 2, 30
REQUESTS, FAILED, SLOW = 1.0, {"1": 0.02, "2": 0.001}, 0.1  # a second
OBJECTIVES = """
[fruit]
namespace = "shop"
days = 0.0833333  # 2 h
availability = 0.99
latency = { seconds = 1.0, share = 0.95 }

[other]
availability = 0.99
"""


def write_past(now: float) -> str:
    """Return the predictors' counters of the last hours, in OpenMetrics."""
    begin = now - HOURS * 3600
    lines: dict[str, list[str]] = {"viewfinder_requests": [], "viewfinder_request_seconds": []}
    info: list[str] = []
    for pod, start, version in (("a", 0, "1"), ("a", 3600, "2"), ("b", 3600, "2")):
        of = f'namespace="shop",inferenceservice="fruit",pod="{pod}",instance="{pod}:80"'
        for second in range(start, start + 3600, STEP):
            at, passed = begin + second, second - start  # a new process counts from 0
            info.append(f'viewfinder_model_info{{{of},version="{version}"}} 1 {at}')
            total = passed * REQUESTS
            failed = passed * FAILED[version]
            for outcome, count in (("answered", total - failed), ("failed", failed)):
                lines["viewfinder_requests"].append(
                    f'viewfinder_requests_total{{{of},protocol="v1",outcome="{outcome}"}} '
                    f"{count} {at}"
                )
            for bound, count in (("1.0", total * (1 - SLOW)), ("+Inf", total)):
                lines["viewfinder_request_seconds"].append(
                    f'viewfinder_request_seconds_bucket{{{of},protocol="v1",le="{bound}"}} '
                    f"{count} {at}"
                )
            lines["viewfinder_request_seconds"].append(
                f'viewfinder_request_seconds_count{{{of},protocol="v1"}} {total} {at}'
            )
    kinds = {"viewfinder_requests": "counter", "viewfinder_request_seconds": "histogram"}
    text = [
        line for name, kind in kinds.items() for line in (f"# TYPE {name} {kind}", *lines[name])
    ]
    return "\n".join([*text, "# TYPE viewfinder_model_info gauge", *info, "# EOF\n"])


@pytest.fixture(scope="module")
def prometheus(
    programs: MonitoringPrograms, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("past")
    (folder / "past.txt").write_text(write_past(time.time()))
    (folder / "prometheus.yaml").write_text("{}\n")
    command = ["tsdb", "create-blocks-from", "openmetrics", folder / "past.txt", folder / "data"]
    subprocess.run([programs.promtool, *command], check=True, timeout=PATIENCE)
    port = free_port()
    options = [
        *(f"--config.file={folder / 'prometheus.yaml'}", f"--storage.tsdb.path={folder / 'data'}"),
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    server = Server([str(programs.prometheus), *options], port, "/-/ready", folder / "log")
    try:
        server.start()
        yield server.url
    finally:
        server.kill()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "slo.toml"
    path.write_text(OBJECTIVES)
    return path


def test_each_version_has_used_its_part(prometheus: str, file: Path) -> None:
    availability, latency = viewfinder.read_error_budgets(prometheus, ["fruit"], file=file)
    first, second = availability.versions
    assert (first.version, second.version) == ("1", "2")
    assert first.requests == pytest.approx(3600, rel=0.1)
    assert second.requests == pytest.approx(7200, rel=0.1)
    assert first.burn_rate == pytest.approx(2, rel=0.1)
    # Of the 5 minutes around the change, all requests count for version 2: up to 6 more failures.
    for rate in (second.burn_rate, second.burn_rate_1h):
        assert rate is not None
        assert 0.09 < rate < 0.2
    # Of 10,800 requests, 108 may fail; 72 of version 1 did, and 7 of version 2.
    assert first.used == pytest.approx(72 / 108, rel=0.1)
    assert 0.9 * 7.2 < 108 * second.used < 7.2 + 6 + 1
    assert availability.left == pytest.approx(1 - 79.2 / 108, abs=0.05)
    assert latency.objective == "latency"
    assert latency.left == pytest.approx(-1, abs=0.05)  # a tenth took longer than a twentieth may
    assert [one.burn_rate for one in latency.versions] == pytest.approx([2, 2], rel=0.05)


def test_the_command(prometheus: str, file: Path) -> None:
    program = "from viewfinder.cli.main import main; main()"
    asked = ["slo", "fruit", "--prometheus", prometheus, "--file", str(file)]

    def run(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *asked, *options],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip

    done = run()
    assert done.returncode == 5, done.stderr  # the budget for latency is used up
    assert "fruit: availability 0.99 over 0.0833333 days: 2" in done.stdout
    assert "fruit: latency 0.95 within 1 s" in done.stdout
    found = json.loads(run("--json").stdout)
    assert [one["versions"][0]["version"] for one in found] == ["1", "1"]


def test_a_service_that_prometheus_does_not_know(
    prometheus: str, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(PermanentError, match="expected series of other in Prometheus"):
        viewfinder.read_error_budgets(prometheus, ["other"], file=file)
    budgets = viewfinder.read_error_budgets(prometheus, file=file)
    assert {budget.service for budget in budgets} == {"fruit"}
    assert "expected series of other in Prometheus" in caplog.text
