"""Compare ways to serve: all servers in turn, several rounds, and the results in a folder."""

import datetime
import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path

from viewfinder_comparison.machine import describe_machine
from viewfinder_comparison.measurement.forecast import Forecast, describe_rest
from viewfinder_comparison.measurement.record import RoundRecord, Rounds, digest_plan
from viewfinder_comparison.measurement.round import RoundPlan, Task, measure_round
from viewfinder_comparison.measurement.summary import describe, summarize
from viewfinder_comparison.results import Comparison, Model, ServerResult, Settings, State
from viewfinder_comparison.servers.environments import Environment, NotInstalledError, prepare
from viewfinder_comparison.servers.running import ServerError, running
from viewfinder_comparison.servers.server import Server
from viewfinder_components.errors import ViewfinderError
from viewfinder_components.storage.checksums import digest_file
from viewfinder_components.storage.version import MANIFEST

Progress = Callable[[str], None]


@dataclass
class _Row:
    """What is known of a server so far."""

    server: Server
    environment: Environment | None = None
    plan: str = ""
    records: dict[int, RoundRecord] = field(default_factory=dict)
    state: State = "measured"
    reason: str | None = None

    @property
    def is_running(self) -> bool:
        """Whether it takes part in the next round."""
        return self.reason is None

    def count_missing(self, numbers: Sequence[int]) -> int:
        """Return how many of these rounds are still to be measured."""
        return sum(number not in self.records for number in numbers) if self.is_running else 0

    def give_up(self, state: State, reason: str) -> None:
        """Measure no more of it."""
        self.state, self.reason = state, reason

    def result(self, rounds: Rounds) -> ServerResult:
        """Return its row of the table."""
        if self.records and self.environment is not None:
            return summarize(self.server, self.environment, rounds, self.records, self.reason)
        described = describe(self.server, self.environment)
        return ServerResult.model_validate(
            {**described, "state": self.state, "reason": self.reason}
        )


def compare_servers(
    servers: Sequence[Server], task: Task, output: Path, progress: Progress
) -> Comparison:
    """Measure servers, one after another, in interleaved rounds.

    Rounds that the folder already has are not repeated, if they were measured with the same model,
    photos, procedure and code. What a server does wrong ends only its own row.

    Args:
        servers: The servers, in the order of the table.
        task: The model, the photos and the procedure.
        output: A folder for the rounds, their raw samples and the servers' logs.
        progress: Called with what is being done.

    Returns:
        The results of all servers.

    Raises:
        PermanentError: There is no uv, or the output folder cannot be written.
        TransientError: The load generator failed.
    """
    rounds, rows = Rounds(output), [_Row(server) for server in servers]
    for row in rows:
        _install(row, task, rounds, progress)
    _read_kept(rows, task, rounds)
    _measure_all(rows, task, rounds, progress)
    return Comparison(
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        viewfinder=metadata.version("viewfinder"),
        machine=describe_machine(task.cores),
        model=_describe_model(task),
        settings=_describe_settings(task),
        servers=tuple(row.result(rounds) for row in rows),
    )


def _install(row: _Row, task: Task, rounds: Rounds, progress: Progress) -> None:
    if obstacle := row.server.find_obstacle(task.version):
        row.give_up("not available", obstacle)
        return
    row.server = row.server.adapt(row.server, task.version)
    progress(f"{row.server.title}: preparing")
    try:
        row.environment = prepare(row.server)
    except NotInstalledError as error:
        row.give_up("not installed", error.received)
        return
    if row.environment.is_new:
        progress(f"{row.server.title}: starting for the first time, which is not measured")
        log = rounds.log(row.server.name)
        with (
            suppress(ServerError),  # the first round says so
            running(row.server, row.environment, task.served, task.cores.servers, log),
        ):
            pass


def _read_kept(rows: Sequence[_Row], task: Task, rounds: Rounds) -> None:
    """Take the rounds that are there already."""
    for row in (one for one in rows if one.is_running):
        row.plan = digest_plan(row.server, *_conditions(task))
        for number in range(1, task.procedure.rounds + 1):
            if kept := rounds.read(row.server.name, number, row.plan):
                row.records[number] = kept


def _measure_all(rows: Sequence[_Row], task: Task, rounds: Rounds, progress: Progress) -> None:
    numbers = range(1, task.procedure.rounds + 1)
    forecast = Forecast(task.procedure, sum(row.count_missing(numbers) for row in rows))
    for number in numbers:
        for row in rows:
            missing = row.count_missing(numbers)
            if not row.is_running or number in row.records:
                continue

            def say(text: str, title: str = row.server.title, number: int = number) -> None:
                left = describe_rest(forecast.seconds())
                progress(f"{left}; round {number} of {len(numbers)}, {title}: {text}")

            forecast.begin()
            _measure(row, task, rounds, number, say)
            if row.is_running:
                forecast.end()
            else:
                forecast.drop(missing)


def _measure(row: _Row, task: Task, rounds: Rounds, number: int, say: Progress) -> None:
    server, name, plan = row.server, row.server.name, row.plan
    assert row.environment is not None  # noqa: S101  (or it would have been given up)
    capacity = row.records[1].capacity if 1 in row.records else None
    folder = rounds.place(name, number)
    round_ = RoundPlan(number, plan, folder, rounds.log(name), capacity)
    try:
        record = measure_round(server, row.environment, task, round_, say)
    except ServerError as error:
        row.give_up("failed", f"round {number}: {_describe(error)}")
        return
    rounds.write(name, number, record)
    row.records[number] = record


def _describe(error: ViewfinderError) -> str:
    return f"expected {error.expected}, received {error.received}"


def _conditions(task: Task) -> tuple[object, ...]:
    """Return what a round's numbers depend on, besides the server: more rounds may follow."""
    photos = [hashlib.sha256(sample.content).hexdigest() for sample in task.samples]
    model = digest_file(task.version / MANIFEST)
    return (model, photos, replace(task.procedure, rounds=1), task.cores)


def _describe_model(task: Task) -> Model:
    sizes = [len(sample.content) for sample in task.samples]
    return Model(
        name=task.model_name,
        version=task.version.name,
        photos=len(sizes),
        photo_bytes=sum(sizes) / len(sizes),
    )


def _describe_settings(task: Task) -> Settings:
    procedure = task.procedure
    return Settings(
        rounds=procedure.rounds,
        seconds=procedure.seconds,
        arrivals=procedure.arrivals,
        timeout_seconds=procedure.timeout,
    )
