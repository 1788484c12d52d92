"""The figures of a served model, as a line and as a picture for a terminal."""

from collections import deque
from collections.abc import Iterator, Mapping

from rich.console import ConsoleOptions
from rich.table import Table
from rich.text import Text

from viewfinder.watching import ServingFigures, ServingReplica
from viewfinder_components.printable import make_printable

_BARS = "▁▂▃▄▅▆▇█"
_MOST_POINTS = 90  # three minutes in intervals of 2 s
_HEADINGS = 12  # columns
_MOST_CLASSES = 5
_UNKNOWN = "-"


def write_line(figures: ServingFigures) -> str:
    """Return the most important figures in one line."""
    parts = [f"{figures.time.astimezone():%H:%M:%S}"]
    if figures.problem:
        return make_printable(f"{parts[0]}  {figures.problem}")
    parts += [
        _describe_requests(figures),
        _describe_latency(figures),
        _describe_load(figures),
        _count_replicas(figures),
    ]
    parts += [f"{one.address}: {one.problem}" for one in figures.replicas if one.problem]
    return make_printable("  ".join(parts))


class Picture:
    """Draws figures, and how requests and latency developed.

    Args:
        name: What is watched; empty for the model's name.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._requests: deque[float | None] = deque(maxlen=_MOST_POINTS)
        self._p99: deque[float | None] = deque(maxlen=_MOST_POINTS)

    def draw(self, figures: ServingFigures, options: ConsoleOptions) -> Table:
        """Return the picture of what was read last.

        Args:
            figures: What was read.
            options: The terminal's.
        """
        self._requests.append(figures.requests_per_second)
        self._p99.append(figures.p99_seconds)
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="dim", overflow="fold")
        grid.add_column(overflow="fold")
        points = 0 if options.ascii_only else max(0, options.max_width - _HEADINGS)
        for heading, text in self._list_rows(figures, points):
            grid.add_row(heading, Text(make_printable(text)))
        for replica in figures.replicas:
            style = "red" if replica.problem else "" if replica.is_ready else "yellow"
            text = f"{replica.address}: {_describe_replica(replica)}"
            grid.add_row("replica", Text(make_printable(text), style))
        return grid

    def _list_rows(self, figures: ServingFigures, points: int) -> Iterator[tuple[str, str]]:
        names = sorted({one.model for one in figures.replicas if one.model})
        name = self._name or ", ".join(names)
        when = f"{figures.time.astimezone():%H:%M:%S}"
        yield "model", "  ".join(part for part in (name, when, _count_replicas(figures)) if part)
        if figures.problem:
            yield "problem", figures.problem
        yield "requests", _describe_requests(figures)
        if points:
            yield "", draw_bars(self._requests, points)
        yield "latency", _describe_latency(figures)
        if points:
            yield "", draw_bars(self._p99, points)
        yield "load", _describe_load(figures)
        yield "mean", _describe_parts(figures)
        yield "photos", _describe_photos(figures)
        yield "classes", _describe_classes(figures)


def draw_bars(values: deque[float | None], points: int) -> str:
    """Return the last values as bars, the highest of which is the largest value.

    Args:
        values: What to draw; nothing is drawn for None.
        points: The most bars, at least 1.
    """
    shown = list(values)[-points:]
    most = max((value for value in shown if value is not None), default=0.0)
    bars = [
        " " if value is None else _BARS[round(value / most * (len(_BARS) - 1)) if most else 0]
        for value in shown
    ]
    return "".join(bars)


def _describe_requests(figures: ServingFigures) -> str:
    outcomes = _list_rates(figures.outcomes)
    return f"{_number(figures.requests_per_second)} requests/s{outcomes}"


def _describe_latency(figures: ServingFigures) -> str:
    shares = {"p50": figures.p50_seconds, "p95": figures.p95_seconds, "p99": figures.p99_seconds}
    return "  ".join(f"{name} {_duration(value)}" for name, value in shares.items())


def _describe_load(figures: ServingFigures) -> str:
    limit = "" if figures.limit is None else f" of at most {figures.limit:g}"
    return (
        f"{_share(figures.busy_share)} busy  {_number(figures.waiting)} waiting  "
        f"{_number(figures.in_flight)} in flight{limit}"
    )


def _describe_parts(figures: ServingFigures) -> str:
    return (
        f"queue {_duration(figures.queue_seconds)}  decode {_duration(figures.decode_seconds)}  "
        f"inference {_duration(figures.inference_seconds)}"
    )


def _describe_photos(figures: ServingFigures) -> str:
    refused = _list_rates(figures.refused_photos)
    return f"{_number(figures.photos_per_second)}/s" + (f"  refused{refused}" if refused else "")


def _describe_classes(figures: ServingFigures) -> str:
    shown = list(figures.classes.items())[:_MOST_CLASSES]
    parts = [f"{name or 'others'} {_share(share)}" for name, share in shown]
    if (more := len(figures.classes) - len(shown)) > 0:
        parts.append(f"and {more:,} more")
    return "  ".join([*parts, f"mean confidence {_share(figures.confidence)}"])


def _describe_replica(replica: ServingReplica) -> str:
    if replica.problem:
        return f"down ({replica.problem})"
    served = f"version {replica.version} {replica.precision}".rstrip() if replica.version else ""
    digest = f"digest {replica.digest.removeprefix('sha256:')[:12]}" if replica.digest else ""
    parts = [
        "ready" if replica.is_ready else "not ready",
        served,
        digest,
        f"{_number(replica.requests_per_second)} requests/s",
        _describe_memory(replica),
        _describe_start(replica),
    ]
    if replica.throttled_share is not None:
        parts.append(f"throttled {_share(replica.throttled_share)}")
    return ", ".join(part for part in parts if part)


def _describe_memory(replica: ServingReplica) -> str:
    if replica.memory_bytes is None:
        return ""
    limit = replica.memory_limit_bytes
    of = f" of {_mebibytes(limit)} ({replica.memory_bytes / limit:.0%})" if limit else ""
    return f"memory {_mebibytes(replica.memory_bytes)}{of}"


def _describe_start(replica: ServingReplica) -> str:
    if replica.start_seconds is None:
        return ""
    return f"started in {_duration(replica.start_seconds)} (load {_duration(replica.load_seconds)})"


def _count_replicas(figures: ServingFigures) -> str:
    up = sum(not one.problem for one in figures.replicas)
    return f"{up} of {len(figures.replicas)} up" if figures.replicas else "no replicas"


def _list_rates(rates: Mapping[str, float]) -> str:
    moved = [f"{name} {_number(rate)}" for name, rate in sorted(rates.items()) if rate]
    return f" ({', '.join(moved)})" if moved else ""


def _number(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:,.1f}".removesuffix(".0")


def _share(value: float | None) -> str:
    return _UNKNOWN if value is None else f"{value:.1%}"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return _UNKNOWN
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def _mebibytes(value: float) -> str:
    return f"{value / (1 << 20):,.0f} MiB"
