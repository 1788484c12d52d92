"""validate + preprocess beside bare decoding and resizing of the same photos, in turn."""

import io
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from statistics import median

import numpy as np
import simplejpeg
from PIL import Image
from tests.fixtures.photos import labelled_fruit

from viewfinder_components.formats.shards import Shards
from viewfinder_components.preprocessing.config import PreprocessConfig
from viewfinder_components.preprocessing.write import write_shards
from viewfinder_components.validation.validate import ValidationConfig, validate_photos

SIDE = 224
ROUNDS = 5
_TURNS = (
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
)


def run() -> None:
    """Print photos a second of both, and their ratio, the median of several rounds."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photos"
        count = write_photos(folder)
        rates: dict[str, list[float]] = {"bare": [], "steps": []}
        for turn in range(ROUNDS):
            target = Path(scratch) / str(turn)
            rates["bare"].append(count / seconds_bare(folder))
            rates["steps"].append(count / seconds_steps(folder, target))
        to_train = rate_of_training(target / "shards")
    ratios = [s / b for s, b in zip(rates["steps"], rates["bare"], strict=True)]
    print(f"{count} photos of about 348 pixels, {cpu_count()} cores, median of {ROUNDS} rounds")
    print(f"simplejpeg decode + Pillow resize {median(rates['bare']):8.0f} photos/s")
    print(f"validate + preprocess             {median(rates['steps']):8.0f} photos/s")
    print(f"ratio                             {median(ratios):8.2f}")
    print(f"training reads them again at      {to_train:8.0f} photos/s")


def write_photos(folder: Path) -> int:
    """Write the demo's different photos, each also turned by 90, 180 and 270 degrees, as JPEGs.

    Returns:
        How many: enough that the second in which steps begin and end does not count.
    """
    photos = list(labelled_fruit())
    for number, (label, data) in enumerate(photos):
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / f"{number}.jpg").write_bytes(data)
        with Image.open(io.BytesIO(data)) as photo:
            for turn in _TURNS:
                path = folder / label / f"{number}-{turn.name}.jpg"
                photo.transpose(turn).save(path, quality=90, subsampling="4:2:0")
    return len(photos) * (1 + len(_TURNS))


def seconds_bare(folder: Path) -> float:
    """Return the seconds to read, decode and resize every photo on all cores."""
    paths = sorted(folder.rglob("*.jpg"))

    def decode(path: Path) -> int:
        pixels = simplejpeg.decode_jpeg(path.read_bytes(), "RGB")
        small = Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        return int(np.asarray(small)[0, 0, 0])

    started = time.perf_counter()
    with ThreadPoolExecutor(cpu_count()) as pool:
        list(pool.map(decode, paths, chunksize=16))
    return time.perf_counter() - started


def seconds_steps(folder: Path, target: Path) -> float:
    """Return the seconds of validate and preprocess, reports and files included."""
    started = time.perf_counter()
    index, pixels = target / "index", target / "pixels"
    target.mkdir()
    validate_photos(str(folder), index, pixels, target / "report.html", ValidationConfig())
    write_shards(index, pixels, target / "shards", PreprocessConfig())
    return time.perf_counter() - started


def rate_of_training(shards: Path) -> float:
    """Return the photos a second at which training reads its split, in batches of 64."""
    split = Shards.open(shards).split("train")
    started = time.perf_counter()
    for _ in split.batches(64):
        pass
    return len(split) / (time.perf_counter() - started)


def make_photo(number: int) -> bytes:
    """Return a JPEG of 256 x 256 pixels that no other number gives."""
    noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((256, 256), Image.Resampling.BICUBIC)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
