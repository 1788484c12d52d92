"""The body of a request about one photo in the V1 protocol."""

import base64
from collections.abc import AsyncIterator

_BEFORE = b'{"instances": [{"b64": "'
_AFTER = b'"}]}'
_PIECE = 3 << 16  # bytes: a multiple of 3 has no padding


class PhotoBody:
    """A photo as JSON, which is encoded while it is sent.

    Encoded beforehand, several copies would be in memory, each a third larger than the photo.

    Args:
        photo: The file's contents.
    """

    def __init__(self, photo: bytes) -> None:
        self._photo = photo

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(_BEFORE) + 4 * -(-len(self._photo) // 3) + len(_AFTER)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the bytes; those of a small photo at once, which is one packet less to wait for."""
        rest, piece = memoryview(self._photo), _BEFORE
        while rest:
            piece += base64.b64encode(rest[:_PIECE])
            rest = rest[_PIECE:]
            if rest:
                yield piece
                piece = b""
        yield piece + _AFTER
