"""Let requests in that carry a token, and probes that need none."""

import hmac
import re
from collections.abc import Callable, Mapping

from viewfinder_components.bearer_token import OWN_HEADER
from viewfinder_serving.authentication.tokens import Digests, digest_token
from viewfinder_serving.refusals import RefusedError

# The kubelet and Prometheus have no token: they may ask whether the server and its model are alive
# and ready, and for the metrics.
_MODEL = r"/models/[^/:]+(?:/versions/[^/:]+)?"
_OPEN_PATHS = re.compile(rf"/|/metrics|/v2/health/(?:live|ready)|/v1{_MODEL}|/v2{_MODEL}/ready")
_OPEN_METHODS = ("GET", "HEAD")
_OPEN_CALLS = ("ServerLive", "ServerReady", "ModelReady")

_BEARER = re.compile(r"(?i:bearer) +([^ ]+)")


class Authenticator:
    """Compares the tokens of requests with those that are accepted.

    Args:
        tokens: Gives the digests of the accepted tokens; None lets every request in.
        open_paths: The paths that can be read without a token.
    """

    def __init__(
        self, tokens: Callable[[], Digests] | None, open_paths: re.Pattern[str] = _OPEN_PATHS
    ) -> None:
        self._tokens = tokens
        self._open_paths = open_paths

    def check_request(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """Refuse an HTTP request without a token that is accepted, unless it needs none.

        Args:
            method: Its method.
            path: Its path.
            headers: Its headers, by names in small letters.

        Raises:
            RefusedError: It has no such token (401).
        """
        if not (method in _OPEN_METHODS and self._open_paths.fullmatch(path)):
            self._need_token(headers)

    def check_call(self, method: str, metadata: Mapping[str, str]) -> None:
        """Refuse a gRPC call as `check_request` does a request.

        Args:
            method: Its name, without the service's.
            metadata: Its metadata.

        Raises:
            RefusedError: It has no token that is accepted (401).
        """
        if method not in _OPEN_CALLS:
            self._need_token(metadata)

    def _need_token(self, headers: Mapping[str, str]) -> None:
        if self._tokens is None:
            return
        given = headers.get(OWN_HEADER) or headers.get("authorization") or ""
        found = _BEARER.fullmatch(given.strip())
        if found is None:
            raise _refuse("an authorization of another scheme" if given else "none", "Bearer")
        digest = digest_token(found[1])
        # Over all of them: the time must not tell which one it was.
        if not sum(hmac.compare_digest(digest, accepted) for accepted in self._tokens()):
            raise _refuse("a token that it does not know", 'Bearer error="invalid_token"')


def _refuse(received: str, challenge: str) -> RefusedError:
    return RefusedError(
        "a bearer token that this server accepts",
        received,
        "send it in the header Authorization: Bearer TOKEN, or ask whoever runs the server for one",
        status=401,
        headers={"www-authenticate": challenge},  # RFC 6750, 3
    )
