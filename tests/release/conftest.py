"""A copy of the checkout, which a test may change as a release does."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fixtures.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
_NEEDED = ("components", "pipelines", "manifests", "docs", "release", ".github", "tests/testbed")
_FILES = ("pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "Makefile", "Dockerfile")
_MORE = ("tests/contract/golden", "tests/unit/pipelines/settings")

Call = Callable[..., "subprocess.CompletedProcess[str]"]


def copy_checkout(target: Path) -> Path:
    """Copy what a release reads."""
    for folder in (*_NEEDED, *_MORE):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, target / folder, ignore=ignored)
    for name in _FILES:
        shutil.copyfile(ROOT / name, target / name)
    return target


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_checkout(tmp_path / "checkout")


@pytest.fixture
def call(checkout: Path) -> Call:
    """Run a program in the copy, whose packages it imports."""

    def run(*command: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
        paths = os.pathsep.join(str(checkout / name) for name in ("components", "pipelines"))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("VIEWFINDER_")}
        own = {"BIN": str(Path(sys.executable).parent), "PYTHONPATH": paths}
        return subprocess.run(
            [*command], cwd=checkout, capture_output=True, text=True, check=False, timeout=PATIENCE,
            env=inherited | own | environment,
        )  # fmt: skip

    return run
