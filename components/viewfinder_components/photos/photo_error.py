"""What a file that is no usable photo raises."""

from typing import Literal

PhotoErrorKind = Literal[
    # what the bytes say
    "empty",
    "truncated",
    "not_a_photo",
    "unsupported_format",
    "too_large",
    "broken",
    # what the file system says
    "missing",
    "permission_denied",
    "unreachable",
]


class PhotoError(Exception):
    """These bytes are no photo that this project can use.

    Not a `ViewfinderError`: one bad photo among many is no failure of the step, it is counted.

    Args:
        kind: What is wrong in one word, to count by.
        sentence: What is wrong in a sentence, with the values that say so.
    """

    def __init__(self, kind: PhotoErrorKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence
