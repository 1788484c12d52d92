"""One request on its way through the threads."""

import time
from collections.abc import Callable
from typing import Any

from viewfinder_serving import metrics
from viewfinder_serving.classifier import Batch, Classifier
from viewfinder_serving.memory import return_free_memory
from viewfinder_serving.tracing.request_trace import CURRENT

Question = Callable[[Classifier], Batch]
"""Parses a request and has the classifier read its photos' headers, which occupies a core."""


class Work:
    """A request that is processed in turns, in any of the threads.

    An executor keeps what was cancelled until a thread is free, which may be long after the request
    has given its room back. So whoever no longer waits for the answer has the work `forget` the
    request; the executor then keeps this empty object.

    Args:
        question: The request.
        classifier: Answers it.
        is_alone: Whether there is no other request now.
    """

    def __init__(
        self, question: Question, classifier: Classifier, is_alone: Callable[[], bool]
    ) -> None:
        self.is_heavy = False
        """Whether it takes much memory or time, which is known once it has begun."""
        self._asked = time.monotonic()
        self._question: Question | None = question
        self._batch: Batch | None = None
        self._classifier = classifier
        self._is_alone = is_alone
        self._trace = CURRENT.get()

    def begin(self) -> Any:
        """Parse the request and, unless it is heavy, take its first turn.

        Returns:
            The answer, if that was all; else None.

        Raises:
            RefusedError: The request is wrong, or its deadline has passed.
        """
        question, self._question = self._question, None
        if question is None:
            return None
        began = time.monotonic()
        metrics.QUEUE_SECONDS.observe(began - self._asked)
        if self._trace is not None:
            self._trace.add("queue", self._asked, began)
        try:
            batch = question(self._classifier)
            batch.trace = self._trace
            self._batch = batch
        finally:
            metrics.BUSY_SECONDS.inc(time.monotonic() - began)
        self.is_heavy = batch.is_heavy
        return None if self.is_heavy else self.advance()

    def advance(self) -> Any:
        """Take one turn.

        Returns:
            The answer, if that was the last one; else None.

        Raises:
            RefusedError: A photo cannot be opened, or the deadline has passed.
        """
        batch = self._batch
        if batch is None:
            return None
        began = time.monotonic()
        try:
            return self._classifier.advance(batch, self._is_alone)
        finally:
            metrics.BUSY_SECONDS.inc(time.monotonic() - began)
            if self.is_heavy:
                return_free_memory()

    def forget(self) -> None:
        """Let go of the request, whose answer nobody waits for any more."""
        self._question = self._batch = None
