"""A request that nobody waits for any more holds no memory, wherever it is."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures.servables import draw, write_servable
from tests.fixtures.waiting import PATIENCE

from viewfinder_components.photos.room import DecodingRoom
from viewfinder_serving.classifier import Batch, Classifier, Outputs
from viewfinder_serving.model import PhotoModel
from viewfinder_serving.servable import Servable


class Answer(list[float]):
    """What can be referred to weakly."""


@pytest.fixture
def model(tmp_path: Path) -> PhotoModel:
    servable = Servable.load(write_servable(tmp_path / "1"))
    classifier = Classifier(servable, 1_000_000, DecodingRoom(100_000_000))
    return PhotoModel("colour", servable, classifier, threads=1)


def ask(name: str = "red", photos: int = 1) -> Callable[[Classifier], Batch]:
    """Return a request."""

    def word(found: Outputs) -> Answer:
        return Answer(found.rows[:, 0])

    return lambda classifier: classifier.prepare([draw(name)] * photos, float("inf"), word)


def test_requests_are_answered(model: PhotoModel) -> None:
    async def run() -> list[Any]:
        questions = [ask(photos=number % 7 + 1) for number in range(40)]
        return await asyncio.gather(*map(model.predict, questions))

    answers = asyncio.run(run())
    assert [len(answer) for answer in answers] == [number % 7 + 1 for number in range(40)]


def test_a_cancelled_request_is_forgotten_while_it_queues(model: PhotoModel) -> None:
    go = threading.Event()
    begun = threading.Event()

    def slow(classifier: Classifier) -> Batch:
        begun.set()
        assert go.wait(PATIENCE)
        return ask()(classifier)

    class Question:
        """A request that can be referred to weakly."""

        def __call__(self, classifier: Classifier) -> Batch:
            return ask()(classifier)

    async def run() -> tuple[list[object], Any]:
        first = asyncio.create_task(model.predict(slow))
        await asyncio.to_thread(begun.wait, PATIENCE)
        questions = [Question() for _ in range(5)]
        references = [weakref.ref(question) for question in questions]
        queued = [asyncio.create_task(model.predict(question)) for question in questions]
        del questions
        await asyncio.sleep(0)
        for task in queued:
            task.cancel()
        await asyncio.wait(queued)
        queued.clear()
        del task
        gc.collect()
        left = [reference() for reference in references if reference() is not None]
        go.set()
        return left, await first

    left, answer = asyncio.run(run())
    assert left == []
    assert len(answer) == 1
    assert model._present == 0  # the next request is alone again
