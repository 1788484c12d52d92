"""Which cores the servers and the clients run on."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from viewfinder_components.cores import core_numbers

_SHARED = 2  # with no more cores than this, servers and clients share them
_CLIENTS_SHARE = 4  # of the cores, one in so many is the clients'


@dataclass(frozen=True)
class Cores:
    """The numbers of the cores."""

    servers: tuple[int, ...]
    clients: tuple[int, ...]

    @property
    def are_shared(self) -> bool:
        """Whether both use the same."""
        return self.servers == self.clients


def divide_cores(cores: Sequence[int] | None = None) -> Cores:
    """Divide this process's cores between servers and clients, unless there are too few.

    Args:
        cores: Their numbers; None for all on which this process may run.
    """
    numbers = tuple(sorted(core_numbers() if cores is None else cores))
    if len(numbers) <= _SHARED:
        return Cores(numbers, numbers)
    clients = max(1, len(numbers) // _CLIENTS_SHARE)
    return Cores(numbers[:-clients], numbers[-clients:])


@contextmanager
def pinned(cores: Sequence[int]) -> Iterator[None]:
    """Keep this thread, and the processes that it starts, on these cores while the block runs."""
    before = core_numbers()
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
