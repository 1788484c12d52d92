"""A small folder of real photos, and the command line run on it as a user would."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.foreign_modules import write_foreign_modules
from tests.fixtures.photos import fruit_of

PHOTOS_PER_CLASS = 24
# A busy machine must not fail a run whose speed is not the matter.
PATIENT = ("--set", "max_p50_ms=60000", "--set", "max_p99_ms=60000")


@dataclass(frozen=True)
class Viewfinder:
    """The installed command, with a home of its own."""

    home: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "VIEWFINDER_HOME": str(self.home),
            "TMPDIR": str(self.temporary),
        }

    @property
    def temporary(self) -> Path:
        """The system's folder for temporary files, as the commands see it."""
        folder = self.home.with_name(f"{self.home.name} tmp")
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def work(self) -> Path:
        """A working directory whose modules end every process that imports one of them."""
        folder = self.home.with_name(f"{self.home.name} work")
        return folder if folder.is_dir() else write_foreign_modules(folder)

    def command(self, *arguments: str) -> list[str]:
        return [str(Path(sys.executable).with_name("viewfinder")), *arguments]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.work,
            capture_output=True,
            text=True,
            check=False,
        )

    def records(self) -> list[dict[str, Any]]:
        """Every run's record, the oldest first."""
        paths = sorted((self.home / "runs").glob("*/run.json"))
        return [json.loads(path.read_text()) for path in paths]


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of fruit in a folder whose name tries to break something."""
    folder = tmp_path_factory.mktemp("data") / "python3 photos of 'früit' {{x}}"
    chosen = fruit_of("Apple", "Pear", "Satsumas", count=PHOTOS_PER_CLASS)
    for label, photos in chosen.items():
        (folder / label).mkdir(parents=True)
        for number, photo in enumerate(photos, 1):
            (folder / label / f"{number}.jpg").write_bytes(photo)
    return folder


@pytest.fixture(scope="session")
def patient() -> tuple[str, ...]:
    """Options for a run that publishes on a busy machine as well."""
    return PATIENT


@pytest.fixture
def viewfinder(tmp_path: Path) -> Viewfinder:
    home = tmp_path / "home"
    home.mkdir()
    return Viewfinder(home)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Viewfinder:
    """A home in which one run has published one version of the model `small`."""
    made = Viewfinder(tmp_path_factory.mktemp("published: 100% 'früit' python3"))
    done = made.run("run", "--data", str(photos), "--model-name", "small", *PATIENT)
    assert done.returncode == 0, done.stdout + done.stderr
    return made
