"""What `viewfinder prune` removes, and that it removes nothing while it is unclear what serves."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.store import open_store
from viewfinder_pipelines.deployments.served import name_versions

MakeServable = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path, make_servable: MakeServable) -> str:
    """A model root with versions 1 to 4."""
    root = str(tmp_path / "models")
    for number in range(1, 5):
        servable = make_servable(f"run-{number}")
        publish_version(servable, PublishConfig(root, "fruit", servable.name))
    return root


def numbers(root: str) -> list[int]:
    return [version.number for version in open_store(root).versions("fruit")]


@pytest.mark.parametrize("served", ["0", "one", "s3://models/fruit"])
def test_served_of_a_wrong_form_removes_nothing(root: str, served: str) -> None:
    arguments = ["prune", "fruit", "--model-root", root, "--keep", "1", "--served", served]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert f"numbers or URIs of the versions that are served, received {served!r}" in result.stderr
    assert numbers(root) == [1, 2, 3, 4]


@pytest.mark.parametrize("served", ["44", "pear/1", "file:///models/pear/1", "fruit/9"])
def test_served_that_names_no_version_removes_nothing(root: str, served: str) -> None:
    arguments = ["prune", "fruit", "--model-root", root, "--keep", "1", "--served", served]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert f"a version of fruit at {root} (1, 2, 3, 4), received {served!r}" in result.stderr
    assert numbers(root) == [1, 2, 3, 4]


@pytest.mark.parametrize("served", ["1", "fruit/1", "s3://elsewhere/fruit/1/"])
def test_served_that_names_a_version_keeps_it(root: str, served: str) -> None:
    arguments = ["prune", "fruit", "--model-root", root, "--keep", "1", "--served", served]
    assert CliRunner().invoke(main, arguments).exit_code == 0
    assert numbers(root) == [1, 4]


def test_without_a_cluster_a_namespace_removes_nothing(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    arguments = ["prune", "fruit", "--model-root", root, "--keep", "1", "--namespace", "shop"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert "expected a kubeconfig" in result.stderr
    assert numbers(root) == [1, 2, 3, 4]


def test_whatever_names_a_version_serves_it() -> None:
    service = {
        "metadata": {"name": "shop-fruit", "namespace": "shop"},
        "spec": {
            "predictor": {"model": {"storageUri": "s3://models/fruit/3/"}},
            "canary": [{"predictor": {"model": {"storageUri": "pvc://claim/fruit/4"}}}],
            "transformer": {"containers": [{"args": ["s3://models/grapefruit/5/"]}]},
        },
    }
    labels = {"serving.kserve.io/inferenceservice": "old"}
    pod = {
        "metadata": {"name": "old-predictor-1", "namespace": "shop", "labels": labels},
        "spec": {"containers": [{"volumeMounts": [{"subPath": "fruit/2"}]}]},
    }
    assert name_versions([service, pod], "fruit") == {
        "s3://models/fruit/3/": "shop-fruit in namespace shop serves it",
        "pvc://claim/fruit/4": "shop-fruit in namespace shop serves it",
        "fruit/2": "old in namespace shop serves it",
    }
