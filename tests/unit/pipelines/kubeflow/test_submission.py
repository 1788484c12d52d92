"""What two submissions to a new install do to each other; real HTTP on this machine plays it."""

import json
from collections.abc import Iterator

import pytest
from tests.fixtures.loopback import QuietHandler, serving

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.client import connect
from viewfinder_pipelines.kubeflow.submission import find_experiment
from viewfinder_pipelines.settings.file import KubeflowSettings


class _Api(QuietHandler):
    """An API without experiments, at which another submission makes one just before ours."""

    is_there_after_all = True
    experiments: list[dict[str, str]] = []  # noqa: RUF012

    def do_GET(self) -> None:
        self.send(200, json.dumps({"experiments": type(self).experiments}).encode())

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.is_there_after_all:
            type(self).experiments = [{"experiment_id": "theirs", "display_name": "fruit"}]
        self.send(409, b'{"error": "The name fruit already exists", "code": 6}')


@pytest.fixture
def api() -> Iterator[tuple[KubeflowSettings, type[_Api]]]:
    handler = type("Api", (_Api,), {"experiments": []})
    with serving(handler) as url:
        yield KubeflowSettings(host=url, experiment="fruit"), handler


def test_the_experiment_of_a_faster_submission_is_taken(
    api: tuple[KubeflowSettings, type[_Api]],
) -> None:
    settings, _ = api
    assert find_experiment(connect(settings), settings) == "theirs"


def test_a_refused_experiment(api: tuple[KubeflowSettings, type[_Api]]) -> None:
    settings, handler = api
    handler.is_there_after_all = False
    with pytest.raises(PermanentError, match="already exists"):
        find_experiment(connect(settings), settings)
