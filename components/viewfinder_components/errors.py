"""Errors that say what was expected, what was received and what to do next."""

from collections.abc import Sequence
from typing import Any

from viewfinder_components.printable import make_printable
from viewfinder_components.spelling import spell

_LONGEST_SHOWN = 100  # characters of a value
_LONGEST_RECEIVED = 4000  # a file's or a server's names may have any length, and be any number


def compose_sentence(expected: str, received: str, remedy: str) -> str:
    """Return the sentence of a Viewfinder error, which may quote anything, safe to show."""
    if len(received) > _LONGEST_RECEIVED:
        received = f"{received[:_LONGEST_RECEIVED]}..."
    sentence = f"expected {expected}, received {received}; {remedy}"
    return make_printable(sentence, lines=True)


def reason_of(error: BaseException) -> str:
    """Return what an exception of a library or of the system says; its class if it says nothing."""
    said = error.strerror if isinstance(error, OSError) else None
    return said or str(error).strip() or type(error).__name__


class ViewfinderError(Exception):
    """Base of every error this project raises on purpose.

    Args:
        expected: What the code needed, as a noun phrase.
        received: What it got instead, with the offending value.
        remedy: What the reader should do next, as an imperative sentence.
    """

    def __init__(self, expected: str, received: str, remedy: str) -> None:
        super().__init__(compose_sentence(expected, received, remedy))
        self.expected = expected
        self.received = received
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        """Say how to pickle and copy it: a pool of processes hands its errors on like that.

        Python would call the class with the sentence, which takes other arguments.
        """
        return _restore, (type(self), self.args), vars(self)


def _restore(kind: type[ViewfinderError], texts: tuple[str, ...]) -> ViewfinderError:
    return kind.__new__(kind, *texts)


class PermanentError(ViewfinderError):
    """The same input fails again: a retry cannot help."""


class SeveralErrors(PermanentError):  # noqa: N818  (one error that is several)
    """Several things are wrong at once; the message has a line for each of them.

    Args:
        errors: Two or more.
    """

    def __init__(self, errors: Sequence[ViewfinderError]) -> None:
        super().__init__(
            " and ".join(error.expected for error in errors),
            " and ".join(error.received for error in errors),
            "; ".join(error.remedy for error in errors),
        )
        self.args = ("\n".join([f"{len(errors)} problems:", *(f"- {error}" for error in errors)]),)


class TransientError(ViewfinderError):
    """The environment was not ready: the same input may succeed later."""


class UsageError(PermanentError):
    """The request is malformed: an unknown name, a value of the wrong form or out of range.

    Nothing was started; a command that raises it exits with 2.
    """


class ParameterError(UsageError):
    """A parameter does not accept the value that it was given.

    Args:
        name: The parameter's name in Python; a command's message names the option.
        rule: Which values it accepts, such as `"a whole number from 1 to 9"`.
        value: What it was given.
        remedy: What to do next; empty if choosing another value is all there is to do.
    """

    def __init__(self, name: str, rule: str, value: object, remedy: str = "") -> None:
        shown = repr(value)
        if len(shown) > _LONGEST_SHOWN:
            shown = f"{shown[:_LONGEST_SHOWN]}..."
        called = spell(name)
        super().__init__(
            f"{called} to be {rule}", shown, remedy or f"choose another value for {called}"
        )
        self.name = name
        self.rule = rule
