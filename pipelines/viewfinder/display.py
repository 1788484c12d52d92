"""How a run is shown: on a terminal, in a notebook, in a pipe or in a CI log."""

from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from viewfinder.live_line import LiveLine
from viewfinder.markup import to_markup
from viewfinder_components.errors import UsageError
from viewfinder_components.run_reason import BY_HAND
from viewfinder_components.step import Role
from viewfinder_pipelines.runs.events import Event, Listener, read_progress
from viewfinder_pipelines.runs.file_lists import find_label_list, find_photo_list
from viewfinder_pipelines.runs.files import LOG_FILE
from viewfinder_pipelines.runs.record import RunResult, StepResult
from viewfinder_pipelines.runs.resuming import explain_resuming
from viewfinder_pipelines.settings.environment import Settings

_MARKS = {
    "succeeded": "[green]✓[/]",
    "cached": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "interrupted": "[yellow]![/]",
    "running": "[cyan]…[/]",
}
_VERDICTS = {
    "succeeded": "[bold green]published[/]",
    "refused": "[bold yellow]refused by the gate[/]",
    "failed": "[bold red]failed[/]",
    "interrupted": "[bold yellow]interrupted[/]",
    "running": "[bold cyan]running[/]",
}
_OVERHEAD = {
    "driver": "drivers",
    "queue": "queueing",
    "start": "pods starting",
    "finish": "pods ending",
    "between": "between steps",
}


class RunDisplay:
    """Show each step as it runs: a live line on a terminal, a line a step or a minute elsewhere.

    Args:
        console: Where to write.
        silent_seconds: The longest silence where the output is not a terminal.
    """

    def __init__(self, console: Console, silent_seconds: float = 60.0) -> None:
        self._line = LiveLine(console, silent_seconds)

    def __call__(self, event: Event, result: RunResult) -> None:
        """Handle an event of the run."""
        if not result.steps:
            return
        step = result.step(event.step) or result.steps[-1]
        if event.kind == "began":
            self._line.show(step.name)
        elif (progress := read_progress(event, step.name)) is not None:
            self._line.show(f"{step.name}: {progress}")
        elif event.kind == "waits":
            self.close()
            self._line.print(f"[yellow]![/] {to_markup(step.name)} waits: {to_markup(event.text)}")
        elif event.kind in ("succeeded", "failed", "cached"):
            self.close()
            self._line.print(describe_step(step))

    def announce(self, folder: Path) -> None:
        """Say which run begins and where its log is: the first step may take minutes.

        Args:
            folder: The run's.
        """
        self._line.print(f"Run [bold]{to_markup(folder.name)}[/] in {to_markup(str(folder))}")

    def close(self) -> None:
        """Remove the live line."""
        self._line.close()


def show_run(
    work: Callable[[Listener], RunResult],
    listener: Listener | None,
    home: str | Path | None = None,
    folder: Path | None = None,
) -> RunResult:
    """Do a run's work; without a listener show its steps, and how it ended.

    Args:
        work: What makes the run's record, and calls what it is given with each event.
        listener: What hears of the events instead.
        home: Where runs are kept, as for `viewfinder.run`.
        folder: The folder of a run that begins, which is named at once; None for other runs.

    Raises:
        UsageError: The listener cannot be called.
    """
    if listener is not None:
        if not callable(listener):
            raise UsageError("a function as listener", repr(listener), "leave it out, or name one")
        return work(listener)
    console = Console()
    if console.is_jupyter:
        return _show_in_notebook(work)
    display = RunDisplay(console)
    if folder is not None:
        display.announce(folder)
    try:
        result = work(display)
    finally:
        display.close()
    print_result(console, result, home)
    return result


def _show_in_notebook(work: Callable[[Listener], RunResult]) -> RunResult:
    from viewfinder.notebook_display import NotebookDisplay

    display = NotebookDisplay()
    result = work(display)
    display.draw(result)
    return result


def describe_step(step: StepResult) -> str:
    """Return one line about a step, in rich's markup."""
    seconds = describe_seconds(step, " s")
    again = f" ({step.attempts} pods)" if step.attempts > 1 else ""
    text = to_markup(step.summary or step.waiting)
    if step.is_reused:
        text = f"reused{': ' if text else ''}{text}"
    line = f"{_MARKS[step.state]} {to_markup(step.name):<11}{seconds:>8}  {text}{again}"
    return line.rstrip()


def describe_seconds(step: StepResult, unit: str = "") -> str:
    """Return a step's time, of a reused one what it took then; nothing where nobody measured it."""
    is_unknown = step.state in ("interrupted", "running", "cached") and not step.shown_seconds
    return "" if is_unknown else f"{step.shown_seconds:.1f}{unit}"


def describe_overhead(result: RunResult) -> str:
    """Return the line on the cluster's share of a run's time, the largest part first, as markup."""
    total = sum(result.overhead.values())
    parts = sorted(result.overhead.items(), key=lambda part: -part[1])
    shares = ", ".join(f"{_OVERHEAD.get(kind, kind)} {seconds:.0f} s" for kind, seconds in parts)
    share = total / max(result.seconds, total, 1e-9)
    return to_markup(f"Cluster: {total:.0f} s of {result.seconds:.0f} s ({share:.0%}): {shares}")


def print_result(console: Console, result: RunResult, home: str | Path | None = None) -> None:
    """Print how a run ended, what it found and what to do next.

    Args:
        console: Where to print.
        result: The run's record.
        home: Where runs are kept, as for `viewfinder.run`.
    """
    run_dir = Settings.at(home).runs / result.run_id
    console.print()
    console.print(
        f"Run [bold]{to_markup(result.run_id)}[/] {_judge(result)} after {result.seconds:.1f} s",
        highlight=False,
        soft_wrap=True,
    )
    if result.decision and not _is_told(result):
        console.print(to_markup(result.decision), highlight=False, soft_wrap=True)
    if result.error:
        _print_error(console, result)
        _print_log(console, result, run_dir)
    for name, place in _list_places(result, run_dir):
        shown = place.replace("\n", f"\n{'':<9}")  # a long path has a line of its own
        console.print(f"{name:<9}{to_markup(shown)}", highlight=False, soft_wrap=True)
    for gap in result.gaps:
        steps = to_markup(", ".join(gap.steps))
        line = f"[yellow]Could not read from {steps}:[/] {to_markup(gap.message)}"
        console.print(line, highlight=False, soft_wrap=True)
    if result.overhead:
        console.print(describe_overhead(result), highlight=False, soft_wrap=True)
    if advice := advise_resuming(result, home):
        console.print(f"Resume:  {to_markup(advice)}", highlight=False, soft_wrap=True)


def _list_places(result: RunResult, run_dir: Path) -> Iterator[tuple[str, str]]:
    """Yield where the parts of a run's result are, each with its heading."""
    if result.reason != BY_HAND:  # whoever has just started it knows
        yield "Began:", str(result.reason)
    if result.version:
        yield "Version:", str(result.version["uri"])
    if result.endpoint:
        yield "Serving:", result.endpoint
    if result.report:
        yield "Report:", result.report_page or result.report
    if photos := find_photo_list(result, run_dir):
        yield "Photos:", f"every file found, and why some were left out:\n{photos}"
    if labels := find_label_list(result):
        yield "Labels:", f"labels worth a second look:\n{labels}"
    if result.page:
        yield "Page:", result.page


def advise_resuming(result: RunResult, home: str | Path | None = None) -> str:
    """Return how a run can be resumed, and when; empty where that is of no use.

    A resumed run keeps its parameters. After an error that the same input causes again, it saves
    what the steps before have done, once the cause is removed outside the parameters.

    Args:
        result: The run's record.
        home: Where runs are kept, as for `viewfinder.run`.
    """
    command = explain_resuming(result, home)
    if not result.is_local or result.state not in ("failed", "interrupted"):
        return ""
    if result.state == "interrupted" or (result.error and result.error.retryable):
        return command
    if any(step.state in ("succeeded", "cached") for step in result.steps):
        return f"{command} (once the cause is removed; other parameters need a new run)"
    return ""


def _is_told(result: RunResult) -> bool:
    """Return whether the line of the evaluate step, which is printed above, tells the decision."""
    gate = result.step_of(Role.GATE)
    return gate is not None and gate.summary == result.decision


def _judge(result: RunResult) -> str:
    """Return how a run ended, as markup: one without a gate published nothing."""
    if result.state == "succeeded" and not result.step_of(Role.GATE):
        return f"[bold green]{'deployed' if result.endpoint else 'succeeded'}[/]"
    return _VERDICTS[result.state]


def _print_error(console: Console, result: RunResult) -> None:
    error = result.error
    assert error is not None  # noqa: S101  (the caller looked)
    where = f"in step {error.step}" if error.step else "outside the steps"
    console.print(
        f"[red]Failed {to_markup(where)}:[/] {to_markup(error.message)}",
        highlight=False,
        soft_wrap=True,
    )
    if error.retryable:
        console.print(
            "This may be temporary: the same run may succeed later.",
            highlight=False,
            soft_wrap=True,
        )


def _print_log(console: Console, result: RunResult, run_dir: Path) -> None:
    path = run_dir / LOG_FILE
    if result.is_local and path.is_file():
        console.print(f"Log:     {to_markup(str(path))}", highlight=False, soft_wrap=True)
