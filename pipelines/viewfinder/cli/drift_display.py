"""What a terminal, or a pipe, shows of drift."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from viewfinder.drifting import Drift, MeasureDrift, VersionDrift
from viewfinder.markup import to_markup
from viewfinder.run_tables import print_table
from viewfinder_components.reports.formatting import plural
from viewfinder_pipelines.drift import sentences

_LEVELS = " ▁▂▃▄▅▆▇█"
_MOST_CLASSES = 5
_CLASS_BAR = 24  # characters
_HEADING = 10  # characters, before bars


def print_drift(drift: Drift, console: Console | None = None) -> None:
    """Print each version's findings, the measures farthest beyond their limits first.

    Args:
        drift: What was found.
        console: Where to print; None for standard output.
    """
    console = console or Console()
    for number, version in enumerate(drift.versions):
        if number:
            console.print()
        _print_version(console, drift, version)
    times = any(one.since for version in drift.versions for one in version.measures)
    if drift.unread or times:
        console.print()
    for address, problem in drift.unread.items():
        _print(console, f"[yellow]Not read:[/] {to_markup(f'{address}: {problem}')}")
    if times:
        _print(console, to_markup(sentences.describe_resolution(drift)))


def _print_version(console: Console, drift: Drift, version: VersionDrift) -> None:
    name = (
        f"{drift.name}, version {version.version}" if drift.name else f"version {version.version}"
    )
    style = "red" if version.drifted else "yellow" if version.has_too_few else "green"
    verdict = sentences.conclude(version)
    _print(console, f"[bold]{to_markup(name)}[/]: [{style}]{to_markup(verdict)}[/]")
    for problem in version.problems:
        _print(console, f"[yellow]![/] {to_markup(problem)}")
    if not version.measures:
        return
    photos = f"{plural(version.photos, 'photo')}, {drift.source}, {_describe_window(drift)}"
    _print(console, to_markup(f"{photos}; reference: {plural(version.reference_photos, 'photo')}"))
    for measure in version.drifted:
        console.print()
        _print_drifted(console, measure)
    if rest := [one for one in version.measures if not one.has_drifted]:
        console.print()
        _print_rest(console, "measure" if version.has_too_few else "within its limit", rest)


def _describe_window(drift: Drift) -> str:
    if drift.start is None:
        return f"read at {_write_time(drift.end)}"
    return f"{_write_time(drift.start)} to {_write_time(drift.end)}"


def _print_drifted(console: Console, measure: MeasureDrift) -> None:
    _print(console, f"[bold red]{to_markup(measure.title)}[/]: {to_markup(measure.sentence)}")
    lines = [
        sentences.describe_extent(measure),
        sentences.describe_time(measure, _write_time),
        f"usual causes: {measure.causes}" if measure.causes else "",
        *(() if console.options.ascii_only else _draw(measure)),
    ]
    for line in filter(None, lines):
        _print(console, f"  {to_markup(line)}")


def _print_rest(console: Console, heading: str, measures: Sequence[MeasureDrift]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(heading, overflow="fold")
    table.add_column("of the limit", justify="right")
    table.add_column("moved", justify="right")
    table.add_column("photos", justify="right")
    table.add_column("")
    for one in measures:
        since = sentences.describe_time(one, _write_time)
        cells = (one.title, f"{one.times_limit:.0%}", f"{one.moved:.0%}", f"{one.photos:,}", since)
        table.add_row(*map(to_markup, cells))
    print_table(console, table)


def _draw(measure: MeasureDrift) -> Iterator[str]:
    """Yield the lines of both distributions: a character for each bin, or a line for each class."""
    if measure.edges:
        most = max(*measure.expected, *measure.present)
        for heading, shares in (("expected", measure.expected), ("now", measure.present)):
            yield f"{heading:<{_HEADING}}{draw_shares(shares, most)}"
        yield f"{'bins':<{_HEADING}}from '{measure.bins[0]}' to '{measure.bins[-1]}'"
        return
    rows = zip(measure.bins, measure.expected, measure.present, strict=True)
    for name, expected, present in sorted(rows, key=lambda row: -abs(row[1] - row[2]))[
        :_MOST_CLASSES
    ]:
        for heading, share in (("expected", expected), ("now", present)):
            bar = "█" * round(share * _CLASS_BAR)
            yield f"{heading:<{_HEADING}}{bar:<{_CLASS_BAR}} {share:6.1%}  {name}"


def draw_shares(shares: Sequence[float], most: float) -> str:
    """Return a character for each share: nothing for 0, a full block for the largest.

    Args:
        shares: From 0 on.
        most: The largest share of all that are drawn to this scale, above 0.
    """
    top = len(_LEVELS) - 1
    return "".join(_LEVELS[max(round(share / most * top), share > 0)] for share in shares)


def _write_time(time: datetime) -> str:
    local = time.astimezone()
    return f"{local.day} {local:%b %H:%M}"


def _print(console: Console, markup: str) -> None:
    console.print(markup, highlight=False, soft_wrap=True)
