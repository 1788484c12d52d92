"""A run's report, as a notebook shows it."""

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.runs.record import RunResult

if TYPE_CHECKING:
    from viewfinder_pipelines.results.artifacts import Read

_STYLE = "width:100%;height:45em;border:1px solid rgba(128,128,128,.4);resize:vertical"
# Without it, a link to a section would open the notebook itself in the frame.
_BASE = '<base href="about:srcdoc">'


@dataclass(frozen=True)
class Report:
    """A run's report; a notebook shows it in a frame.

    Attributes:
        html: The page, which is self-contained and has no scripts.
    """

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return show_in_frame(self.html, "Report")


def show_in_frame(html: str, title: str) -> str:
    """Return a self-contained page without scripts as a part of a notebook.

    Args:
        html: The page.
        title: What the frame is called for screen readers.
    """
    page = html.replace("<head>", f"<head>{_BASE}", 1)
    return f'<iframe title="{title}" sandbox srcdoc="{escape(page)}" style="{_STYLE}"></iframe>'


def read_report(result: RunResult, read: "Read") -> Report:
    """Read the report that a run has left.

    Args:
        result: The run's record.
        read: Reads a file.

    Raises:
        PermanentError: The run has no report, or it cannot be read.
    """
    from viewfinder_pipelines.results.artifacts import damaged_file

    if result.report is None:
        raise PermanentError(
            f"the report of run {result.run_id}",
            f"none; the run is in state {result.state}",
            "take a run whose step evaluate has finished",
        )
    content = read(result.report)
    try:
        return Report(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise damaged_file("an HTML page", result.report, error) from error
