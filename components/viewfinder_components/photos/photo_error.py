"""The error for a file that is not a usable photo."""

from typing import Literal

from viewfinder_components.library_messages import strip_addresses

_LONGEST_REASON = 200  # characters: a library may quote the file

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
    """These bytes are not a photo that this project can use.

    Not a `ViewfinderError`: one bad photo among many is counted and does not fail the step.

    Args:
        kind: What is wrong in one word, for counting.
        sentence: What is wrong in a sentence, with the values that show it.
    """

    def __init__(self, kind: PhotoErrorKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.sentence = sentence


def refuse_too_large(size: int, max_bytes: int | None) -> None:
    """Refuse a file because of its size, before it is read.

    Raises:
        PhotoError: It has more than `max_bytes` bytes.
    """
    if max_bytes is not None and size > max_bytes:
        raise PhotoError(
            "too_large", f"the file has {size:,} bytes, more than the limit of {max_bytes:,}"
        )


def describe(error: Exception) -> str:
    """Return a library's message about a file, the same for the same file in every process.

    An object's address would differ from run to run, and must not leave the process.

    Returns:
        One line without control characters; the kind of error if it has no text.
    """
    words = strip_addresses(str(error)).encode("utf-8", "replace").decode()
    sentence = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    if len(sentence) > _LONGEST_REASON:
        sentence = sentence[:_LONGEST_REASON].rstrip() + " ..."
    return sentence or type(error).__name__
