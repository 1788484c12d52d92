"""A schedule's runs use the cache as other runs do: the settings decide."""

import hashlib
import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.unit.pipelines.played_kubeflow import API_HEALTH, play

import viewfinder
from viewfinder_pipelines.kubeflow.submission import compile_for_cluster
from viewfinder_pipelines.settings.file import read_settings

SETTINGS = """
[steps]
image = "registry/steps:1"
[steps.check]
image = "registry/predictor:1"
"""


@pytest.mark.parametrize(
    ("setting", "cache", "is_cached"),
    [
        ("", None, True),
        ("", False, False),
        ("[kubeflow]\ncache = false\n", None, False),
        ("[kubeflow]\ncache = false\n", True, True),
    ],
)
def test_which_version_a_schedule_runs(
    setting: str,
    cache: bool | None,
    is_cached: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("viewfinder.toml").write_text(SETTINGS + setting, encoding="utf-8")
    compiled = tmp_path / "expected.yaml"
    compile_for_cluster(compiled, read_settings(None).platform, is_cached)
    digest = hashlib.sha256(compiled.read_bytes()).hexdigest()[:12]
    with play() as played:
        played.answers["/apis/v2beta1/healthz"] = json.dumps(API_HEALTH)
        pipelines = [{"pipeline_id": "1", "display_name": "viewfinder-training"}]
        played.answers["/apis/v2beta1/pipelines"] = json.dumps({"pipelines": pipelines})
        kubeflow = viewfinder.KubeflowPipelines(host=played.host, cache=cache)
        with pytest.raises(viewfinder.ViewfinderError):  # nothing can be uploaded here
            kubeflow.set_schedule(
                "nightly", every="6h", data="s3://photos/fruit", model_root="s3://models"
            )
        assert any(f"training-{digest}" in unquote(path) for path in played.asked), played.asked
