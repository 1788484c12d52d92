"""Servers that cannot be installed from Python's package index: their user says where they are."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

from viewfinder_comparison.servers.server import Server
from viewfinder_components.errors import UsageError
from viewfinder_components.spelling import is_in_python, spell

_ADDRESS = re.compile(
    r"(?:http://)?(?P<host>[\w.-]+|\[[\da-fA-F:]+\]):(?P<port>\d{1,5})/?", re.ASCII
)
_HIGHEST_PORT = 65_535


def is_external(server: Server) -> bool:
    """Return whether its user must say where a server is."""
    return server.installed == "by its user"


def need_place(server: Server) -> Server:
    """Return a server whose row says how to name its place."""
    place = _spell_place(server.name)
    obstacle = (
        "it cannot be installed from Python's package index; to measure it, name its address or "
        f"its program: `{place}`"
    )
    return replace(server, find_obstacle=lambda version: obstacle)


def _spell_place(name: str) -> str:
    if is_in_python():
        return f'{spell("external")}={{"{name}": "PLACE"}}'
    return spell("external", f"{name}=PLACE")


def locate(server: Server, place: str) -> Server:
    """Return a server with the place that its user has named.

    Args:
        server: One that `is_external`.
        place: An address without TLS, such as `127.0.0.1:8501`, or a program to start.

    Raises:
        UsageError: It is neither.
    """
    found = _ADDRESS.fullmatch(place)
    if found and 0 < int(found["port"]) <= _HIGHEST_PORT:
        return replace(
            server,
            address=(found["host"].strip("[]"), int(found["port"])),
            setup=f"{server.setup} Its user has started it, and chosen its options and its cores. "
            "Its start, memory and processor time are not measured.",
        )
    program = shutil.which(place)
    if program is None or "://" in place:
        raise UsageError(
            f"for {server.name} an address, such as 127.0.0.1:8501, or a program that can be "
            "started",
            repr(place)[:200],
            f"correct {spell('external')}; an address with TLS cannot be measured",
        )
    return replace(server, program=Path(program).absolute())
