"""Score the published version on the same photos as the new model."""

import json
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.errors import PermanentError
from viewfinder_components.evaluation.originals import read_original
from viewfinder_components.evaluation.scoring import BATCH, predict_photos
from viewfinder_components.formats.labels import read_labels
from viewfinder_components.formats.shards import Shards, Split
from viewfinder_components.inference import InferenceModel
from viewfinder_components.photos.decode import PhotoError, decode
from viewfinder_components.reports.formatting import plural, shorten
from viewfinder_components.storage.contents import Manifest
from viewfinder_components.storage.store import Store, open_store
from viewfinder_components.storage.version import MANIFEST, Version

_log = logging.getLogger(__name__)
# What a malformed directory written by somebody else may raise.
_BROKEN = (PermanentError, OSError, ValueError, LookupError, TypeError, RuntimeError)


@dataclass(frozen=True)
class Champion:
    """A published version and how it performed."""

    number: int
    uri: str
    problem: str | None = None
    """Why it could not be scored; None if it was."""
    correct: NDArray[np.bool_] | None = None
    """bool `[n]`, whether it got each test photo right; None if it could not be scored."""
    scored: NDArray[np.bool_] | None = None
    """bool `[n]`, which photos it was shown: all, unless some could not be read again."""
    unknown: tuple[str, ...] = ()
    """Classes of the data that it does not know."""
    notes: tuple[str, ...] = ()
    """Caveats for readers of a comparison, in sentences."""


def find_champion(model_root: str, model_name: str, run_id: str = "") -> Version | None:
    """Return the newest version that another run published, None before the first.

    A run that was interrupted after publishing evaluates again when it is resumed. Compared with
    its own version, every model is as good as the champion.

    Args:
        model_root: Where versions are published.
        model_name: The model's name below the root.
        run_id: The current run; empty if it has no name, and then no version is its own.

    Raises:
        PermanentError: The root is not a place that `publish` can write to, or cannot be read.
        TransientError: The root is temporarily unreadable.
    """
    store = open_store(model_root)
    newest_first = reversed(store.versions(model_name))
    return next((found for found in newest_first if not _is_of(run_id, store, found)), None)


def _is_of(run_id: str, store: Store, version: Version) -> bool:
    if not run_id:
        return False
    try:
        content = store.read(version, MANIFEST)
        return bool(Manifest.parse(content, version.uri).run_id == run_id)
    except PermanentError:  # a damaged version; scoring it will fail too and say why
        return False


def score_champion(
    version: Version, model_root: str, shards: Shards, split: Split, max_pixels: int
) -> Champion:
    """Score a published version on the test photos.

    A version that cannot be scored does not end the run: the reason is kept and logged, and the
    model is judged without it.

    Args:
        version: What to score.
        model_root: Where it was published.
        shards: The new model's training data: its classes and photo size.
        split: The test photos.
        max_pixels: Largest photo to decode, if the version needs photos of another size.

    Raises:
        TransientError: The version's files are temporarily unreadable.
    """
    with TemporaryDirectory() as cache:
        try:
            folder = open_store(model_root).fetch(version, Path(cache))
            return _score(version, folder, shards, split, max_pixels)
        except _BROKEN as error:
            _log.error("evaluate: version %d at %s cannot be scored", version.number, version.uri)
            return Champion(version.number, version.uri, problem=str(error))


def _score(
    version: Version, folder: Path, shards: Shards, split: Split, max_pixels: int
) -> Champion:
    model = InferenceModel.load(folder)
    labels = read_labels(folder, "publish the model again")
    outputs, scored = _predict(model, shards, split, max_pixels)
    if outputs.shape[1] != len(labels):
        raise PermanentError(
            f"{len(labels)} outputs, one per label",
            str(outputs.shape[1]),
            "publish the model again",
        )
    correct = np.zeros(len(split), np.bool_)
    place = {label: position for position, label in enumerate(labels)}
    # A class unknown to the version gets -1, which it never answers.
    truth = np.array([place.get(label, -1) for label in shards.labels])[split.labels[scored]]
    correct[scored] = outputs.argmax(axis=1) == truth
    notes = (
        *_label_notes(shards.labels, labels, split),
        *_photo_notes(model, shards, scored),
        *_data_notes(folder, shards),
    )
    return Champion(
        version.number,
        version.uri,
        correct=correct,
        scored=scored,
        unknown=tuple(label for label in shards.labels if label not in place),
        notes=notes,
    )


def _predict(
    model: InferenceModel, shards: Shards, split: Split, max_pixels: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the outputs for the photos that were scored, and which photos these are."""
    scored = np.ones(len(split), np.bool_)
    batches: Iterator[NDArray[np.uint8]] = (pixels for pixels, _ in split.batches(BATCH))
    if model.image_size != shards.image_size:
        batches = _decoded_again(model.image_size, split, max_pixels, scored)
    answers = predict_photos(model, batches, len(split), "evaluate: champion's photos")
    return answers.outputs, scored


def _decoded_again(
    size: int, split: Split, max_pixels: int, scored: NDArray[np.bool_]
) -> Iterator[NDArray[np.uint8]]:
    """Yield the photos in another size, and mark in `scored` which could be read again."""

    def open_again(photo: dict[str, str]) -> NDArray[np.uint8] | None:
        content = read_original(photo["uri"], photo["sha256"])
        try:
            return None if content is None else decode(content, size, max_pixels)
        except PhotoError:
            return None

    with ThreadPoolExecutor() as pool:
        for start in range(0, len(split), BATCH):
            photos = split.photos.slice(start, BATCH).to_pylist()
            pixels = list(pool.map(open_again, photos))
            scored[start : start + len(pixels)] = [photo is not None for photo in pixels]
            present = [photo for photo in pixels if photo is not None]
            if present:
                yield np.stack(present)
    if not scored.any():
        raise PermanentError(
            f"test photos that can be read again, to resize them to {size} x {size}",
            "none",
            "keep the photos where they were validated until the run has ended",
        )


def _label_notes(ours: Sequence[str], theirs: Sequence[str], split: Split) -> Iterator[str]:
    unknown = [label for label in ours if label not in set(theirs)]
    if unknown:
        places = [place for place, label in enumerate(ours) if label in set(unknown)]
        photos = int(np.isin(split.labels, places).sum())
        yield (
            f"It does not know {plural(len(unknown), 'class', 'classes')} of the data "
            f"({shorten(unknown)}): the {photos} of {plural(len(split), 'test photo')} of them "
            "count as mistakes."
        )
    gone = [label for label in theirs if label not in set(ours)]
    if gone:
        classes = plural(len(gone), "class", "classes")
        yield f"It may answer {classes} that the data no longer contains ({shorten(gone)})."


def _photo_notes(model: InferenceModel, shards: Shards, scored: NDArray[np.bool_]) -> Iterator[str]:
    if model.image_size != shards.image_size:
        yield (
            f"It was shown the photos at {model.image_size} x {model.image_size} pixels, the new "
            f"model at {shards.image_size} x {shards.image_size}."
        )
    if not scored.all():
        yield (
            f"{int((~scored).sum())} of {plural(len(scored), 'photo')} could not be read "
            "again in its size and were left out of the comparison."
        )


def _data_notes(folder: Path, shards: Shards) -> Iterator[str]:
    try:
        digest = json.loads((folder / MANIFEST).read_text("utf-8")).get("data_digest")
    except (OSError, ValueError, RecursionError, AttributeError):
        return  # not written by Viewfinder: nothing is known
    if digest not in (None, shards.data_digest):
        yield (
            "It was trained on different data: some of today's test photos may have been among "
            "its training photos, which would flatter it."
        )
