"""One round of one server: start it, check its answers, load it, and stop it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from viewfinder_comparison.load.plan import Plan
from viewfinder_comparison.load.process import run_load
from viewfinder_comparison.load.samples import Samples
from viewfinder_comparison.measurement.agreement import check_agreement
from viewfinder_comparison.measurement.record import LoadRecord, RoundRecord
from viewfinder_comparison.measurement.settings import Procedure
from viewfinder_comparison.pinning import Cores
from viewfinder_comparison.servers.environments import Environment
from viewfinder_comparison.servers.running import RunningServer, Served, ServerError, running
from viewfinder_comparison.servers.server import Server
from viewfinder_components.formats.samples import Sample
from viewfinder_components.reports.formatting import plural

_AFTER_SECONDS = 30.0
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Task:
    """What all servers are measured with."""

    version: Path
    model_name: str
    samples: tuple[Sample, ...]
    labels: tuple[str, ...]
    procedure: Procedure
    cores: Cores

    @property
    def served(self) -> Served:
        """What the servers serve."""
        photos = tuple(sample.content for sample in self.samples)
        return Served(self.version, self.model_name, photos)


def measure_round(
    server: Server,
    environment: Environment,
    task: Task,
    round_: "RoundPlan",
    progress: Progress,
) -> RoundRecord:
    """Measure a server for one round.

    Args:
        server: The server.
        environment: Where it is installed.
        task: The model, the photos and the procedure.
        round_: Which round.
        progress: Called with what is being done.

    Raises:
        ServerError: It does not start, answers wrongly, or does not survive the load.
        TransientError: The load generator failed.
    """
    progress("starting")
    with running(server, environment, task.served, task.cores.servers, round_.log) as started:
        difference = check_agreement(started, task.samples, list(task.labels))
        bench = _Bench(started, task, round_, progress)
        bench.warm_up()
        bench.measure_closed_loop()
        bench.measure_open_loop()
        memory = started.peak_memory()
        try:
            started.ask(task.samples[0].content, _AFTER_SECONDS)
        except ServerError as error:
            raise ServerError(
                f"an answer within {_AFTER_SECONDS:.0f} s after the overload",
                error.received,
                error.remedy,
            ) from error
    return RoundRecord(
        plan=round_.plan,
        cold_start_seconds=started.cold_start_seconds,
        memory_bytes=memory,
        cpu_seconds_per_1000_photos=bench.cpu_seconds_per_1000_photos,
        largest_difference=difference,
        capacity=bench.capacity,
        loads=tuple(bench.loads),
    )


@dataclass(frozen=True)
class RoundPlan:
    """Which round it is, and where it is kept."""

    number: int
    plan: str
    folder: Path
    log: Path
    capacity: float | None
    """That of the first round, so that all rounds have the same rates; None for its own."""


class _Bench:
    """Loads a running server."""

    def __init__(
        self, started: RunningServer, task: Task, round_: RoundPlan, progress: Progress
    ) -> None:
        self.loads: list[LoadRecord] = []
        self.capacity = round_.capacity or 0.0
        self.cpu_seconds_per_1000_photos: float | None = None
        self._started, self._task, self._round, self._progress = started, task, round_, progress
        self._requests = [
            started.server.request(started.place, sample.content) for sample in task.samples
        ]

    def warm_up(self) -> None:
        """Load it without keeping anything."""
        procedure = self._task.procedure
        plan = self._plan(procedure.warm_up_seconds, clients=max(procedure.clients))
        self._progress("warming up")
        self._run(plan, "warm-up.npz")
        (self._round.folder / "warm-up.npz").unlink()

    def measure_closed_loop(self) -> None:
        """Load it with several numbers of clients, and find its capacity."""
        procedure = self._task.procedure
        best = 0.0
        for clients in procedure.clients:
            self._progress(plural(clients, "client"))
            before = self._started.cpu_seconds()
            load = LoadRecord(
                kind="closed",
                file=f"closed-{clients}.npz",
                seconds=procedure.seconds,
                clients=clients,
            )
            samples = self._keep(load, self._plan(procedure.seconds, clients=clients))
            after = self._started.cpu_seconds()
            rate = samples.answers_per_second(procedure.seconds)
            if rate > best:
                best = rate
                if before is not None and after is not None:
                    spent = 1000 * (after - before)
                    self.cpu_seconds_per_1000_photos = spent / int(samples.answered.sum())
        if not best:
            raise ServerError("answers under load", "none", f"read {self._started.log.name}")
        self.capacity = self._round.capacity or best

    def measure_open_loop(self) -> None:
        """Load it at rising rates, then with more than it can answer."""
        procedure = self._task.procedure
        for share in procedure.shares:
            self._at_rate(share, f"open-{share:g}.npz", "open")
        self._at_rate(procedure.overload, "overload.npz", "overload")

    def _at_rate(self, share: float, file: str, kind: str) -> None:
        seconds, rate = self._task.procedure.seconds, share * self.capacity
        self._progress(f"{rate:.0f} photos per second")
        load = LoadRecord.model_validate(
            {"kind": kind, "file": file, "seconds": seconds, "rate": rate, "share": share}
        )
        self._keep(load, self._plan(seconds, rate=rate))

    def _plan(self, seconds: float, clients: int | None = None, rate: float | None = None) -> Plan:
        procedure, place = self._task.procedure, self._started.place
        plan = Plan(place.host, place.ports[0], seconds, procedure.timeout, clients=clients)
        seed = self._round.number
        return replace(plan, rate=rate, arrivals=procedure.arrivals, seed=seed)

    def _keep(self, load: LoadRecord, plan: Plan) -> Samples:
        samples = self._run(plan, load.file)
        self.loads.append(load)
        return samples

    def _run(self, plan: Plan, file: str) -> Samples:
        clients: Sequence[int] = self._task.cores.clients
        return run_load(plan, self._requests, clients, self._round.folder / file)
