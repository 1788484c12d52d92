"""A version that every way to serve can load, and a task with low rates."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.fixtures.servables_tensorflow import write_full_version
from tests.fixtures.waiting import PATIENCE

from viewfinder_comparison.measurement.round import Task
from viewfinder_comparison.measurement.settings import Procedure
from viewfinder_comparison.pinning import divide_cores
from viewfinder_components.formats.samples import read_kept_samples

LOW = Procedure(
    rounds=1,
    seconds=0.5,
    clients=(1, 2),
    shares=(0.05, 0.1),
    overload=0.2,
    warm_up_seconds=0.2,
    timeout=PATIENCE,
)
"""A busy machine may be a hundred times slower than a free one: nothing here depends on it."""


@pytest.fixture(scope="session")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published version of a tiny model; not to be changed."""
    return write_full_version(tmp_path_factory.mktemp("models") / "colour" / "1")


@pytest.fixture
def task(version: Path) -> Task:
    """What servers are measured with."""
    samples = read_kept_samples(version)
    return Task(version, "colour", samples.photos, samples.labels, LOW, divide_cores())


@pytest.fixture
def brief(task: Task) -> Task:
    """One load of each kind, where the test is not about the loads: each starts a generator."""
    return replace(task, procedure=replace(LOW, clients=(1,), shares=(0.1,)))
