"""The cache of kfp.local, which compares a step's inputs as Kubeflow's does, notices other photos.

The pipeline is the one that is compiled for Kubeflow, up to preprocess. `viewfinder run` has a
cache for each run only, and leaves out the step that lists the photos.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from viewfinder_pipelines.pipeline.compiling import compile_pipeline

pytestmark = pytest.mark.slow

RUN = """
import logging
import sys
from kfp import components, local

logging.basicConfig(level=logging.INFO, format="%(message)s")
pipeline, data, root, cache = sys.argv[1:]
local.init(
    runner=local.SubprocessRunner(use_venv=False),
    pipeline_root=root,
    enable_caching=True,
    cache_root=cache,
)
components.load_component_from_file(pipeline)(data=data, model_root="/none", image_size=32)
"""
READING = {"fingerprint", "validate", "preprocess"}


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    compile_pipeline(tmp_path / "pipeline.yaml")
    specification = next(iter(yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text())))
    graph = specification["root"]["dag"]
    graph["tasks"] = {name: task for name, task in graph["tasks"].items() if name in READING}
    graph.pop("outputs", None)
    (tmp_path / "pipeline.yaml").write_text(yaml.safe_dump(specification))
    return tmp_path / "pipeline.yaml"


def run(pipeline: Path, data: Path, root: Path) -> set[str]:
    """Return the steps that were taken from the cache."""
    command = [sys.executable, "-c", RUN, pipeline, data, root, pipeline.parent / "cache"]
    done = subprocess.run(
        [*map(str, command)], cwd=pipeline.parent, capture_output=True, text=True, check=False
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "fingerprint succeeded: 72 files with the fingerprint" in output
    return set(re.findall(r"^Task (\S+) cache hit", output, re.MULTILINE))


@pytest.mark.timeout(600)
def test_unchanged_photos_are_not_read_again_and_a_changed_one_is(
    pipeline: Path, photos: Path, tmp_path: Path
) -> None:
    data = tmp_path / "photos"
    shutil.copytree(photos, data)
    assert run(pipeline, data, tmp_path / "1") == set()
    assert run(pipeline, data, tmp_path / "2") == {"validate", "preprocess"}
    shutil.copyfile(data / "Apple" / "1.jpg", data / "Apple" / "2.jpg")
    assert run(pipeline, data, tmp_path / "3") == set()
    assert run(pipeline, data, tmp_path / "4") == {"validate", "preprocess"}
