"""Read every file once, on all cores: bytes, digest, pixels, perceptual hash."""

import hashlib
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from viewfinder_components.cores import usable_cores
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.decode import PhotoError, open_photo
from viewfinder_components.photos.hashing import perceptual_hashes, shrink_to_grey
from viewfinder_components.photos.judgement import is_other_file
from viewfinder_components.photos.pictures.jpeg_quality import estimate_quality
from viewfinder_components.photos.plausible_size import MAX_BYTES_PER_PIXEL
from viewfinder_components.photos.read import read_candidate
from viewfinder_components.progress import Progress
from viewfinder_components.validation.config import ValidationConfig
from viewfinder_components.validation.photo_table import (
    IGNORED,
    UNREADABLE,
    USED,
    Content,
    PhotoTable,
    PhotoTableBuilder,
    Reason,
)
from viewfinder_components.validation.pixels import PixelWriter

_TASK_FILES = 8  # files per task: less overhead between threads, still little in flight
_TASKS_AHEAD = 3  # tasks per worker that may wait for their turn


class _Reading(NamedTuple):
    """What a worker found out about a file."""

    digest: bytes = bytes(32)
    pixels: bytes | None = None
    content: Content | None = None
    """None if an earlier file has the same bytes."""
    grey: NDArray[np.uint8] | None = None
    """The input of the perceptual hash."""


def read_photos(
    candidates: Iterable[Candidate], pixels: PixelWriter, config: ValidationConfig
) -> PhotoTable:
    """Read the candidates and write the pixels of those that are photos.

    Files with the same bytes are decoded once. The result does not depend on the number of threads.

    Args:
        candidates: What was found, in the order of the table.
        pixels: Where to write the pixels, in the same order.
        config: Size, limits and threads.

    Returns:
        One row per candidate: `used` so far if it can be decoded.
    """
    reader = _Reader(config)
    builder = PhotoTableBuilder()
    progress = Progress("validate: files", None)
    for candidate, reading in _read_ahead(candidates, reader):
        content = reading.content
        if content is None or not reader.is_first(reading.digest, len(builder)):
            content = builder.content(reader.first[reading.digest])
        elif reading.pixels is not None:
            content = content._replace(row=pixels.append(reading.pixels))
        builder.add(candidate, _judged(candidate, content))
        progress.advance()
    progress.finish()
    return builder.build()


def _read_ahead(
    candidates: Iterable[Candidate], reader: "_Reader"
) -> Iterator[tuple[Candidate, _Reading]]:
    """Yield the candidates in order, read by threads that are a few files ahead.

    libjpeg-turbo, Pillow, hashlib and the file system release the interpreter's lock.
    """
    numbered = enumerate(candidates)
    running: deque[tuple[list[tuple[int, Candidate]], Future[list[_Reading]]]] = deque()
    with ThreadPoolExecutor(reader.workers) as pool:
        while task := list(islice(numbered, _TASK_FILES)):
            running.append((task, pool.submit(reader.read_all, task)))
            if len(running) > _TASKS_AHEAD * reader.workers:
                yield from _results(*running.popleft())
        while running:
            yield from _results(*running.popleft())


def _results(
    task: list[tuple[int, Candidate]], future: "Future[list[_Reading]]"
) -> Iterator[tuple[Candidate, _Reading]]:
    return zip((candidate for _, candidate in task), future.result(), strict=True)


class _Reader:
    """The work of the threads, and the state they share."""

    def __init__(self, config: ValidationConfig) -> None:
        # One more than cores: while one waits for the disk or the interpreter, the others decode.
        self.workers = config.workers or usable_cores() + 1
        self.first: dict[bytes, int] = {}
        """The first file with the bytes of a digest, among those read so far."""
        self._config = config
        self._lock = threading.Lock()

    def read_all(self, task: list[tuple[int, Candidate]]) -> list[_Reading]:
        return _with_looks([self._read(number, candidate) for number, candidate in task])

    def is_first(self, digest: bytes, number: int) -> bool:
        return digest == bytes(32) or self.first[digest] == number

    def _read(self, number: int, candidate: Candidate) -> _Reading:
        if candidate.flaw:
            return _Reading(content=Content(IGNORED, Reason(*candidate.flaw)))
        try:
            data = read_candidate(candidate, MAX_BYTES_PER_PIXEL * self._config.max_pixels)
        except PhotoError as error:
            return _Reading(content=_refusal(error))
        digest = hashlib.sha256(data).digest()
        if not self._claim(digest, number):
            return _Reading(digest)
        try:
            return self._decode(data, digest)
        except PhotoError as error:
            return _Reading(digest, content=_refusal(error)._replace(digest=digest))

    def _decode(self, data: bytes, digest: bytes) -> _Reading:
        photo = open_photo(data, self._config.image_size, self._config.max_pixels)
        if photo.damage:
            raise PhotoError("broken", photo.damage)
        content = Content(
            USED,
            digest=digest,
            width=photo.width,
            height=photo.height,
            quality=estimate_quality(data),
        )
        return _Reading(digest, photo.picture.tobytes(), content, shrink_to_grey(photo.picture))

    def _claim(self, digest: bytes, number: int) -> bool:
        """Whether to decode a file: no file before it claimed the same bytes.

        A later file may already have claimed them, as threads vary; then both are decoded, and only
        the earlier one counts. So the result does not depend on the threads.
        """
        with self._lock:
            first = self.first.get(digest, number)
            if number <= first:
                self.first[digest] = number
            return number <= first


def _with_looks(readings: list[_Reading]) -> list[_Reading]:
    """Hash the photos of a task together, which is faster."""
    greys = [reading.grey for reading in readings if reading.grey is not None]
    looks = iter(perceptual_hashes(np.stack(greys)).tolist() if greys else ())
    return [
        reading._replace(content=reading.content._replace(look=next(looks)), grey=None)
        if reading.grey is not None and reading.content
        else reading
        for reading in readings
    ]


def _refusal(error: PhotoError) -> Content:
    return Content(UNREADABLE, Reason(error.kind, error.sentence))


def _judged(candidate: Candidate, content: Content) -> Content:
    if candidate.flaw or content.status == USED:
        return content
    is_other = is_other_file(candidate.uri, content.reason.kind)
    return content._replace(status=IGNORED if is_other else UNREADABLE)
