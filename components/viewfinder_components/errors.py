"""Errors that say what was expected, what was received and what to do next."""


def compose_sentence(expected: str, received: str, remedy: str) -> str:
    """Return the sentence that an error of ours says."""
    return f"expected {expected}, received {received}; {remedy}"


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


class PermanentError(ViewfinderError):
    """The same input fails again: a retry cannot help."""


class TransientError(ViewfinderError):
    """The world was not ready: the same input may succeed later."""
