"""Where the receiver's runs run."""

from collections.abc import Mapping
from typing import Any, Protocol


class Runner(Protocol):
    """Starts runs of the training pipeline and follows them.

    A run is started under a name that no other run has. So after a receiver was killed at any
    moment, the next one finds out whether a run was started.
    """

    poll_seconds: float
    """How often to ask for the state of a run in progress."""

    def check(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the parameters that a run gets; refuse those with which none could start.

        Raises:
            ViewfinderError: They are such.
        """

    def find(self, name: str) -> str | None:
        """Return the ID of the run that was started under a name; None if there is none.

        Raises:
            ViewfinderError: That cannot be found out.
        """

    def start(self, name: str, parameters: Mapping[str, Any]) -> str:
        """Start a run under a name and return its ID.

        Raises:
            PermanentError: It cannot be started.
            TransientError: It may be possible to start it later.
        """

    def recover(self, run_id: str) -> None:
        """Let a run go on that an earlier receiver started, if it ended with that receiver.

        Raises:
            ViewfinderError: It cannot go on.
        """

    def read(self, run_id: str) -> str:
        """Return a run's state, one of `RunState`.

        Raises:
            ViewfinderError: It cannot be read.
        """

    def close(self) -> None:
        """Interrupt the runs that do not go on without this process."""
