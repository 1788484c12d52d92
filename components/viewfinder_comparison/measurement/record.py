"""What is kept of a round: a file for each server and round, beside its raw samples."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

import viewfinder_components
from viewfinder_comparison.load.samples import Samples, read_samples
from viewfinder_comparison.servers.server import Server
from viewfinder_components.whole_files import write_text
from viewfinder_components.writing import explaining_system

_FILE = "round.json"


class LoadRecord(BaseModel):
    """A measurement whose samples are in a file beside the record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["closed", "open", "overload"]
    file: str
    seconds: float
    clients: int | None = None
    rate: float | None = None
    share: float | None = None


class RoundRecord(BaseModel):
    """A round of one server."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: str
    """Digest of what was measured and how; another one makes the record worthless."""
    cold_start_seconds: float | None
    """None, as the next two, of a server that its user has started."""
    memory_bytes: int | None
    cpu_seconds_per_1000_photos: float | None
    largest_difference: float
    capacity: float
    """The highest closed-loop throughput, answers per second: it sets the open-loop rates."""
    loads: tuple[LoadRecord, ...]


class Rounds:
    """The rounds of one comparison, in its output folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, server: str, number: int) -> Path:
        """Return the folder of a round; the first has number 1."""
        return self._folder / "rounds" / server / str(number)

    def log(self, server: str) -> Path:
        """Return the file for a server's output."""
        return self._folder / "logs" / f"{server}.log"

    def write(self, server: str, number: int, record: RoundRecord) -> None:
        """Keep a finished round.

        Raises:
            PermanentError: It cannot be written.
        """
        with explaining_system():
            write_text(self.place(server, number) / _FILE, record.model_dump_json(indent=2) + "\n")

    def read(self, server: str, number: int, plan: str) -> RoundRecord | None:
        """Return a round that was measured according to a plan, None if there is none."""
        try:
            text = (self.place(server, number) / _FILE).read_text("utf-8")
            record = RoundRecord.model_validate_json(text)
        except (OSError, ValidationError):
            return None
        return record if record.plan == plan else None

    def samples(self, server: str, number: int, load: LoadRecord) -> Samples:
        """Return a measurement's raw samples."""
        return read_samples(self.place(server, number) / load.file)


def digest_plan(server: Server, *parts: object) -> str:
    """Return the digest of all on which a round's numbers depend, the machine apart.

    Args:
        server: Its code and its pinned requirements count, and for Viewfinder's own predictor the
            code of the predictor.
        parts: What else counts, such as the model's digest and the procedure.
    """
    digest = hashlib.sha256(repr((server.name, server.setup, server.address, parts)).encode())
    for path in _find_sources(server):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _find_sources(server: Server) -> Iterator[Path]:
    yield from (server.place / name for name in server.files)
    if server.installed == "apart":
        yield server.requirements
    if server.program is not None:
        yield server.program
    if server.installed != "here":
        return
    components = Path(str(viewfinder_components.__file__)).parent
    for package in (components, components.with_name("viewfinder_serving")):
        yield from sorted(package.rglob("*.py"))
