"""An event loop in a thread of its own, whose work other threads wait for, and can end.

A thread that waits for a socket cannot be interrupted, but an asyncio task can be cancelled at any
moment. So requests are tasks in a thread of the client's own, and the callers wait for them.
"""

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar

from viewfinder_components.errors import UsageError

_QUIET_TURNS = 3  # of the event loop; a task to come starts one turn later at most

_Result = TypeVar("_Result")


class LoopThread:
    """Runs coroutines for any number of threads.

    Args:
        name: The thread's.
    """

    def __init__(self, name: str) -> None:
        self._lock = threading.Lock()
        self._is_ended = self._is_closing = False
        self._running: set[Future[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return what a coroutine returns, and raise what it raises.

        Raises:
            CancelledError: Another thread ended the work.
        """
        future = self.start(work)
        try:
            return future.result()
        finally:
            future.cancel()  # the caller was interrupted; finished work stays as it is

    def start(self, work: Coroutine[Any, Any, _Result]) -> Future[_Result]:
        """Start a coroutine, and return what will have its result; cancelling that ends it.

        Raises:
            CancelledError: Another thread ended the work.
            UsageError: The process was forked.
        """
        if not self._is_ended and not self._thread.is_alive():  # a fork may also find the lock held
            work.close()
            raise UsageError(
                "a client of this process",
                "one that was made before a fork, which has none of its threads",
                "create another one after the fork",
            )
        with self._lock:
            if self._is_ended:
                work.close()
                raise CancelledError
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
            self._running.add(future)
        future.add_done_callback(self._forget)
        return future

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._running.discard(future)

    def end_work(self) -> None:
        """End the work that other threads wait for, and refuse further work."""
        with self._lock:
            self._is_ended = True
            running = list(self._running)
        for future in running:
            future.cancel()

    def close(self, finish: Callable[[], Awaitable[None]]) -> None:
        """End the work and the thread; nothing happens if it has ended, or is about to.

        When Python ends, or after a fork, the thread does not run any more, and waiting for it
        would never end. This happens to a generator that nobody read to its end.

        Args:
            finish: Closes what the work used.
        """
        if sys.is_finalizing() or not self._thread.is_alive():
            return
        with self._lock:
            if self._is_closing:
                return
            self._is_closing = True
        self.end_work()
        asyncio.run_coroutine_threadsafe(_finish(finish), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _finish(finish: Callable[[], Awaitable[None]]) -> None:
    """Close what the work used, and wait until nothing runs.

    An answer that is not read to its end leaves generators inside httpx, which asyncio closes one
    after the other: each in a task that it starts in the turn after the one before ended.
    """
    await finish()
    quiet_turns = 0
    while quiet_turns < _QUIET_TURNS:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        quiet_turns = 0 if others else quiet_turns + 1
        await asyncio.wait(others) if others else await asyncio.sleep(0)
    await asyncio.get_running_loop().shutdown_default_executor()
