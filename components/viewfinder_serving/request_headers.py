"""What a prediction request's headers say about its body."""

import re

from viewfinder_components.inflation import NAMES as GZIP
from viewfinder_serving.exchange import Exchange
from viewfinder_serving.refusals import RefusedError, shown

JSON_LENGTH = "inference-header-content-length"


def need_content_type(exchange: Exchange, accepted: set[str]) -> None:
    """Refuse a body that is not of an accepted type, or that is encoded in another way than gzip.

    Args:
        exchange: The request.
        accepted: The types, such as `application/json`.

    Raises:
        RefusedError: It is (415).
    """
    coding = exchange.headers.get("transfer-encoding", "chunked")
    if coding.strip().lower() != "chunked":
        raise RefusedError(
            "a body with no transfer-encoding other than chunked",
            shown(coding),
            "send it uncompressed",
            status=415,
        )
    if exchange.coding not in ("", "identity", *GZIP):
        raise RefusedError(
            "content-encoding gzip or none",
            shown(exchange.coding),
            "compress it with gzip, or not at all",
            status=415,
            headers={"accept-encoding": "gzip"},  # RFC 7694
        )
    text = exchange.headers.get("content-type", "application/json")
    if text.partition(";")[0].strip().lower() not in accepted:
        raise RefusedError(
            f"content-type {' or '.join(sorted(accepted))}",
            shown(text),
            "set the header Content-Type: application/json",
            status=415,
        )


def read_json_length(exchange: Exchange) -> int | None:
    """Return how many bytes of a V2 request's body are JSON; None if all of it is.

    Raises:
        RefusedError: The header has something else.
    """
    text = exchange.headers.get(JSON_LENGTH)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise RefusedError(
            "the JSON's length in Inference-Header-Content-Length", shown(text), "send digits"
        )
    return int(text)
