"""The two servers: one that hands on and records, one that plays a recording."""

import json
import re
import ssl
from collections.abc import Iterable

from tests.doctor.recorder.answers import Answer, describe_question
from tests.doctor.recorder.pruning import prune
from tests.kubeflow.recorder.exchanges import Exchange, make_exchange
from tests.kubeflow.recorder.http_server import ExchangeServer, Request
from tests.kubeflow.recorder.proxy import RecordingProxy

_NOT_RECORDED = 501
_POD_NAME = re.compile("viewfinder-doctor-[0-9a-f]{8}")  # another one for every pod


class Recorder(RecordingProxy):
    """Hands requests on to an API server and keeps the answers, pruned.

    Args:
        upstream: The API server's address.
        verify: Whose certificates are trusted.

    Attributes:
        answers: What was answered so far.
    """

    def __init__(self, upstream: str, verify: ssl.SSLContext) -> None:
        super().__init__(upstream, verify)
        self.answers: list[Answer] = []

    def answer(self, request: Request) -> Exchange:
        """Ask the API server, and keep what it answered."""
        exchange = super().answer(request)
        asked = describe_question(request.content)
        text = _POD_NAME.sub("viewfinder-doctor-0", exchange.body)
        body = prune(json.loads(text)) if text.startswith("{") else None
        self.answers.append(Answer(request.method, request.target, asked, exchange.status, body))
        return exchange


class Replay(ExchangeServer):
    """Plays a recording, as often as it is asked and in any order.

    Args:
        answers: The recording.

    Attributes:
        unknown: Requests that were not recorded. They get an error that no API server gives, so
            that nothing is taken for missing in the cluster.
    """

    def __init__(self, answers: Iterable[Answer]) -> None:
        super().__init__()
        self._answers = {answer.request: answer for answer in answers}
        self.unknown: list[tuple[str, str, str]] = []

    def answer(self, request: Request) -> Exchange:
        """Return what the API server answered."""
        asked = (request.method, request.target, describe_question(request.content))
        found = self._answers.get(asked)
        if found is None:
            self.unknown.append(asked)
            found = Answer(*asked, _NOT_RECORDED, {"message": f"{asked} was not recorded"})
        content = b"404 page not found\n" if found.body is None else json.dumps(found.body).encode()
        return make_exchange(
            0, request.method, request.target, found.status, "application/json", content
        )
