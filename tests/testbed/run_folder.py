"""The folder of one running test bed, and what is where in it."""

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.testbed.addresses import AddressPlan
from tests.testbed.cache import home

from viewfinder_components.errors import PermanentError
from viewfinder_components.whole_files import write_json

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class RunFolder:
    """Everything of the test bed with this name, from its certificates to its pods' files.

    Attributes:
        name: 1 to 31 lower-case letters, digits and hyphens.
    """

    name: str

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PermanentError(
                "a name of lower-case letters, digits and hyphens, 31 at most",
                repr(self.name),
                "choose another --name",
            )

    @property
    def path(self) -> Path:
        """The folder itself."""
        return home() / "runs" / self.name

    @property
    def kubeconfig(self) -> Path:
        """The administrator's access to the cluster."""
        return self.path / "admin.conf"

    @property
    def record(self) -> Path:
        """What this test bed is; written first, so that nothing is ever without a record."""
        return self.path / "testbed.json"

    @property
    def volumes(self) -> Path:
        """Folders that pods mount with hostPath."""
        return self.path / "volumes"

    @property
    def cgroup(self) -> str:
        """The control group of its pods."""
        return f"viewfinder-{self.name}"

    def folder(self, *names: str) -> Path:
        """Make and return a folder in it."""
        made = self.path.joinpath(*names)
        made.mkdir(parents=True, exist_ok=True)
        return made


@dataclass(frozen=True)
class Record:
    """What a test bed is.

    Attributes:
        number: Its address plan's number.
        kserve: KServe's version.
        complete: Whether `up` came to its end.
        knative: Whether it has Knative Serving.
    """

    number: int
    kserve: str
    complete: bool = False
    knative: bool = False

    @property
    def addresses(self) -> AddressPlan:
        """Its addresses."""
        return AddressPlan(self.number)

    @property
    def words(self) -> str:
        """What is installed, such as "KServe 0.20.0 and Knative"."""
        return f"KServe {self.kserve}{' and Knative' if self.knative else ''}"


def write_record(run: RunFolder, record: Record) -> None:
    """Write what a test bed is, whole or not at all."""
    write_json(run.record, asdict(record))


def read_record(run: RunFolder) -> Record | None:
    """Return what the test bed is; None when there is none of this name."""
    try:
        return Record(**json.loads(run.record.read_text()))
    except FileNotFoundError:
        return None


def list_runs() -> list[RunFolder]:
    """Return every test bed of this cache folder, by name."""
    return [
        RunFolder(file.parent.name) for file in sorted((home() / "runs").glob("*/testbed.json"))
    ]
