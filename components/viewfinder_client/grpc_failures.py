"""Why a call over gRPC gave no answer that can be used, in words."""

from typing import Any

import grpc  # type: ignore[import-untyped]

from viewfinder_client.v1_failures import BusyError, shorten
from viewfinder_components.bearer_token import ADVICE
from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.printable import make_printable
from viewfinder_components.spelling import spell

_Code = grpc.StatusCode
# The message is too large for the server, or for this client: the next photo's may not be.
_ABOUT_THE_PHOTO = (_Code.INVALID_ARGUMENT, _Code.OUT_OF_RANGE, _Code.RESOURCE_EXHAUSTED)
_DENIED = (_Code.UNAUTHENTICATED, _Code.PERMISSION_DENIED)
_LATER = "try again, and see the server's log"
_PERMANENT = (
    *_DENIED,
    *(_Code.NOT_FOUND, _Code.UNIMPLEMENTED, _Code.FAILED_PRECONDITION, _Code.ALREADY_EXISTS),
)


def find_refusal(error: Any) -> str | None:
    """Return why a server refused a photo; None if it did not, or would refuse every photo."""
    if error.code() not in _ABOUT_THE_PHOTO:
        return None
    return f"the server refused it ({_describe(error)})"


def explain_call(error: Any, place: str, model: str) -> ViewfinderError:
    """Return the error for a call that failed.

    Args:
        error: gRPC's.
        place: The server, as messages show it.
        model: The model's name.
    """
    code, received = error.code(), _describe(error)
    after = dict(error.trailing_metadata() or ()).get("retry-after")
    if code is _Code.UNAVAILABLE and after is None:
        return TransientError(f"an answer over gRPC from {place}", received, _advise_address())
    if code in _PERMANENT:
        return _explain_permanent(code, received, place, model)
    return BusyError(f"an answer from {place}", received, _LATER, after)


def _explain_permanent(code: Any, received: str, place: str, model: str) -> PermanentError:
    if code is _Code.NOT_FOUND:
        remedy = f"name a model that the server has with {spell('model')}"
        return PermanentError(f"a model {model} at {place}", received, remedy)
    if code is _Code.UNIMPLEMENTED:
        return not_v2(place, received)
    remedy = ADVICE if code in _DENIED else "fix what the server reports"
    return PermanentError(f"{place} to accept the call", received, remedy)


def not_v2(place: str, received: str) -> PermanentError:
    """Return the error for an answer that is not in the protocol."""
    return PermanentError(
        f"an answer in the V2 protocol over gRPC from {place}",
        f"something else ({shorten(received)})",
        f"check that {spell('endpoint')} is the address of a predictor's gRPC port",
    )


def _advise_address() -> str:
    endpoint = spell("endpoint")
    return f"correct {endpoint}, start the server with --grpc-port, or try again if it is busy"


def _describe(error: Any) -> str:
    said = make_printable(shorten(str(error.details())))
    return f"{error.code().name}: {said}"
