"""In which order versions are told, whatever a server says they are."""

import json
from collections.abc import Iterator
from typing import ClassVar

import pytest
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder_pipelines.objectives.budgets import read_budgets
from viewfinder_pipelines.objectives.objective_file import Objectives
from viewfinder_pipelines.watching.prometheus_api import open_api
from viewfinder_pipelines.watching.samples import rank_version

LONG = "9" * 5000


def test_versions_are_sorted_by_their_numbers() -> None:
    versions = ["10", "9", "\u0663", "\u00b2", LONG, "", "x"]
    numbers = [one for one in sorted(versions, key=rank_version) if one in ("9", "10")]
    assert numbers == ["9", "10"]
    assert sorted(versions, key=rank_version)[-2:] == ["9", "10"]


class _Server(QuietHandler):
    body: ClassVar[bytes] = b""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send(200, self.body)


@pytest.fixture
def server() -> Iterator[str]:
    with serving(_Server) as url:
        yield url


def test_error_budgets_of_versions_that_are_no_numbers(server: str) -> None:
    counted = {"objective": "availability", "span": "window", "part": "all"}
    series = [
        {"metric": {**counted, "version": version}, "value": [1, "10"]} for version in ("2", LONG)
    ]
    series.append({"metric": {"objective": "availability"}, "value": [1, "10"]})
    _Server.body = json.dumps({"data": {"result": series}}).encode()
    with open_api(server) as api:
        (budget,) = read_budgets(api, "fruit", Objectives(availability=0.9))
    assert [one.version for one in budget.versions] == ["", LONG, "2"]
    assert budget.requests == 20
