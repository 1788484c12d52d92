"""How a run is shown below the cell of a notebook that runs it."""

import time
from typing import Any

from IPython.display import DisplayHandle

from viewfinder_pipelines.runs.card import render_card
from viewfinder_pipelines.runs.events import Event, read_progress
from viewfinder_pipelines.runs.record import RunResult

_CHANGES = ("began", "succeeded", "failed", "cached", "waits")
_SECONDS = 0.5
"""The minimum time between two updates of a step's progress."""


class NotebookDisplay:
    """Show a run's card, and keep it up to date as the steps run."""

    def __init__(self) -> None:
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._is_shown = False
        self._progress = ""
        self._drawn = 0.0

    def __call__(self, event: Event, result: RunResult) -> None:
        """Handle an event of the run."""
        step = event.step or (result.steps[-1].name if result.steps else "")
        if (progress := read_progress(event, step)) is not None:
            self._progress = progress
            if time.monotonic() - self._drawn > _SECONDS:
                self.draw(result, self._progress)
        elif event.kind in _CHANGES:
            self._progress = ""
            self.draw(result)

    def draw(self, result: RunResult, progress: str = "") -> None:
        """Show a run in place of its earlier state.

        Args:
            result: The run so far.
            progress: What the running step is doing.
        """
        self._drawn = time.monotonic()
        content: dict[str, Any] = {
            "text/html": render_card(result, progress),
            "text/plain": repr(result),
        }
        if self._is_shown:
            self._handle.update(content, raw=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.display(content, raw=True)  # type: ignore[no-untyped-call]
        self._is_shown = True
