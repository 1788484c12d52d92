"""Say what is under way, how long it usually takes, and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_started = time.monotonic()


@contextmanager
def phase(what: str, usually: str = "") -> Iterator[None]:
    """Print a line when the work begins and one when it ends, with its seconds.

    Args:
        what: The work, as in "building coredns".
        usually: How long it takes, as in "3 min"; empty when it is quick.
    """
    started = time.monotonic()
    if usually:
        say(f"{what} (about {usually}) ...")
    try:
        yield
    except BaseException:
        say(f"{what}: did not succeed after {time.monotonic() - started:.1f} s")
        raise
    say(f"{what}: {time.monotonic() - started:.1f} s")


def say(line: str) -> None:
    """Print a line with the seconds since the tool began."""
    print(f"{time.monotonic() - _started:6.1f} s  {line}", file=sys.stderr, flush=True)
