"""What a predictor counts for drift, if its version has a reference."""

import base64
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from tests.fixtures.drift_references import LEAST, MOST, PHOTOS, draw_photos, write_reference
from tests.fixtures.servables import allow_precisions, draw, write_manifest, write_version
from tests.serving.conftest import Predictor, run_predictor

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.drift_reference import DRIFT_REFERENCE, DriftReference, Measure
from viewfinder_components.monitoring.files import FILE_MEASURES, measure_file
from viewfinder_components.monitoring.novelty import DRIFT_MODEL, Novelty
from viewfinder_components.monitoring.pixels import PIXEL_MEASURES, measure_pixels
from viewfinder_components.photos.decode import open_photo
from viewfinder_serving.drift.allowance import Allowance
from viewfinder_serving.drift.baseline import Baseline
from viewfinder_serving.servable import Servable

Sample = tuple[dict[str, str], float]


@pytest.fixture
def version(tmp_path: Path) -> Path:
    folder = write_version(tmp_path / "models" / "colour" / "7")
    write_reference(folder)
    write_manifest(folder)
    return folder


@pytest.fixture
def serve(version: Path, tmp_path: Path) -> Callable[..., object]:
    return lambda *options: run_predictor(version, tmp_path / "predictor", *options)


@pytest.fixture(scope="module")
def reference(servable_dir: Path) -> DriftReference:
    found = DriftReference.read(servable_dir)
    assert found is not None
    return found


def read(predictor: Predictor, name: str) -> list[Sample]:
    """Return a metric's samples."""
    families = text_string_to_metric_families(predictor.client.get("/metrics").text)
    return [
        (sample.labels, sample.value)
        for family in families
        for sample in family.samples
        if sample.name == f"viewfinder_drift_{name}"
    ]


def count(predictor: Predictor) -> Counter[tuple[str, int]]:
    """Return the photos by measure and bin."""
    found = read(predictor, "photos_total")
    return Counter({(labels["measure"], int(labels["bin"])): int(n) for labels, n in found})


def sort_photo(
    data: bytes, row: dict[str, float], reference: DriftReference
) -> Counter[tuple[str, int]]:
    """Return the bins in which a photo belongs, found in another way than the predictor's."""
    photo = open_photo(data, 32, 10**9)
    values = dict(zip(PIXEL_MEASURES, measure_pixels(np.asarray(photo.picture)), strict=True))
    values |= zip(FILE_MEASURES, measure_file(data, photo.width, photo.height), strict=True)
    values["confidence"] = max(row.values())
    values["predicted"] = list(row).index(max(row, key=row.__getitem__))
    return Counter(
        (measure.name, int(measure.place(np.array([values[measure.name]]))[0]))
        for measure in reference.of("f32")
    )


def test_the_reference_is_told(predictor, reference):
    assert read(predictor, "reference_photos") == [({"version": "7"}, PHOTOS)]
    assert read(predictor, "least_photos") == [({"version": "7"}, LEAST)]
    assert read(predictor, "most_photos") == [({"version": "7"}, MOST)]
    limits = {(one["measure"], one["precision"]): n for one, n in read(predictor, "limit")}
    answers = {"confidence", "predicted"}
    assert limits == {
        (one.name, "f32" if one.name in answers else ""): one.limit for one in reference.of("f32")
    }
    shares = {(one["measure"], int(one["bin"])): n for one, n in read(predictor, "reference_share")}
    assert shares == {
        (one.name, place): pytest.approx(share)
        for one in reference.of("f32")
        for place, share in enumerate(one.shares)
    }
    named = {
        (one["measure"], one["bin"]): one["above"] for one, _ in read(predictor, "reference_share")
    }
    assert [named["aspect", place] for place in "012"] == ["", "1", "1.5"]
    assert [named["predicted", place] for place in "012"] == ["blue", "green", "red"]
    told = predictor.client.get("/v2/models/colour").json()["properties"]
    assert told["drift_measures"] == (
        "brightness, warmth, pixels, aspect, jpeg_quality, confidence, predicted"
    )


def test_every_bin_is_counted_from_0(serve, version):
    with serve() as predictor:
        counts = [n for _, n in read(predictor, "photos_total")]
    assert counts == [0.0] * sum(len(one.counts) for one in DriftReference.read(version).of("f32"))


def test_photos_are_counted_in_their_bins(predictor, reference):
    before, expected = count(predictor), Counter()
    photos = [*islice(draw_photos(1), 12), draw("red", (48, 64)), draw("blue", (640, 80), "WEBP")]
    for start in range(0, len(photos), 4):
        some = photos[start : start + 4]
        rows = predictor.predict(*some).json()["predictions"]
        for photo, row in zip(some, rows, strict=True):
            answer = dict(zip(("blue", "green", "red"), row["probabilities"], strict=True))
            expected += sort_photo(photo, answer, reference)
    assert count(predictor) - before == expected
    assert sum(expected.values()) == len(photos) * len(reference.of("f32"))


def test_explained_photos_count_as_well(predictor):
    before = count(predictor)
    body = {"instances": [{"b64": base64.b64encode(draw("red")).decode()}]}
    answer = predictor.client.post("/v1/models/colour:explain", json=body)
    assert answer.status_code == 200
    assert (count(predictor) - before)["predicted", 2] == 1


def test_a_refused_request_counts_no_photo(predictor):
    before = count(predictor)
    assert predictor.predict(draw("red"), b"no photo").status_code == 400
    cut = io.BytesIO()
    Image.new("RGB", (64, 48)).save(cut, "PNG")
    assert predictor.predict(draw("red"), cut.getvalue()[:60]).status_code == 400
    assert count(predictor) == before


def test_a_photo_in_the_model_s_size_says_nothing_about_its_file(predictor):
    """The client has shrunk it, so its size and quality are not those of the camera."""
    before = count(predictor)
    assert predictor.predict(draw("red", (32, 32))).status_code == 200
    counted = {measure for measure, _ in count(predictor) - before}
    assert counted == {"brightness", "warmth", "confidence", "predicted"}


@pytest.mark.parametrize("other", [True, False])
def test_answers_are_compared_with_those_of_the_same_precision(version, other):
    """Another precision sorts its answers into bins of its own, or else into those of f32."""
    if other:
        write_reference(version, int8=(Measure("confidence", (0.6,), (9, 111), 20.0),))
    allow_precisions(version, "int8", "f32")
    baseline = Servable.load(version, drift=True).baseline
    assert baseline is not None
    labels = {measure.name: baseline.label(measure) for measure in baseline.measures}
    assert labels["brightness"] == ""
    assert labels["confidence"] == ("int8" if other else "f32")
    assert ("predicted" in labels) is not other


def test_bfloat16_has_the_reference_of_f32(version):
    reference = DriftReference.read(version)
    assert reference is not None
    assert reference.of("bf16") == reference.of("f32")


def test_a_version_without_a_reference_counts_nothing(serve, version):
    (version / DRIFT_REFERENCE).unlink()
    write_manifest(version)
    with serve() as predictor:
        assert predictor.predict(draw("red")).status_code == 200
        assert not read(predictor, "photos_total")
        told = predictor.client.get("/v2/models/colour").json()["properties"]
        assert "drift_measures" not in told


def test_it_can_be_turned_off(version):
    (version / DRIFT_REFERENCE).write_text("damaged after it was published")
    assert Servable.load(version, drift=False).baseline is None


def test_a_reference_that_is_not_the_published_one_is_refused(version):
    (version / DRIFT_REFERENCE).write_text("damaged after it was published")
    with pytest.raises(PermanentError, match=r"drift\.json with sha256"):
        Servable.load(version, drift=True)


@pytest.mark.parametrize("text", ["{", '{"schema_version": 99}', '{"schema_version": 1}'])
def test_a_reference_that_cannot_be_read_does_not_stop_the_model(version, caplog, text):
    """As one that a later release wrote."""
    (version / DRIFT_REFERENCE).write_text(text)
    write_manifest(version)
    assert Servable.load(version, drift=True).baseline is None
    (warning,) = [one.message for one in caplog.records if "drift" in one.message]
    assert warning.startswith("photos are not compared with a reference: ")


@pytest.fixture
def with_novelty(version: Path) -> Path:
    """The version, with a model of its three features."""
    measure = Measure("novelty", (1.5, 3.0), (40, 40, 40), 20.0)
    reference = write_reference(version)
    answers = {"f32": (*reference.answers["f32"], measure), "int8": (measure,)}
    replace(reference, answers=answers).write(version)
    fit_novelty().write(version)
    write_manifest(version)
    return version


def fit_novelty() -> Novelty:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 200).astype(np.int32)
    centres = 200 * np.eye(3)[::-1][labels]
    found = Novelty.fit((centres + random.normal(0, 9, (200, 3))).astype(np.float32), labels)
    assert found is not None
    return found


@pytest.mark.parametrize("precision", ["f32", "int8"])
def test_novelty_is_measured_on_the_model_s_features(with_novelty, tmp_path, precision):
    """The features of this model are a photo's mean colours."""
    allow_precisions(with_novelty, "f32", "int8")
    photos = [draw("red"), draw((150, 0, 0)), draw("white"), draw((210, 10, 5))]
    colours = [[255, 0, 0], [150, 0, 0], [255, 255, 255], [210, 10, 5]]
    distances = fit_novelty().distances(np.array(colours, np.float32))
    expected = np.bincount(np.searchsorted((1.5, 3.0), distances, side="right"), minlength=3)
    with run_predictor(with_novelty, tmp_path, "--precision", precision) as predictor:
        assert predictor.predict(*photos).status_code == 200
        counts = count(predictor)
        assert [counts["novelty", place] for place in range(3)] == expected.tolist()
        labels = [one for one, _ in read(predictor, "limit") if one["measure"] == "novelty"]
        assert [one["precision"] for one in labels] == [precision]


@pytest.mark.parametrize("explains", [True, False])
def test_explained_photos_have_features_as_well(with_novelty, explains):
    servable = Servable.load(with_novelty, explains=explains, drift=True)
    pixels = np.full((32, 32, 3), (250, 3, 0), np.uint8)
    answers = [servable.model.answer(pixels[np.newaxis], features=True)]
    if explains:
        answers.append(servable.model.explain(pixels, features=True).answers)
    for one in answers:
        np.testing.assert_allclose(one.features, [[250, 3, 0]], rtol=1e-3)
    assert servable.model.answer(pixels[np.newaxis]).features is None


def test_without_its_model_novelty_is_left_out(with_novelty, caplog):
    (with_novelty / DRIFT_MODEL).unlink()
    write_manifest(with_novelty)
    baseline = Servable.load(with_novelty, drift=True).baseline
    assert [one.name for one in baseline.measures][-2:] == ["confidence", "predicted"]
    assert not caplog.records


@pytest.mark.parametrize("damage", ["empty", "other features"])
def test_a_model_of_novelty_that_does_not_fit_is_left_out(with_novelty, caplog, damage):
    if damage == "empty":
        (with_novelty / DRIFT_MODEL).write_bytes(b"")
    else:
        features = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
        Novelty.fit(features, np.zeros(40, np.int32)).write(with_novelty)
    write_manifest(with_novelty)
    servable = Servable.load(with_novelty, drift=True)
    assert "novelty" not in [one.name for one in servable.baseline.measures]
    assert "novelty is not measured: " in caplog.text


def test_a_model_of_novelty_that_is_not_the_published_one_is_refused(with_novelty):
    (with_novelty / DRIFT_MODEL).write_bytes(b"")
    with pytest.raises(PermanentError, match=r"drift\.npz with sha256"):
        Servable.load(with_novelty, drift=True)


def test_a_sample_is_counted_under_load():
    """Those at once, and from then on one for each tenth of a second."""
    now = 0.0
    allowance = Allowance(rate=10.0, most=1_000.0, clock=lambda: now)
    assert sum(allowance.take() for _ in range(5_000)) == 1_000
    taken = 0
    for step in range(1, 10_001):
        now = step / 500  # 500 photos a second for 20 s
        taken += allowance.take()
    assert 199 <= taken <= 200
    now += 3_600
    assert sum(allowance.take() for _ in range(5_000)) == 1_000


def test_novelty_needs_features(with_novelty):
    """TensorFlow's engine and models of another form give none."""
    baseline = Baseline.read(with_novelty, "f32")
    assert "novelty" in [one.name for one in baseline.measures]
    assert "novelty" not in [one.name for one in baseline.fit(None).measures]
