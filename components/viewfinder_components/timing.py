"""How long each phase of a step took."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from viewfinder_components.phases import describe_phase

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stopwatch:
    """Wall-clock seconds by phase, in the order in which the phases first began.

    Args:
        step: The step, whose phases are announced in its log as they begin.
        seconds: What was measured so far.
    """

    step: str
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Add the time spent inside the block to the phase `name`."""
        self.announce(name)
        started = time.perf_counter()
        self.seconds.setdefault(name, 0.0)
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - started

    def announce(self, name: str) -> None:
        """Log that a phase begins: whoever waits sees what for."""
        if said := describe_phase(self.step, name):
            _log.info("%s: %s", self.step, said)
