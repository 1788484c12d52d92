"""What a deployment needs from a platform that serves versions: a target, and a rollout on it."""

from collections.abc import Mapping
from enum import Enum
from types import TracebackType
from typing import Any, Protocol, Self

from viewfinder_components.deployment.config import DeployConfig
from viewfinder_components.deployment.history import Deed
from viewfinder_components.deployment.route import Route
from viewfinder_components.errors import PermanentError


class SupersededError(PermanentError):
    """Somebody else deployed to the same service meanwhile: theirs takes precedence."""


class Restored(Enum):
    """What serves after a rollback; the values are sentences about the predecessor."""

    NOTHING = "no version served before it, so the failed one was left in place for inspection"
    SERVES = "rolled back: {} serves as before"
    STARTS = "rolled back to {}, not all of whose pods are ready yet"
    SUPERSEDED = "somebody else has deployed meanwhile, so nothing was rolled back"


class Rollout(Protocol):
    """The rollout of one version to one service; nothing is changed before `apply`.

    Every method raises PermanentError if retrying cannot help, and TransientError if it may.
    """

    @property
    def config(self) -> DeployConfig:
        """What is deployed."""

    @property
    def deadline(self) -> float:
        """When time runs out, on the monotonic clock in seconds."""

    @property
    def changes(self) -> bool:
        """Whether `apply` changes anything; False if this was applied before."""

    @property
    def changed_settings(self) -> list[str]:
        """The parameters that differ from the service's, as in `predictor_cpu 1 (was 500m)`."""

    @property
    def predecessor(self) -> str | None:
        """What serves besides it, such as `version 3`; None if nothing does."""

    @property
    def reports_version(self) -> bool:
        """Whether the service can be asked which version it serves."""

    @property
    def found(self) -> Mapping[str, Any]:
        """What was found out about the target, for `deployment.json`: by the target's name."""

    @property
    def applied(self) -> Mapping[str, Any]:
        """Everything that is applied, for `deployment.json`."""

    def apply(self) -> None:
        """Apply the version to the target; repeating it changes nothing."""

    def is_applied(self) -> bool:
        """Whether the service is still as this rollout left it."""

    def wait(self) -> None:
        """Wait until the version serves and nothing else does, or until it is known why it won't.

        Raises:
            SupersededError: Somebody else deployed to the service.
            TransientError: Time ran out.
        """

    def find_route(self) -> Route:
        """Find the way to query the service from here."""

    def restore(self) -> Restored:
        """Restore the predecessor if there is one, unless somebody else has deployed."""

    def remember(self, by: Deed) -> None:
        """Add the version to the service's history, unless it is already the last entry."""


class Target(Protocol):
    """A place that serves versions, such as a namespace of a cluster.

    As a context manager it closes its connections. Its methods raise the same errors as a rollout.
    """

    @staticmethod
    def need_servable(version_uri: str) -> None:
        """Refuse a version that no service there could read, judging by its URI alone.

        Args:
            version_uri: As returned by publish.

        Raises:
            UsageError: It cannot be served there.
        """

    @classmethod
    def connect(cls, namespace: str) -> Self:
        """Find the place; its services are queried later.

        Args:
            namespace: Empty for the namespace of this process.
        """

    @property
    def namespace(self) -> str:
        """The namespace of the services."""

    def __enter__(self) -> Self:
        """Return the target itself."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connections."""

    def prepare(self, config: DeployConfig, deadline: float) -> Rollout:
        """Examine the place and the service, and refuse what could not be deployed.

        Args:
            config: What to deploy.
            deadline: When time runs out, on the monotonic clock in seconds.
        """

    def find_earlier(self, service: str, model: str, number: int) -> DeployConfig:
        """Return how the service's previous version, or one it ever served, was deployed.

        Args:
            service: The service's name.
            model: The model that it serves.
            number: The version to return to; 0 for the previous one.

        Raises:
            PermanentError: There is no such service, or it has never served that version.
        """

    def remove(self, service: str, model: str, timeout_seconds: float) -> bool:
        """Remove a service and wait until it is completely gone; published versions stay.

        Args:
            service: The service's name.
            model: The model that it serves.
            timeout_seconds: Longest time to wait.

        Returns:
            Whether there was anything to remove.
        """
