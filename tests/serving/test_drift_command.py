"""`viewfinder.drift` beside a real predictor."""

from itertools import islice
from pathlib import Path

from tests.fixtures.drift_references import PHOTOS, draw_photos
from tests.serving.conftest import run_predictor

import viewfinder

MANY = 40


def test_photos_that_turn_dark(servable_dir: Path, tmp_path: Path) -> None:
    with run_predictor(servable_dir, tmp_path) as predictor:
        assert predictor.predict(*islice(draw_photos(1), MANY)).status_code == 200
        usual = viewfinder.drift("colour", endpoint=predictor.url)
        for seed in (2, 3):
            dark = islice(draw_photos(seed, light=0.3), MANY)
            assert predictor.predict(*dark).status_code == 200
        found = viewfinder.drift(endpoint=predictor.url)
    (version,) = usual.versions
    assert (version.version, version.photos, version.reference_photos) == ("7", MANY, PHOTOS)
    assert "brightness" not in [one.name for one in version.drifted]
    assert version.problems == ()
    assert usual.start is not None
    assert usual.start < usual.end
    (version,) = found.versions
    assert (found.name, version.photos) == ("colour", 3 * MANY)
    (brightness,) = (one for one in version.drifted if one.name == "brightness")
    assert brightness.sentence.startswith("darker, median below 60 instead of ")
    assert "Darker, median below 60" in found.html
