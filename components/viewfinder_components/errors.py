"""Errors that say what was expected, what was received and what to do next."""


class ViewfinderError(Exception):
    """Base of every error this project raises on purpose.

    Args:
        expected: What the code needed, as a noun phrase.
        received: What it got instead, with the offending value.
        remedy: What the reader should do next, as an imperative sentence.
    """

    def __init__(self, expected: str, received: str, remedy: str) -> None:
        super().__init__(f"expected {expected}, received {received}; {remedy}")
        self.expected = expected
        self.received = received
        self.remedy = remedy


class PermanentError(ViewfinderError):
    """The same input fails again: a retry cannot help."""


class TransientError(ViewfinderError):
    """The world was not ready: the same input may succeed later."""
