"""A predictor that serves a version on this machine, as a script or a notebook sees it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from viewfinder_components.checking.predictor import running_predictor

_READY_SECONDS = 60.0


@dataclass(frozen=True)
class RunningPredictor:
    """A predictor that `serve` has started and that is ready."""

    url: str
    """Its base URL on the loopback interface."""
    pid: int
    """The ID of its process, which ends with the `with` block."""


@contextmanager
def serving(version: Path, name: str) -> Iterator[RunningPredictor]:
    """Serve a version while the block runs.

    Args:
        version: The version's folder.
        name: The model's name in the URLs.

    Raises:
        PermanentError: The predictor exited, or was not ready in time; with the end of its log.
    """
    with running_predictor(version, name, _READY_SECONDS) as predictor:
        yield RunningPredictor(predictor.url, predictor.pid)
