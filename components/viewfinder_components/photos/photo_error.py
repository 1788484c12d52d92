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
    # what the file system or the object store says
    "missing",
    "permission_denied",
    "archived",
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


def refuse_too_large(size: int, max_bytes: int | None) -> None:
    """Refuse a file by its size, before it is read.

    Raises:
        PhotoError: It has more than `max_bytes` bytes.
    """
    if max_bytes is not None and size > max_bytes:
        raise PhotoError(
            "too_large", f"the file has {size:,} bytes, more than the limit of {max_bytes:,}"
        )
