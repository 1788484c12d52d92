"""Kubeflow Pipelines is examined wherever runs would find it."""

from pathlib import Path

import pytest

from viewfinder_pipelines.doctor.pipelines_api import is_address_known
from viewfinder_pipelines.kubeflow import client
from viewfinder_pipelines.settings.file import KubeflowSettings


@pytest.fixture(autouse=True)
def _without_address(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KFP_HOST", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


def test_an_address_that_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_address_known(KubeflowSettings())
    assert is_address_known(KubeflowSettings(host="http://localhost:8080"))
    monkeypatch.setenv("KFP_HOST", "http://localhost:8888")
    assert is_address_known(KubeflowSettings())


def test_a_pod_knows_the_name_of_the_service(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    assert not is_address_known(KubeflowSettings())  # this variable alone is not a pod's
    namespace = tmp_path / "namespace"
    namespace.write_text("team")
    monkeypatch.setattr(client, "_POD_NAMESPACE", namespace)
    assert is_address_known(KubeflowSettings())
