import json
import subprocess
import sys
import time
from collections import Counter

import numpy as np
import pytest
from PIL import Image
from tests.costly_pictures import costly_picture

from viewfinder_components.photos.decode import decode
from viewfinder_components.photos.find import find_photos
from viewfinder_components.photos.read import read_photo


@pytest.fixture
def outcome(nasty, validation):
    """Return the folder, what is expected, and the validation that was run over it."""
    root, expected = nasty
    validation.result = validation.run(root)
    return root, expected, validation


def test_every_file_ends_as_expected(outcome) -> None:
    root, expected, validation = outcome
    rows = {str(row["uri"]).removeprefix(f"{root}/"): row for row in validation.rows()}
    for path, (status, word) in expected.items():
        assert rows[path]["status"] == status, path
        assert word in rows[path]["reason"], path
    used = {path for path, row in rows.items() if row["status"] == "used"}
    assert used == set(rows) - set(expected)
    assert not any(rows[path]["reason"] for path in used)


def test_counts_add_up(outcome) -> None:
    root, _, validation = outcome
    rows = validation.rows()
    met = [candidate.uri for candidate in find_photos(str(root))]
    assert [row["uri"] for row in rows] == met
    assert len(set(met)) == len(met)
    summary = json.loads((validation.index_dir / "summary.json").read_text("utf-8"))
    counts = Counter(row["status"] for row in rows)
    assert summary["counts"] == validation.result.counts
    assert {status: count for status, count in summary["counts"].items() if count} == counts
    assert sum(summary["counts"].values()) == len(met)
    assert sum(summary["reasons"].values()) == len(met) - summary["counts"]["used"]
    by_class = Counter((row["label"], row["split"]) for row in rows if row["status"] == "used")
    for label, of in summary["classes"].items():
        for split, count in of.items():
            assert by_class[label, split] == count
    assert summary["labels"] == sorted(summary["classes"]) == validation.result.labels


def test_pixels_are_those_of_the_contract(outcome) -> None:
    _, _, validation = outcome
    pixels = validation.pixels()
    used = [row for row in validation.rows() if row["status"] == "used"]
    assert len({row["row"] for row in used}) == len(used)
    assert pixels.dtype == np.uint8
    assert pixels.shape[1:] == (64, 64, 3)
    for row in used:
        data = read_photo(str(row["uri"]))
        np.testing.assert_array_equal(pixels[row["row"]], decode(data, 64, 10**8))


def test_sizes_are_as_shown(outcome) -> None:
    _, _, validation = outcome
    rows = validation.by_name()
    sizes = {name: (row["width"], row["height"]) for name, row in rows.items()}
    assert [sizes[f"turned {n}.jpg"] for n in range(1, 9)] == [(96, 80)] * 4 + [(80, 96)] * 4
    assert sizes["huge.jpg"] == (10_000, 9_999)
    assert sizes["thin.png"] == (1, 500)
    assert sizes["empty.jpg"] == (None, None)


def test_report_shows_it_and_stays_small(outcome) -> None:
    _, _, validation = outcome
    page = validation.report.read_text("utf-8")
    assert len(page) < 1_000_000
    for words in ("HEIF", "Früchte 🍐", "Unreadable files", "Conflicts", "data:image/jpeg;base64,"):
        assert words in page
    assert "http://" not in page
    assert "https://" not in page


def test_two_runs_are_equal_whatever_the_threads(nasty, validation) -> None:
    root, _ = nasty

    def files() -> dict[str, bytes]:
        paths = [validation.index_dir / "index.parquet", *validation.pixels_dir.iterdir()]
        return {path.name: path.read_bytes() for path in paths}

    first = validation.run(root, workers=1)
    before = files()
    # What a killed run left behind does not survive.
    (validation.pixels_dir / "part-00007.npy").write_bytes(b"half a photo")
    (validation.index_dir / "index.parquet").write_bytes(b"half an index")
    second = validation.run(root, workers=7)
    assert files() == before
    assert second.data_digest == first.data_digest


def test_killed_run_is_done_again(nasty, validation) -> None:
    root, _ = nasty
    code = (
        "import sys; from pathlib import Path;"
        "from viewfinder_components.validation.validate import *;"
        "o = Path(sys.argv[2]);"
        "validate_photos(sys.argv[1], o / 'index', o / 'pixels', o / 'report.html',"
        " ValidationConfig(image_size=2048, workers=1))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(root), str(validation.directory)])
    part = validation.pixels_dir / "part-00000.npy"
    while not (part.exists() and part.stat().st_size > 50_000_000):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    process.wait()
    assert not (validation.index_dir / "summary.json").exists()
    result = validation.run(root)
    assert len(validation.pixels()) > result.photos > 50
    assert (validation.index_dir / "summary.json").exists()


def test_limit_of_pixels_is_the_users(nasty, validation) -> None:
    root, _ = nasty
    validation.run(root, max_megapixels=50)
    row = validation.by_name()["huge.jpg"]
    assert row["status"] == "unreadable"
    assert "10,000 x 9,999" in row["reason"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("PNG 1 x 5,000,000", "longer than the limit of 65,535"),
        ("WebP 7000 x 7000 lossless", "more than the limit of 623 MB"),
        ("JPEG of 3,600 scans", "more than 100 scans"),
        ("TIFF 1 x 1 with a tile of 28,000 x 28,000", "larger than the picture"),
    ],
)
def test_pictures_made_to_fill_memory_are_left_out_with_a_reason(
    nasty, validation, name, reason
) -> None:
    root, _ = nasty
    (root / "apple" / "costly").write_bytes(costly_picture(name))
    validation.run(root)
    row = validation.by_name()["costly"]
    assert row["status"] == "unreadable"
    assert reason in row["reason"]


def test_pictures_are_decoded_as_pillow_does(outcome) -> None:
    root, _, validation = outcome
    row = validation.by_name()["transparent.png"]
    with Image.open(root / "apple" / "nested" / "deeper" / "transparent.png") as picture:
        white = Image.new("RGBA", picture.size, "white")
        expected = Image.alpha_composite(white, picture).convert("RGB").resize((64, 64), 2)
    np.testing.assert_array_equal(validation.pixels()[row["row"]], np.asarray(expected))
