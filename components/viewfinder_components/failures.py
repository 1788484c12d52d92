"""Why a step failed, in one sentence and in machine-readable parts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self

from viewfinder_components.errors import TransientError, ViewfinderError, compose_sentence
from viewfinder_components.foreign_errors import explain_foreign, name_cause

FailureKind = Literal["permanent", "transient"]


@dataclass(frozen=True)
class Failure:
    """Why a step failed.

    Attributes:
        kind: `permanent` if the same input fails again, `transient` if it may succeed later.
        message: The sentence for the reader.
        expected: What was needed; empty if the error does not say.
        received: What was received instead.
        remedy: What to do next.
        cause: Class and first line of an exception that is not ours; empty for ours.
    """

    kind: FailureKind
    message: str
    expected: str = ""
    received: str = ""
    remedy: str = ""
    cause: str = ""

    def to_json(self) -> dict[str, str]:
        """Return JSON-ready values, without empty ones and those that the others imply."""
        values = {name: text for name, text in asdict(self).items() if text}
        if self.expected and self.message == self._sentence():
            del values["message"]
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, str]) -> Self:
        """Build a failure from such values.

        Raises:
            TypeError: They are not such values.
        """
        failure = cls(**{"message": "", **values})  # type: ignore[arg-type]
        if failure.message:
            return failure
        return cls(**{**values, "message": failure._sentence()})  # type: ignore[arg-type]

    def _sentence(self) -> str:
        return compose_sentence(self.expected, self.received, self.remedy)


def describe_exception(error: BaseException) -> Failure:
    """Return why a step or a command that ended with this exception failed."""
    if isinstance(error, ViewfinderError):
        return _as_failure(error)
    cause = name_cause(error)
    if explained := explain_foreign(error):
        return replace(_as_failure(explained), cause=cause)
    message = f"an unexpected error: {cause}"
    return Failure(kind="permanent", message=message, cause=cause)


def _as_failure(error: ViewfinderError) -> Failure:
    return Failure(
        kind="transient" if isinstance(error, TransientError) else "permanent",
        message=str(error),
        expected=error.expected,
        received=error.received,
        remedy=error.remedy,
    )
