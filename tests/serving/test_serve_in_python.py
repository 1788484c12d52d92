"""`viewfinder.serve` yields what is needed to reach the predictor, and ends it with the block."""

import dataclasses
import shutil
from pathlib import Path

import httpx
import psutil
from tests.serving.test_lifecycle import write_manifest

import viewfinder


def test_a_predictor_runs_in_the_block(servable_dir: Path, tmp_path: Path) -> None:
    version = tmp_path / "colour" / "1"
    shutil.copytree(servable_dir, version)
    write_manifest(version)
    with viewfinder.serve(version) as predictor:
        assert [one.name for one in dataclasses.fields(predictor)] == ["url", "pid"]
        assert httpx.get(f"{predictor.url}/v2/health/ready").status_code == 200
        assert "viewfinder_serving" in psutil.Process(predictor.pid).cmdline()
    assert not psutil.pid_exists(predictor.pid)
