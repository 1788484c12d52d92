"""Kubeflow Pipelines for the tests: a real one by its addresses, or what a real one answered.

Without these variables the tests are played against the recordings in `recorded/`:

KFP_TEST_API        the address of a real API
KFP_TEST_UI         the address of its UI
KFP_TEST_SETTINGS   a viewfinder.toml for it without a host: images, credentials, data, model_root
KFP_TEST_RECORD=1   write what it answers into the recordings
KUBECONFIG          its cluster, for the tests that kill pods or fill a quota

They are not the variables that the command line reads: `make test` must never start real runs.
The data are photos of at least three classes, such that a run of ten epochs passes the gate.
"""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.loopback import running
from tests.kubeflow.install import Install, unique
from tests.kubeflow.recorder.exchanges import save
from tests.kubeflow.recorder.proxy import RecordingProxy
from tests.kubeflow.recorder.replay import ReplayServer
from tests.kubeflow.recorder.thinning import scrub, thin

RECORDED = Path(__file__).parent / "recorded"
_HOSTS = {"api": "KFP_TEST_API", "ui": "KFP_TEST_UI"}
IS_REAL = any(name in os.environ for name in _HOSTS.values())


@dataclass(frozen=True)
class Stage:
    """One address of Kubeflow Pipelines, real or played.

    Attributes:
        address: `api` or `ui`.
        folder: A temporary folder for homes and settings.
    """

    address: str
    folder: Path

    @property
    def other(self) -> "Stage":
        """The same install at its other address."""
        return replace(self, address=next(name for name in _HOSTS if name != self.address))

    @contextmanager
    def play(self, name: str, more_settings: str = "", kept: bool = True) -> Iterator[Install]:
        """Give the command line an install to talk to.

        Args:
            name: The recording that is played, or written.
            more_settings: TOML that is added to the settings file.
            kept: Whether it is recorded at all.
        """
        home = self.folder / f"{name}-{uuid.uuid4().hex[:6]}"
        home.mkdir()
        recording = RECORDED / self.address / f"{name}.json.xz"
        settings = home / "viewfinder.toml"
        source = Path(os.environ["KFP_TEST_SETTINGS"]) if IS_REAL else RECORDED / "viewfinder.toml"
        settings.write_text(f"{source.read_text()}\n{more_settings}")
        if not IS_REAL:
            with running(ReplayServer(recording)) as server:
                yield Install(home, settings, server.url, is_real=False)
            return
        upstream = os.environ[_HOSTS[self.address]]
        if "KFP_TEST_RECORD" not in os.environ or not kept:
            yield Install(home, settings, upstream, is_real=True)
            return
        with running(RecordingProxy(upstream)) as proxy:
            yield Install(home, settings, proxy.url, is_real=True)
        save(scrub(thin(proxy.exchanges)), recording)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give a real run the time it takes."""
    for item in items:
        if IS_REAL and Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1800))


@pytest.fixture(scope="session", params=list(_HOSTS))
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    if IS_REAL and _HOSTS[request.param] not in os.environ:
        pytest.skip(f"set {_HOSTS[request.param]}")
    return Stage(request.param, tmp_path_factory.mktemp(request.param))


@dataclass(frozen=True)
class Success:
    """A run that has published its first version and deployed it.

    Attributes:
        output: What the command printed.
        record: The run's record.
        shown: What `show --json` says where the run was started.
        shown_elsewhere: The same from a home that has never heard of the run.
    """

    output: str
    record: dict[str, Any]
    shown: dict[str, Any]
    shown_elsewhere: dict[str, Any]


@pytest.fixture(scope="session")
def succeeded(stage: Stage) -> Success:
    # The seed is new, so that no step comes from the cache that earlier tests left.
    name, seed = unique("fruit"), f"seed={uuid.uuid4().int % 2**31}"
    deploy = ("--set", "deploy=true", "--set", "predictor_cpu=100m")
    with stage.play("success") as install:
        code, output, record = install.run("--model-name", name, "--set", seed, *deploy)
        assert code == 0, output
        shown = _show(install, record["run_id"])
        elsewhere = _show(install.elsewhere(), record["run_id"])
    return Success(output, record, shown, elsewhere)


def _show(install: Install, run_id: str) -> dict[str, Any]:
    code, output = install.call("show", run_id, "--json")
    assert code == 0, output
    return dict(json.loads(output))
