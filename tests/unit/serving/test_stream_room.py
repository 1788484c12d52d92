"""The model's copies for photos at the same time fit into the container's memory."""

from pathlib import Path

import pytest
from tests.fixtures.servables import write_servable
from tests.serving.memory_group import limit_of_the_runtime

from viewfinder_serving.config import ServeConfig
from viewfinder_serving.openvino_engine import OpenVinoEngine
from viewfinder_serving.stream_room import count_streams, find_spare_bytes

LITE0 = 13_425_668  # bytes of weights
# What was measured with EfficientNet-Lite0 in f32: the more for each number of streams.
MEASURED = {2: 55e6, 4: 79e6, 8: 128e6, 16: 220e6, 32: 420e6}


def config(**changes: float) -> ServeConfig:
    return ServeConfig(Path("models/fruit/1"), **changes)  # type: ignore[arg-type]


def streams(limit: int, side: int = 224, **changes: float) -> int:
    spare = find_spare_bytes(config(**changes), limit)
    assert spare is not None
    return count_streams(spare, LITE0, side)


def test_the_limit_of_the_runtime_is_for_one_photo_at_a_time() -> None:
    limit = limit_of_the_runtime()
    assert streams(limit) == 1
    assert streams(limit // 2) == 1
    assert streams(limit, max_decoding_mb=200) > 2
    assert streams(limit + (128 << 20)) == 7, "docs/serving.md"
    assert streams(limit + (128 << 20), grpc_port=9000) == 1


@pytest.mark.parametrize("number", MEASURED)
def test_streams_fit_as_measured(number: int) -> None:
    limit = limit_of_the_runtime()
    while streams(limit) < number:
        limit += 1_000_000
    assert limit - limit_of_the_runtime() >= MEASURED[number]


def test_larger_photos_need_more() -> None:
    assert streams(1 << 30, side=448) < streams(1 << 30) / 3


@pytest.mark.parametrize("spare", [None, 0, -(10**9), 10**9])
def test_an_engine_in_little_memory(tmp_path: Path, spare: int | None) -> None:
    engine = OpenVinoEngine.load(write_servable(tmp_path / "1"), 2, explains=False, spare=spare)
    is_one = engine._together is engine._alone
    assert is_one == (spare is not None and spare <= 0)
