"""Prometheus' HTTP API, as far as it is needed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from viewfinder_client.endpoint import check_url, show_url
from viewfinder_components.bearer_token import PROMETHEUS_VARIABLE, find_prometheus_token
from viewfinder_components.errors import PermanentError, TransientError, UsageError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.watching.page import NotReadable, Pages

_Read = TypeVar("_Read")
_DAMAGE = (ValueError, TypeError, LookupError, RecursionError, AttributeError, OverflowError)
_LAST_TIME = datetime.max.replace(tzinfo=UTC).timestamp()


class Series(NamedTuple):
    """A series at one moment."""

    labels: dict[str, str]
    value: float
    at: float = 0.0
    """The moment, in seconds since 1970."""


class Course(NamedTuple):
    """A series over time."""

    labels: dict[str, str]
    values: list[tuple[float, float]]
    """At least one, each with its time before it, in seconds since 1970."""


@contextmanager
def open_api(url: str) -> Iterator["PrometheusApi"]:
    """Let Prometheus be asked while the block runs.

    Args:
        url: Its address.

    Raises:
        UsageError: The address is no URL, or a token cannot be used.
    """
    base = url.rstrip("/")
    try:
        if not base.startswith(("http://", "https://")):
            raise ValueError("neither http:// nor https:// is before it")
        check_url(base)
    except ValueError as error:
        raise UsageError(
            f"{spell('prometheus')} to be the URL of Prometheus",
            f"{show_url(url)!r} ({error})",
            f"write it as in {spell('prometheus', 'http://127.0.0.1:9090')}",
        ) from error
    if find_prometheus_token() is not None and urlsplit(base).username is not None:
        raise UsageError(
            f"a user in the URL of Prometheus or a token in {PROMETHEUS_VARIABLE}",
            "both",
            "leave one of them out",
        )
    with Pages(base) as pages:
        yield PrometheusApi(base, pages)


class PrometheusApi:
    """A Prometheus, or another server with its API."""

    def __init__(self, url: str, pages: Pages) -> None:
        self.name = show_url(url)
        """Its address, as messages show it."""
        self._url, self._pages = url, pages

    def query(self, expression: str) -> list[Series]:
        """Return the series of an expression now.

        Raises:
            NotNow: Prometheus says that it may answer later.
            PermanentError: There is something else at the address, or it refuses the token.
            TransientError: There is no answer.
        """
        return self._ask("query", {"query": expression}, _read_series)

    def query_range(self, expression: str, start: float, end: float, step: float) -> list[Course]:
        """Return the series of an expression over time.

        Args:
            expression: What to ask.
            start: The first moment, in seconds since 1970.
            end: The last one.
            step: Seconds from one to the next.

        Raises:
            NotNow, PermanentError, TransientError: As from `query`.
        """
        asked = {"query": expression, "start": str(start), "end": str(end), "step": str(step)}
        return self._ask("query_range", asked, _read_course)

    def _ask(self, path: str, asked: dict[str, str], read: Callable[[Any], _Read]) -> list[_Read]:
        token = find_prometheus_token()
        try:
            answer = json.loads(self._pages.read(f"{self._url}/api/v1/{path}", asked, token))
            return [read(one) for one in answer["data"]["result"]]
        except NotReadable as error:
            raise self._not_one(str(error)) from error
        except _DAMAGE as error:
            raise self._not_one("an answer that is not of its API") from error
        # The advice of these errors is about predictors.
        except TransientError as error:
            raise TransientError(
                f"Prometheus at {self.name}",
                error.received,
                f"start it, correct {spell('prometheus')}, or for one in a cluster use "
                "`kubectl port-forward`",
            ) from error
        except PermanentError as error:
            raise self._not_one(error.received) from error

    def _not_one(self, received: str) -> PermanentError:
        return PermanentError(
            f"Prometheus at {self.name}",
            received,
            f"let {spell('prometheus')} be its base URL, with USER:PASSWORD@ before the host if it "
            f"asks for them; if it asks for a token, set {PROMETHEUS_VARIABLE} to one, or "
            f"{PROMETHEUS_VARIABLE}_FILE to a file with one",
        )


def _read_series(one: Any) -> Series:
    at, value = _read_point(one["value"])
    return Series(_read_labels(one), value, at)


def _read_course(one: Any) -> Course:
    values = [_read_point(point) for point in one["values"]]
    if not values:
        raise ValueError("a series without values")
    return Course(_read_labels(one), values)


def _read_point(point: Any) -> tuple[float, float]:
    at, value = (float(number) for number in point)
    if not 0 <= at < _LAST_TIME:
        raise ValueError("a series without a time")
    return at, value


def _read_labels(one: Any) -> dict[str, str]:
    return {_read_text(name): _read_text(value) for name, value in one["metric"].items()}


def _read_text(value: Any) -> str:
    r"""Return a text without halves of surrogate pairs, which JSON may have as \ud800."""
    return str(value).encode("utf-8", "replace").decode()
