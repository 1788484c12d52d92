"""The format of `comparison.json`: what a comparison of ways to serve has measured.

`read_comparison` reads the file. `Comparison.model_json_schema` describes it for other programs.
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.json_files import check_version, read_object
from viewfinder_components.spelling import write_command
from viewfinder_components.whole_files import write_json

FILE = "comparison.json"
SCHEMA_VERSION = 1
P99_LIMITS_MS = (50, 100, 200)
"""The limits of the 99th percentile for which a comparison gives a throughput."""

NotNegative = Annotated[float, Field(ge=0)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Spread(_Record):
    """A number that was measured once in each round."""

    median: NotNegative
    lowest: NotNegative
    highest: NotNegative
    values: tuple[NotNegative, ...] = Field(description="One for each round, in order.")

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Summarize the values of one or more rounds."""
        return cls(
            median=statistics.median(values),
            lowest=min(values),
            highest=max(values),
            values=tuple(values),
        )


class Machine(_Record):
    """What the servers ran on."""

    processor: str
    cores: int = Field(ge=1, description="Cores that each server could use.")
    client_cores: int = Field(ge=0, description="Cores kept for the clients; 0: they shared.")
    memory_bytes: int = Field(ge=1, description="Memory of the machine.")
    system: str
    python: str


class Model(_Record):
    """What was served, and what it was asked."""

    name: str
    version: str
    photos: int = Field(ge=1, description="Different photos that were sent.")
    photo_bytes: NotNegative = Field(description="Mean size of a photo's file.")


class Settings(_Record):
    """How it was measured."""

    rounds: int = Field(ge=1, description="Interleaved rounds: all servers, then all again.")
    seconds: float = Field(gt=0, description="Length of each measurement.")
    arrivals: Literal["poisson", "constant"]
    timeout_seconds: float = Field(gt=0, description="After this time, a request is unanswered.")


class Latency(_Record):
    """Percentiles of the time to an answer, in milliseconds, over all rounds' samples.

    With open-loop load, the time starts when the request was due, not when it was sent.
    """

    p50: NotNegative
    p95: NotNegative
    p99: NotNegative
    p99_9: NotNegative


class Outcomes(_Record):
    """What became of the requests of all rounds."""

    answered: int = Field(ge=0, description="With the answer, however late.")
    refused: int = Field(ge=0, description="With 429 or 503: the server says that it is busy.")
    failed: int = Field(ge=0, description="With another status.")
    unanswered: int = Field(ge=0, description="Not within the timeout.")
    lost: int = Field(ge=0, description="The connection was refused or ended without an answer.")

    @property
    def sent(self) -> int:
        """All of them."""
        return self.answered + self.refused + self.failed + self.unanswered + self.lost


class Load(_Record):
    """One measurement: closed-loop with a number of clients, or open-loop at a rate."""

    clients: int | None = Field(None, ge=1, description="Closed-loop: clients that wait in turn.")
    rate: float | None = Field(None, gt=0, description="Open-loop: requests due per second.")
    photos_per_second: Spread = Field(description="Answers per second.")
    latency_ms: Latency | None = Field(description="Null if nothing was answered.")
    p99_ms: Spread | None = Field(description="The 99th percentile of each round.")
    outcomes: Outcomes
    client_cpu_share: NotNegative = Field(description="Cores that the load generator kept busy.")


class Throughput(_Record):
    """The highest open-loop rate at which answers came in time."""

    p99_limit_ms: int = Field(gt=0)
    photos_per_second: Spread | None = Field(
        description="Null: no rate that was tried kept the 99th percentile below the limit."
    )


class Code(_Record):
    """What a user writes to serve the model in this way."""

    files: dict[str, str] = Field(description="Their contents.")
    lines: int = Field(ge=0, description="Lines that are neither blank, comment nor docstring.")


State = Literal["measured", "failed", "not installed", "not available"]


class ServerResult(_Record):
    """One way to serve: a row of the table."""

    name: str = Field(description="As --servers takes it, such as `viewfinder`.")
    title: str
    state: State
    reason: str | None = Field(None, description="Why it was not measured, or not completely.")
    setup: str = Field("", description="How it was started, in a sentence.")
    scaling: str = Field("", description="What takes it beyond a machine; argued, not measured.")
    freedom: str = Field("", description="What its user can change; argued, not measured.")
    packages: dict[str, str] = Field({}, description="The versions of what serves.")
    code: Code | None = None
    throughput: tuple[Throughput, ...] = ()
    closed_loop: tuple[Load, ...] = ()
    open_loop: tuple[Load, ...] = ()
    overload: Load | None = Field(None, description="At three times the closed-loop capacity.")
    cold_start_seconds: Spread | None = Field(
        None, description="From the start of the process to the first right answer."
    )
    memory_mb: Spread | None = Field(
        None, description="Peak resident memory of all processes, in 1,000,000 bytes."
    )
    cpu_seconds_per_1000_photos: Spread | None = None
    install_mb: NotNegative | None = Field(None, description="Installed files, 1,000,000 bytes.")
    largest_difference: NotNegative | None = Field(
        None, description="Between its probabilities and those of the evaluation."
    )

    def photos_per_second(self, p99_limit_ms: int) -> float | None:
        """Return the throughput within a limit of the 99th percentile; None if there is none.

        Args:
            p99_limit_ms: One of `P99_LIMITS_MS`.
        """
        for one in self.throughput:
            if one.p99_limit_ms == p99_limit_ms and one.photos_per_second is not None:
                return one.photos_per_second.median
        return None


class Comparison(_Record):
    """A whole comparison."""

    schema_version: Literal[1] = 1
    created: str = Field(description="ISO 8601, UTC.")
    viewfinder: str = Field(description="The release that measured.")
    machine: Machine
    model: Model
    settings: Settings
    servers: tuple[ServerResult, ...]


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write a comparison."""
    write_json(path, comparison.model_dump(mode="json"))


def read_comparison(path: Path) -> Comparison:
    """Read a comparison.

    Args:
        path: The file, or the folder that `viewfinder compare` wrote.

    Raises:
        PermanentError: It is missing, or not what this release writes.
    """
    file = path / FILE if path.is_dir() else path
    command = f"`{write_command('compare')}`"
    remedy = f"name a file that {command} wrote"
    values = read_object(file, "a comparison", remedy)
    check_version(values, SCHEMA_VERSION, file, command)
    try:
        return Comparison.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise PermanentError(
            f"a comparison in {file}", f"{place}: {first['msg']}", remedy
        ) from error
