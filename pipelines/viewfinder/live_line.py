"""A line about the work in progress: on a terminal, in a pipe or in a CI log."""

import time

from rich.console import Console
from rich.status import Status

from viewfinder.markup import to_markup


class LiveLine:
    """Show what is being done: a line that changes on a terminal, a line a minute elsewhere.

    Args:
        console: Where to write.
        silent_seconds: The longest silence where the output is not a terminal.
    """

    def __init__(self, console: Console, silent_seconds: float = 60.0) -> None:
        self._console = console
        self._silent_seconds = silent_seconds
        self._status: Status | None = None
        self._printed = time.monotonic()

    def show(self, text: str) -> None:
        """Replace the line."""
        if not self._console.is_terminal:
            if time.monotonic() - self._printed > self._silent_seconds:
                self.print(f"  {to_markup(text)}")
            return
        if self._status is None:
            self._status = self._console.status(to_markup(text))
            self._status.start()
        self._status.update(to_markup(text))

    def print(self, markup: str) -> None:
        """Print a line that stays, in rich's markup."""
        self._console.print(markup, highlight=False, soft_wrap=True)
        self._printed = time.monotonic()

    def close(self) -> None:
        """Remove the line."""
        if self._status is not None:
            self._status.stop()
            self._status = None
