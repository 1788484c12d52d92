"""Send a plan's requests and note what becomes of each."""

import asyncio
import itertools
import resource
import time
from collections.abc import Iterator, Sequence

from viewfinder_comparison.load.arrivals import schedule
from viewfinder_comparison.load.connection import EndedError, Pool, is_refusal
from viewfinder_comparison.load.plan import Plan
from viewfinder_comparison.load.samples import Outcome, Sample, Samples

_OK = 200
_MOST_FILES = 65_536
_PAUSE_SECONDS = 0.01


async def generate(plan: Plan, requests: Sequence[bytes]) -> Samples:
    """Send the requests in turn, again and again, for the plan's time.

    Args:
        plan: Where, how long, and how many at once or per second.
        requests: Complete HTTP/1.1 requests.
    """
    _allow_many_connections()
    before = _cpu_seconds()
    run = _Run(plan, requests)
    await (run.closed_loop() if plan.rate is None else run.open_loop(plan.rate))
    return Samples.of(run.samples, _cpu_seconds() - before)


class _Run:
    def __init__(self, plan: Plan, requests: Sequence[bytes]) -> None:
        self.samples: list[Sample] = []
        self._plan = plan
        self._requests: Iterator[bytes] = itertools.cycle(requests)
        self._pool = Pool(plan.host, plan.port)
        self._start = time.perf_counter()  # the clock of uvloop counts milliseconds

    async def closed_loop(self) -> None:
        """Have each client ask, wait for the answer, and ask again."""

        async def be_client() -> None:
            while (now := self._elapsed()) < self._plan.seconds:
                await self._ask(now)

        await asyncio.gather(*(be_client() for _ in range(self._plan.clients or 1)))
        self._pool.close()

    async def open_loop(self, rate: float) -> None:
        """Send each request when it is due, whatever has become of the earlier ones."""
        plan, asked = self._plan, []
        for due in schedule(rate, plan.seconds, plan.arrivals, plan.seed).tolist():
            while (ahead := due - self._elapsed()) > 0:  # a timer may be up to 1 ms early
                await asyncio.sleep(ahead)
            asked.append(asyncio.ensure_future(self._ask(due)))
        await asyncio.gather(*asked)
        self._pool.close()

    async def _ask(self, due: float) -> None:
        sent = self._elapsed()
        try:
            # A request that is sent late has that much less time: the user has been waiting.
            async with asyncio.timeout(max(0.001, self._plan.timeout - (sent - due))):
                status = await self._pool.ask(next(self._requests))
        except TimeoutError:
            outcome = Outcome.UNANSWERED
        except (EndedError, OSError):
            outcome = Outcome.LOST
        else:
            outcome = _outcome_of(status)
        self.samples.append(Sample(due, sent, self._elapsed() - due, outcome))
        if outcome is Outcome.LOST:
            # A client that loses a connection at once must not try a thousand times a second.
            await asyncio.sleep(_PAUSE_SECONDS)

    def _elapsed(self) -> float:
        return time.perf_counter() - self._start


def _outcome_of(status: int) -> Outcome:
    if status == _OK:
        return Outcome.ANSWERED
    return Outcome.REFUSED if is_refusal(status) else Outcome.FAILED


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _allow_many_connections() -> None:
    """Raise the limit of open files: an overloaded server has thousands of requests waiting."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
