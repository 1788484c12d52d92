"""Kubeflow Pipelines as it answered once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.pipelines.played_kubeflow import PlayedKubeflow, play


@pytest.fixture
def kubeflow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[PlayedKubeflow]:
    """A played Kubeflow Pipelines, asked by somebody without any credentials."""
    for name in ("KFP_UI_HOST", "KFP_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with play() as played:
        yield played
