"""The Python client streams the photos of a bucket to a predictor."""

from pathlib import Path

import pytest
from tests.fixtures.servables import draw, write_servable
from tests.fixtures.waiting import PATIENCE
from tests.serving.conftest import run_predictor

from viewfinder_client import Client, Prediction, Unanswered
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.location import Location


@pytest.fixture
def photos(bucket: str) -> str:
    client = open_client(Location.parse(bucket))
    for number in range(20):
        client.create(f"in/{number:02}.png", draw("red" if number % 2 else "blue"))
    client.create("in/words.txt", b"no photo")
    return f"{bucket}/in"


def test_a_bucket(photos: str, tmp_path: Path) -> None:
    model = write_servable(tmp_path / "colour" / "7", 8.0)
    with (
        run_predictor(model, tmp_path / "predictor") as predictor,
        Client(predictor.url, concurrency=4, seconds=PATIENCE) as client,
    ):
        *results, words = client.classify_many(photos)
        assert isinstance(words, Unanswered)
        assert words.photo == f"{photos}/words.txt"
        assert [result.photo for result in results] == [
            f"{photos}/{number:02}.png" for number in range(20)
        ]
        assert [result.label for result in results] == ["blue", "red"] * 10
        assert isinstance(client.classify(f"{photos}/01.png"), Prediction)
        (gone,) = client.classify_many([f"{photos}/gone.png"])
        assert isinstance(gone, Unanswered)
        assert not gone.is_transient
