"""Photos as base64 text."""

import binascii

from viewfinder_serving.refusals import RefusedError, shown


def decode_base64(text: object, where: str) -> bytes:
    """Return the bytes of a base64 string.

    Args:
        text: What the client sent in place of the string.
        where: Its location, for the message.

    Raises:
        RefusedError: It is not a string, not base64 (RFC 4648, padded, no line breaks), or empty.
    """
    if not isinstance(text, str):
        raise RefusedError(
            f"a base64 string at {where}", shown(text), "encode the photo's bytes as base64"
        )
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:  # binascii.Error is one; so is text outside ASCII
        remedy = (
            "send only what follows 'base64,'"
            if text.startswith("data:")
            else "encode the photo's bytes as standard padded base64 without line breaks"
        )
        raise RefusedError(f"base64 at {where}", f"{shown(text)} ({error})", remedy) from error
    if not data:
        raise RefusedError(f"a photo at {where}", "no bytes", "send the photo's bytes")
    return data


def need_count(count: int, most: int) -> None:
    """Refuse a request without photos or with too many.

    Raises:
        RefusedError: `count` is not in 1 to `most`.
    """
    if not 1 <= count <= most:
        raise RefusedError(
            f"1 to {most} photos in a request",
            f"{count:,}",
            "split the photos over several requests" if count else "send at least one photo",
        )
