"""Compare ways to serve a published version on this machine, and read what was measured."""

import math
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from viewfinder.arguments import checked
from viewfinder_comparison import results
from viewfinder_comparison.results import Comparison, ServerResult
from viewfinder_components.errors import ParameterError, UsageError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.settings.environment import Settings

if TYPE_CHECKING:
    from viewfinder_comparison.servers.server import Server

__all__ = ["Comparison", "ServerResult", "compare", "list_servers", "read_comparison"]

_LONGEST_SECONDS = 3600  # of one measurement


@checked
def compare(  # noqa: PLR0913  (what is measured, each by its name)
    model_version: str | Path,
    output: str | Path,
    *,
    servers: Sequence[str] | None = None,
    seconds: int | float | None = None,
    rounds: int | None = None,
    quick: bool = False,
    external: Mapping[str, str] | None = None,
    progress: Callable[[str], None] | None = None,
    home: str | Path | None = None,
) -> Comparison:
    """Measure several ways to serve a published version, one after another.

    Each server is started on this machine, answers the test photos that the version keeps, and is
    measured if its answers are right. What was measured is kept in the output folder; called again
    with the same arguments, the function continues.

    Args:
        model_version: As for `serve`.
        output: The folder for `comparison.json`, `comparison.html`, `comparison.md`, the raw
            samples and the servers' logs.
        servers: Their names, in the order of the table; None for all.
        seconds: Length of each measurement, at most an hour; None for 4, or 1.5 if `quick`.
        rounds: Interleaved rounds; None for 3, or 1 if `quick`.
        quick: Whether to measure fewer and shorter loads, for a first impression.
        external: Where servers are that cannot be installed from Python's package index, by their
            names: an address without TLS, such as `127.0.0.1:8501`, or a program to start.
        progress: Called with what is being done; None says nothing.
        home: As for `run`.

    Returns:
        The results, which the files in the output folder have as well.

    Raises:
        UsageError: A server's name or its place is unknown, or a number is out of range.
        PermanentError: There is no such version, it keeps no test photos, or uv is missing.
        TransientError: The store does not answer.
    """
    from viewfinder_comparison.compare import compare_servers
    from viewfinder_comparison.measurement.round import Task
    from viewfinder_comparison.measurement.settings import choose_procedure
    from viewfinder_comparison.pinning import divide_cores
    from viewfinder_comparison.report.page import write_report
    from viewfinder_components.formats.samples import read_kept_samples
    from viewfinder_components.writing import need_writable, writing
    from viewfinder_pipelines.local.serving import find_served_name, find_version

    _need_positive("seconds", seconds, _LONGEST_SECONDS)
    _need_positive("rounds", rounds, math.inf)
    chosen = _place_servers(_choose_servers(servers), external or {})
    version = find_version(str(model_version), Settings.at(home))
    samples = read_kept_samples(version)
    folder = Path(output).absolute()
    advice = "the comparison", f"name another with {spell('output')}"
    need_writable(folder, *advice)
    task = Task(
        version,
        find_served_name(version, None),
        samples.photos,
        samples.labels,
        choose_procedure(quick, seconds, rounds),
        divide_cores(),
    )
    comparison = compare_servers(chosen, task, folder, progress or (lambda text: None))
    with writing(folder, *advice):
        write_report(folder, comparison)
    return comparison


@checked
def read_comparison(path: str | Path) -> Comparison:
    """Read what `compare`, or the command of this name, has measured.

    Args:
        path: The file `comparison.json`, or its folder.

    Raises:
        PermanentError: It is missing, or not what this release writes.
    """
    return results.read_comparison(Path(path))


def _need_positive(name: str, value: float | None, most: float) -> None:
    if value is not None and not 0 < value <= most:
        limit = f" and at most {most:,}" if math.isfinite(most) else ""
        raise ParameterError(name, f"a number above 0{limit}", value)


def _choose_servers(names: Sequence[str] | None) -> "list[Server]":
    from viewfinder_comparison.servers.registry import SERVERS

    chosen = list(SERVERS) if names is None else list(names)
    unknown = [name for name in chosen if name not in SERVERS]
    if unknown or not chosen:
        near = [get_close_matches(name, SERVERS, n=1) for name in unknown]
        meant = ", ".join(one[0] for one in near if one)
        question = f"did you mean {meant}? Correct" if meant else "correct"
        raise UsageError(
            f"servers that can be compared: {', '.join(SERVERS)}",
            ", ".join(unknown) or "none",
            f"{question} {spell('servers')}, or leave it out for all",
        )
    if twice := sorted({name for name in chosen if chosen.count(name) > 1}):
        raise UsageError(
            "each server once", f"{', '.join(twice)} twice", f"correct {spell('servers')}"
        )
    return [SERVERS[name] for name in chosen]


def _place_servers(servers: "list[Server]", places: Mapping[str, str]) -> "list[Server]":
    """Give external servers the places that their user has named."""
    from viewfinder_comparison.servers.external import is_external, locate, need_place
    from viewfinder_comparison.servers.registry import SERVERS

    known = [server.name for server in servers if is_external(server)]
    if unknown := [name for name in places if name not in known]:
        all_known = ", ".join(known) or "there is none"
        raise UsageError(
            f"the place of a server that is compared and installed by its user: {all_known}",
            ", ".join(unknown),
            f"correct {spell('external')} or {spell('servers')}",
        )
    named = {name: locate(SERVERS[name], place) for name, place in places.items()}
    return [
        named.get(server.name) or (need_place(server) if is_external(server) else server)
        for server in servers
    ]


def list_servers() -> dict[str, str]:
    """Return the titles of all ways to serve, by name."""
    from viewfinder_comparison.servers.registry import SERVERS

    return {name: server.title for name, server in SERVERS.items()}
