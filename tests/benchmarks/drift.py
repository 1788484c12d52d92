"""How soon drift is noticed, and how often there is a false alarm, with the demo's photos.

The test photos are divided anew and anew: some are the reference, as validation photos are, others
the window. Photos are changed as files, and then decoded and classified.
"""

import io
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageFilter
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors
from tests.fixtures.photos import imagenet_files

import viewfinder
from viewfinder.cli.demo import DATA
from viewfinder_components.formats.drift_reference import DriftReference
from viewfinder_components.formats.features import read_features
from viewfinder_components.formats.shards import Shards, Split
from viewfinder_components.inference import InferenceModel
from viewfinder_components.monitoring.files import FILE_MEASURES, measure_file
from viewfinder_components.monitoring.novelty import Novelty
from viewfinder_components.monitoring.pixels import PIXEL_MEASURES, measure_pixels
from viewfinder_components.monitoring.reference import MeasuredAnswers, make_reference
from viewfinder_components.monitoring.statistic import compare_counts
from viewfinder_components.photos.decode import decode, open_photo
from viewfinder_components.photos.pictures.jpeg_quality import estimate_quality
from viewfinder_components.photos.read import read_photo

RATES = (0.001, 0.05)
LEAST, POOL = 100, 150  # photos of a window: the least that counts, and the most there are
SIZES = (LEAST, 125, POOL)
DRAWS = 25
REFERENCES, WINDOWS = 50, 4  # for each reference drawn anew
_ANY = 10**9

Change = Callable[[Image.Image, float], Image.Image]


class Seen(NamedTuple):
    """What is measured of n photos."""

    measures: dict[str, NDArray[np.float64]]
    """float64 `[n]` by name."""

    def take(self, places: NDArray[np.int64]) -> "Seen":
        return Seen({name: values[places] for name, values in self.measures.items()})

    def reference(self, labels: Sequence[str], rate: float) -> DriftReference:
        """Make the reference as export does."""
        pixels, files = (
            np.stack([self.measures[name] for name in names], axis=1)
            for names in (PIXEL_MEASURES, FILE_MEASURES)
        )
        confidence, novelty = self.measures["confidence"], self.measures["novelty"]
        predicted = self.measures["predicted"].astype(np.intp)
        answers = {"f32": MeasuredAnswers(confidence, predicted, novelty)}
        return make_reference(labels, pixels, files, answers, rate)  # type: ignore[arg-type]


class Watcher(NamedTuple):
    """The model, and what measures it needs."""

    model: InferenceModel
    novelty: Novelty

    def see(self, contents: Iterable[bytes]) -> Seen:
        """Measure photos, given as files."""
        rows, pixels = [], []
        for content in contents:
            photo = open_photo(content, self.model.image_size, _ANY)
            pixels.append(np.asarray(photo.picture))
            measured = measure_pixels(pixels[-1]), measure_file(content, photo.width, photo.height)
            rows.append(np.concatenate(measured))
        answers = self.model.answer_many(np.stack(pixels), features=True)
        assert answers.features is not None
        columns = dict(zip(PIXEL_MEASURES + FILE_MEASURES, np.stack(rows).T, strict=True))
        columns["confidence"] = answers.outputs.max(axis=1).astype(np.float64)
        columns["predicted"] = answers.outputs.argmax(axis=1).astype(np.float64)
        columns["novelty"] = self.novelty.distances(answers.features)
        return Seen(columns)


def run() -> None:
    """Print the cost, the false alarms, and the photos until the alarm for each change."""
    with tempfile.TemporaryDirectory() as home:
        result = viewfinder.run(DATA, home=Path(home), listener=lambda *_: None)
        places = {
            artifact: Path(step.artifacts[artifact].uri)
            for step in result.steps
            for artifact in ("model", "shards")
            if artifact in step.artifacts
        }
        report(places["model"], Shards.open(places["shards"]))


def report(model_dir: Path, shards: Shards) -> None:
    """Print everything for a trained model and its photos."""
    train, test = shards.split("train"), shards.split("test")
    features = read_features(model_dir, train)
    assert features is not None
    novelty = Novelty.fit(features, train.labels)
    assert novelty is not None
    model = InferenceModel.load(model_dir, explains=True)
    watcher = Watcher(model, novelty)
    contents = [read_photo(uri) for uri in test.photos["uri"].to_pylist()]
    print_cost(contents, shards.image_size, novelty, features)
    seen = watcher.see(contents)
    print_power(watcher, seen, contents, test.labels, shards.labels)
    for rate in RATES:
        print_false_alarms(seen, shards.labels, rate)
    compare_novelty(model, train, test, features, shards.labels)


def print_cost(
    contents: Sequence[bytes], size: int, novelty: Novelty, features: NDArray[np.float32]
) -> None:
    """Print the time that the measures of a photo take."""
    pixels = [decode(content, size, _ANY) for content in contents[:50]]
    works: dict[str, list[Callable[[], object]]] = {
        "pixels": [partial(measure_pixels, photo) for photo in pixels],
        "file": [partial(measure_file, content, 4, 3) for content in contents[:50]],
        "novelty": [partial(novelty.distances, row) for row in features[:50, np.newaxis]],
    }
    for name, work in works.items():
        print(f"{name:<8} {1e6 * min(time_once(work) for _ in range(20)):.0f} us a photo")


def time_once(work: Sequence[Callable[[], object]]) -> float:
    """Return processor seconds for one of them."""
    begin = time.process_time()
    for one in work:
        one()
    return (time.process_time() - begin) / len(work)


def compare_novelty(
    model: InferenceModel,
    train: Split,
    test: Split,
    known: NDArray[np.float32],
    labels: Sequence[str],
) -> None:
    """Print how well photos of a class that training did not have are told from the others."""
    found = model.answer_many(test.pixels(), features=True).features
    assert found is not None
    for place, name in enumerate(labels):
        rest = train.labels != place
        novelty = Novelty.fit(known[rest], train.labels[rest])
        assert novelty is not None
        neighbours = NearestNeighbors(n_neighbors=1).fit(normalize(known[rest]))
        nearest = neighbours.kneighbors(normalize(found))[0][:, 0]
        ours, theirs = (
            roc_auc_score(test.labels == place, distances)
            for distances in (novelty.distances(found), nearest)
        )
        print(f"without {name:<10} AUROC {ours:.2f}, nearest neighbour {theirs:.2f}")


def normalize(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale each row to length 1."""
    lengths: NDArray[np.float32] = np.linalg.norm(features, axis=1, keepdims=True)
    return features / lengths


def print_false_alarms(seen: Seen, labels: Sequence[str], rate: float) -> None:
    """Print how many windows of unchanged photos are alarms, with references drawn anew."""
    random, photos, alarms = np.random.default_rng(0), len(seen.measures["tint"]), 0
    for _ in range(REFERENCES):
        order = random.permutation(photos)
        reference = seen.take(order[WINDOWS * LEAST :]).reference(labels, rate)
        for start in range(0, WINDOWS * LEAST, LEAST):
            alarms += bool(find_drifted(reference, seen.take(order[start : start + LEAST])))
    print(f"false alarms at {rate}: {alarms} of {REFERENCES * WINDOWS} windows of {LEAST}")


def find_drifted(reference: DriftReference, window: Seen) -> dict[str, float]:
    """Return the measures that have drifted, each with its statistic as a multiple of its limit."""
    found = {}
    for measure in reference.of("f32"):
        places = measure.place(window.measures[measure.name])
        counts = np.bincount(places, minlength=len(measure.counts)).astype(np.float64)
        shift = compare_counts(measure, counts, reference)
        if shift.has_drifted:
            found[measure.name] = shift.statistic / measure.limit
    return found


def print_power(
    watcher: Watcher,
    seen: Seen,
    contents: Sequence[bytes],
    truth: NDArray[np.int32],
    labels: Sequence[str],
) -> None:
    """Print for each change and strength how many photos it takes, and which measure is first."""
    random = np.random.default_rng(1)
    order = random.permutation(len(contents))
    pool, rest = order[:POOL], order[POOL:]
    reference = seen.take(rest).reference(labels, RATES[0])
    print(f"reference of {len(rest)} photos, windows of {LEAST} to {POOL}")
    for name, (change, strengths) in CHANGES.items():
        for strength in strengths:
            window = watcher.see(rewrite(contents[place], change, strength) for place in pool)
            uniform = [random.permutation(POOL) for _ in range(DRAWS)]
            print(f"{name} {strength}: {await_alarm(reference, window, uniform)}", flush=True)
    unknown = watcher.see(cut_unknown(random, [contents[place] for place in pool]))
    both = Seen(
        {n: np.concatenate([v[pool], unknown.measures[n]]) for n, v in seen.measures.items()}
    )
    for share in (0.05, 0.1, 0.2, 0.4, 0.8):
        draws = [mix(random, share) for _ in range(DRAWS)]
        print(f"unknown class {share}: {await_alarm(reference, both, draws)}", flush=True)
    rarest = np.bincount(truth[pool]).argmin()
    for times in (1.5, 2, 3, 5, 10):
        weights = np.where(truth[pool] == rarest, times, 1.0)
        # With replacement, because there are few photos of the class.
        draws = [random.choice(POOL, POOL, p=weights / weights.sum()) for _ in range(DRAWS)]
        print(f"class share x{times}: {await_alarm(reference, seen.take(pool), draws)}", flush=True)


def await_alarm(reference: DriftReference, window: Seen, draws: Iterable[NDArray[np.int64]]) -> str:
    """Return the median photos until the alarm, and the measure that exceeds its limit most."""
    first, photos = Counter[str](), []
    for places in draws:
        for size in SIZES:
            if drifted := find_drifted(reference, window.take(places[:size])):
                first[max(drifted, key=lambda name: drifted[name])] += 1
                photos.append(size)
                break
        else:
            photos.append(_ANY)
    median = sorted(photos)[len(photos) // 2]
    when = f"more than {POOL}" if median == _ANY else f"{median}"
    names = ", ".join(f"{name} {count}" for name, count in first.most_common(2))
    return f"{when} photos ({photos.count(LEAST)} of {DRAWS} windows of {LEAST}); {names or 'none'}"


def rewrite(content: bytes, change: Change, strength: float) -> bytes:
    """Change a photo, and save it in its own quality, or in that which is the change."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    quality = int(strength) if change is keep else estimate_quality(content) or 90
    file = io.BytesIO()
    change(picture, strength).save(file, "JPEG", quality=quality)
    return file.getvalue()


def cut_unknown(random: np.random.Generator, models: Sequence[bytes]) -> Iterable[bytes]:
    """Yield photos of other things, several parts of each, in the models' sizes and qualities."""
    pictures = [Image.open(path).convert("RGB") for path in imagenet_files()]
    for number, model in enumerate(models):
        picture = pictures[number % len(pictures)]
        side = int(min(picture.size) * random.uniform(0.7, 1))
        left, top = (int(random.integers(0, length - side + 1)) for length in picture.size)
        file = io.BytesIO()
        part = picture.crop((left, top, left + side, top + side))
        part = part.resize(Image.open(io.BytesIO(model)).size)
        part.save(file, "JPEG", quality=estimate_quality(model) or 90)
        yield file.getvalue()


def mix(random: np.random.Generator, share: float) -> NDArray[np.int64]:
    """Draw a window in which a share of the photos are of the second kind."""
    others = random.random(POOL) < share
    return random.permutation(POOL) + POOL * others


def blur(picture: Image.Image, radius: float) -> Image.Image:
    """Blur as a lens out of focus does, radius in pixels of the file."""
    return picture.filter(ImageFilter.GaussianBlur(radius))


def add_noise(picture: Image.Image, deviation: float) -> Image.Image:
    """Add noise as a sensor in the dark has it, in levels of 255."""
    pixels = np.asarray(picture).astype(np.float32)
    noise = np.random.default_rng(pixels.size).normal(0, deviation, pixels.shape)
    return Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))


def darken(picture: Image.Image, factor: float) -> Image.Image:
    """Multiply all levels."""
    return ImageEnhance.Brightness(picture).enhance(factor)


def tint(picture: Image.Image, factor: float) -> Image.Image:
    """Multiply blue, as a wrong white balance does."""
    red, green, blue = picture.split()
    scaled = blue.point([min(255, round(level * factor)) for level in range(256)])
    return Image.merge("RGB", (red, green, scaled))


def rotate(picture: Image.Image, degrees: float) -> Image.Image:
    """Turn the camera; the corners show the edge's mean."""
    return picture.rotate(degrees, Image.Resampling.BILINEAR, fillcolor=(128, 128, 128))


def keep(picture: Image.Image, quality: float) -> Image.Image:
    """Change nothing but the quality of the JPEG."""
    del quality
    return picture


def shrink(picture: Image.Image, factor: float) -> Image.Image:
    """Photograph with a camera of fewer pixels."""
    width, height = (max(8, round(side * factor)) for side in picture.size)
    return picture.resize((width, height))


CHANGES: dict[str, tuple[Change, tuple[float, ...]]] = {
    "blur": (blur, (0.5, 1, 1.5, 2, 4)),
    "noise": (add_noise, (3, 6, 10, 15, 30)),
    "dark": (darken, (0.9, 0.8, 0.7, 0.5, 0.25)),
    "colour cast": (tint, (0.95, 0.9, 0.8, 0.7, 0.5)),
    "rotation": (rotate, (5, 10, 20, 45, 90)),
    "JPEG quality": (keep, (70, 50, 30, 20, 10)),
    "camera": (shrink, (0.95, 0.9, 0.75, 0.5, 0.25)),
}
