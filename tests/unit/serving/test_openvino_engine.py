"""Both compilations of a model give the same answers."""

from pathlib import Path

import numpy as np
import pytest
from tests.fixtures.servables import write_servable

from viewfinder_serving.openvino_engine import OpenVinoEngine


@pytest.mark.parametrize("threads", [None, 1, 2])
def test_alone_and_together(tmp_path: Path, threads: int | None) -> None:
    engine = OpenVinoEngine.load(write_servable(tmp_path / "1"), threads, explains=False)
    side = engine.image_size
    photos = np.random.default_rng(0).integers(0, 256, (5, 1, side, side, 3), dtype=np.uint8)
    for photo in photos:
        alone, together = (engine.answer(photo, one).outputs for one in (True, False))
        assert alone.shape == (1, 3)
        np.testing.assert_allclose(alone, together, atol=1e-6)
