"""What the node runs: a list that the tool writes and the supervisor reads."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from viewfinder_components.whole_files import write_json


@dataclass(frozen=True)
class Supervised:
    """A program that the node keeps running.

    Attributes:
        name: How its log, its pid file and its hold file are called.
        command: The program's path and its arguments.
        serves: Where it accepts connections when it works: `host:port` or a socket's path.
        needs: What must accept connections before it is started.
    """

    name: str
    command: tuple[str, ...]
    serves: str
    needs: tuple[str, ...] = ()


def write_list(path: Path, programs: list[Supervised]) -> None:
    """Write the programs of a node."""
    write_json(path, [asdict(program) for program in programs])


def read_list(path: Path) -> list[Supervised]:
    """Return the programs of a node."""
    return [
        Supervised(one["name"], tuple(one["command"]), one["serves"], tuple(one["needs"]))
        for one in json.loads(path.read_text())
    ]
