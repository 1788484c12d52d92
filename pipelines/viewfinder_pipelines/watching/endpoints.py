"""The metrics of predictors whose addresses are known."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from viewfinder_client.endpoint import Endpoint, show_url
from viewfinder_components.errors import PermanentError, UsageError, ViewfinderError
from viewfinder_components.spelling import spell
from viewfinder_pipelines.watching.page import NotNow, NotReadable, Pages
from viewfinder_pipelines.watching.reading import Reading, read_all
from viewfinder_pipelines.watching.samples import Samples, find_labels, read_samples, total

DEFAULT = "http://127.0.0.1:8080"
"""Where `viewfinder serve` listens."""
_MOST_AT_A_TIME = 16


class _Predictor:
    """One predictor."""

    def __init__(self, url: str, model: str | None, pages: Pages) -> None:
        self.name = show_url(url)
        self._url, self._model, self._pages = f"{url}/metrics", model, pages
        self._is_known = False

    def read(self) -> Reading:
        """Return what it says now.

        Raises:
            PermanentError: There is something else at the address. It is not raised again after a
                right answer: what replaces a predictor for a while is of no interest.
        """
        try:
            samples = self._ask()
        except NotNow as error:
            return Reading.of_problem(str(error))
        except ViewfinderError as error:
            if isinstance(error, PermanentError) and not self._is_known:
                raise
            return Reading.of_problem(error.received)
        self._is_known = True
        return Reading.of_samples(samples)

    def _ask(self) -> Samples:
        try:
            samples = read_samples(self._pages.read(self._url))
        except NotReadable as error:
            raise self._not_one(str(error)) from error
        except ValueError as error:
            raise self._not_one("an answer that is not in Prometheus' text format") from error
        if total(samples, "viewfinder_ready") is None:
            raise self._not_one("no metric viewfinder_ready")
        self._need_model(find_labels(samples, "viewfinder_model_info").get("model"))
        return samples

    def _not_one(self, received: str) -> PermanentError:
        return PermanentError(
            f"the metrics of Viewfinder's predictor at {show_url(self._url)}",
            received,
            f"let {spell('endpoint')} be the base URL of a predictor",
        )

    def _need_model(self, served: str | None) -> None:
        if self._model is not None and served is not None and served != self._model:
            raise PermanentError(
                f"a predictor of the model {self._model} at {self.name}",
                f"one of the model {served}",
                f"name that model, or another predictor with {spell('endpoint')}",
            )


@contextmanager
def open_endpoints(urls: Sequence[str], model: str | None) -> Iterator["Endpoints"]:
    """Let predictors be read while the block runs.

    Args:
        urls: Their addresses.
        model: The model that they are to serve; None for any.

    Raises:
        UsageError: One is not the URL of a server, or is given twice, or an environment variable
            names no usable proxy or certificates.
    """
    servers = [Endpoint.read(url, None).address for url in urls]
    for url in servers:
        if servers.count(url) > 1:
            raise UsageError("each predictor once", f"{show_url(url)} twice", "leave one out")
    with ExitStack() as stack:
        pages = [stack.enter_context(Pages(url)) for url in servers]
        pool = stack.enter_context(ThreadPoolExecutor(min(len(urls), _MOST_AT_A_TIME)))
        predictors = [
            _Predictor(url, model, page) for url, page in zip(servers, pages, strict=True)
        ]
        yield Endpoints(predictors, pool)


class Endpoints:
    """Reads several predictors at a time."""

    def __init__(self, predictors: Sequence[_Predictor], pool: ThreadPoolExecutor) -> None:
        self._predictors, self._pool = predictors, pool

    def read(self) -> dict[str, Reading]:
        """Return what each says now, by address.

        Raises:
            PermanentError: There is something else at an address.
        """
        readings = read_all(self._pool, _Predictor.read, self._predictors)
        names = [one.name for one in self._predictors]
        return dict(zip(names, readings, strict=True))
