"""A published version that classifies photos in this process, on all cores."""

import hashlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.cores import usable_cores
from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.labels import LABELS, read_labels
from viewfinder_components.formats.precision import (
    ENTRY,
    F32,
    MODEL_FILES,
    Precision,
    PrecisionChoice,
    list_missing,
)
from viewfinder_components.inference import InferenceModel
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.decode import PhotoError, decode
from viewfinder_components.photos.plausible_size import MAX_BYTES_PER_PIXEL
from viewfinder_components.photos.read import read_candidate
from viewfinder_components.prediction.models.answers import (
    Answer,
    classified,
    left_out,
    map_in_order,
    refused,
)
from viewfinder_components.shared_parameters import DEFAULT_MAX_MEGAPIXELS
from viewfinder_components.spelling import write_command
from viewfinder_components.storage.contents import Manifest, digest_files
from viewfinder_components.storage.version import MANIFEST, parse_number

# Several machines may do a part of the work each, and not every processor computes in bfloat16.
_PRECISIONS: tuple[Precision, ...] = ("int8", F32)
_AGAIN = "copy the version again, or export and publish the model again"
_MAX_PIXELS = int(DEFAULT_MAX_MEGAPIXELS * 1_000_000)
# Pixels and photos that are classified at once; as many more are being decoded.
_BLOCK_BYTES = 16 << 20
_BLOCK_PHOTOS = 128
# One by one, as in the predictor: a photo then takes 11.1 ms of processor time, decoding included,
# and 12.1 ms in requests of 8 (2 cores, EfficientNet-Lite0).
_REQUEST_PHOTOS = 1
_SMALLEST_BLOCK = 8

_Decoded = Answer | tuple[str, NDArray[np.uint8]]


class LocalModel:
    """A version that was loaded into this process; a `PhotoModel`.

    It computes in the precision in which the predictor serves it, except that there is no bfloat16.

    Args:
        model: From pixels to probabilities.
        labels: The classes, in the order of the model's outputs.
        version: The version's name.
        digest: Hexadecimal digest of the files.
    """

    def __init__(
        self, model: InferenceModel, labels: tuple[str, ...], version: str, digest: str
    ) -> None:
        self.labels = labels
        self.version = version
        self.identity: dict[str, Any] = {"version": version, "sha256": digest}
        self._model = model

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Load a version.

        Args:
            folder: What `publish` wrote.

        Raises:
            PermanentError: A file is missing or differs from the manifest's digest, or the model
                does not give one probability per label.
        """
        precision = _choose_precision(folder)
        digests = _need_intact(folder, (*MODEL_FILES[precision], LABELS))
        labels = read_labels(folder, _AGAIN)
        model = InferenceModel.load(folder, precision=precision)
        grey = np.full((1, model.image_size, model.image_size, 3), 128, np.uint8)
        if (shape := model.predict(grey).shape) != (1, len(labels)):
            raise PermanentError(
                f"{len(labels)} outputs for {len(labels)} labels in {folder}",
                f"outputs of shape {list(shape)}",
                _AGAIN,
            )
        digest = hashlib.sha256("".join(digests).encode()).hexdigest()
        return cls(model, labels, _name_of(folder), digest)

    def classify(self, candidates: Iterator[Candidate]) -> Generator[Answer, None, None]:
        """Yield the answer about each file; see `PhotoModel.classify`.

        Threads decode the next block of photos while OpenVINO's classify this one.
        """
        side = self._model.image_size
        block = max(_SMALLEST_BLOCK, min(_BLOCK_PHOTOS, _BLOCK_BYTES // (3 * side * side)))
        # One more than cores: while one waits for the disk or the interpreter, the others decode.
        threads = usable_cores() + 1
        decoded = map_in_order(self._decode, candidates, threads, block)
        with closing(decoded):
            while files := list(islice(decoded, block)):
                yield from self._answer(files)

    def confirm(self) -> None:
        """Do nothing: what is in memory does not change; see `PhotoModel.confirm`."""

    def _decode(self, candidate: Candidate) -> _Decoded:
        if answer := left_out(candidate):
            return answer
        try:
            data = read_candidate(candidate, MAX_BYTES_PER_PIXEL * _MAX_PIXELS)
            return candidate.uri, decode(data, self._model.image_size, _MAX_PIXELS)
        except PhotoError as error:
            return refused(candidate.uri, error)

    def _answer(self, files: Sequence[_Decoded]) -> Iterator[Answer]:
        photos = [file[1] for file in files if not isinstance(file, Answer)]
        rows = iter(self._model.predict_many(np.stack(photos), _REQUEST_PHOTOS) if photos else ())
        for file in files:
            yield file if isinstance(file, Answer) else classified(file[0], next(rows))


def _choose_precision(folder: Path) -> Precision:
    """Return the fastest precision that check has proved and every processor has."""
    if not (folder / MANIFEST).exists():
        return F32
    choice = PrecisionChoice.read(Manifest.read(folder).values.get(ENTRY))
    proved = [name for name in choice.allowed if name in _PRECISIONS]
    known = [name for name in _PRECISIONS if not list_missing(folder, name)]
    return next((one for name in proved for one in known if one == name), F32)


def _need_intact(folder: Path, files: Sequence[str]) -> list[str]:
    """Refuse a version whose files are not those that were published; return their digests."""
    if missing := [name for name in files if not (folder / name).is_file()]:
        raise PermanentError(
            f"a published version with {', '.join(files)} in {folder}",
            f"no {', '.join(missing)}",
            f"name a version that `{write_command('versions', 'MODEL')}` lists",
        )
    found = digest_files(folder, files)
    # Without a manifest, it is of another program: nothing is promised.
    promised = Manifest.read(folder).promised if (folder / MANIFEST).exists() else found
    if changed := sorted(name for name in files if found[name] != promised.get(name)):
        raise PermanentError(
            f"{', '.join(changed)} in {folder} with the SHA-256 that {MANIFEST} has",
            f"the SHA-256 {', '.join(found[name] for name in changed)}",
            _AGAIN,
        )
    return list(found.values())


def _name_of(folder: Path) -> str:
    folder = folder.resolve()
    is_number = parse_number(folder.name) is not None
    return f"{folder.parent.name}/{folder.name}" if is_number else folder.name
