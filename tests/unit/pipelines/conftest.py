"""Kubeflow Pipelines as it answered once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.pipelines.played_kubeflow import PlayedKubeflow, play

from viewfinder_pipelines.kubeflow.artifacts import CREDENTIALS


@pytest.fixture
def kubeflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[PlayedKubeflow]:
    """A played Kubeflow Pipelines, asked by somebody without any credentials."""
    asked = ("KFP_UI_HOST", "KFP_TOKEN", "KFP_COOKIE", "KF_PIPELINES_SA_TOKEN_PATH")
    for name in (*asked, *CREDENTIALS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with play() as played:
        yield played
