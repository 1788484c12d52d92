"""Every file becomes a row, whatever is wrong with it, and results are never mixed."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.fixtures.photos import fruit_photos
from tests.fixtures.servables import LABELS, draw
from tests.unit.prediction.conftest import add_photos

from viewfinder_components.errors import PermanentError, TransientError, ViewfinderError
from viewfinder_components.photos.decode import decode
from viewfinder_components.prediction.models.local_model import LocalModel
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.parts.listing import PART_FILES
from viewfinder_components.prediction.predict import predict_files
from viewfinder_components.prediction.result import BatchPrediction


def predict(data: Path, output: Path, model: LocalModel, **options: bool) -> BatchPrediction:
    place = open_output(str(output), output.parent / "scratch")
    return predict_files(str(data), place, model, **options)


def rows(output: Path) -> dict[str, dict[str, object]]:
    """Return the rows by the files' names."""
    return {os.path.basename(row["uri"]): row for row in pq.read_table(output).to_pylist()}


def test_a_folder_is_searched_recursively(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    done = predict(photos, tmp_path / "out.parquet", model)
    assert done.counts == {"ok": 3, "unreadable": 0, "ignored": 0}
    assert done.is_complete
    assert done.model_version == "colour/7"
    table = pq.read_table(tmp_path / "out.parquet")
    assert table.column_names == [
        *("uri", "status", "reason", "label", "probability", "probabilities"),
    ]
    assert table.schema.field("probabilities").type == pa.list_(pa.float32(), 3)
    assert json.loads(table.schema.metadata[b"viewfinder.classes"]) == LABELS
    assert table.schema.metadata[b"viewfinder.model_version"] == b"colour/7"
    for row in table.to_pylist():
        assert row["label"] == Path(row["uri"]).stem
        assert row["probability"] == max(row["probabilities"])
        assert LABELS[int(np.argmax(row["probabilities"]))] == row["label"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "photos"]


def test_real_photos_in_order(model: LocalModel, tmp_path: Path) -> None:
    photos = fruit_photos(40)
    (tmp_path / "photos").mkdir()
    for number, photo in enumerate(photos):
        (tmp_path / "photos" / f"{number:02}.jpg").write_bytes(photo)
    predict(tmp_path / "photos", tmp_path / "out.parquet", model)
    pixels = np.stack([decode(photo, 32, 10**9) for photo in photos])
    found = np.array(pq.read_table(tmp_path / "out.parquet")["probabilities"].to_pylist())
    np.testing.assert_allclose(found, model._model.predict(pixels), atol=1e-6)


def test_what_cannot_be_read_is_a_row(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    jpeg = draw("red", (640, 480), "JPEG")
    files = {
        "empty.jpg": b"",
        "cut.png": draw("red", (300, 300))[:120],
        "words.jpg": b"no photo at all",
        "notes.txt": b"a shopping list",
        "paper.pdf": b"%PDF-1.7 " + bytes(100),
        "huge.png": draw("red", (12_001, 10_000)),
        "cut.jpg": jpeg[: len(jpeg) // 2],
    }
    for name, content in files.items():
        (photos / name).write_bytes(content)
    (photos / ".hidden.jpg").write_bytes(jpeg)
    (photos / "broken").symlink_to("nowhere")
    os.mkfifo(photos / "pipe.jpg")
    done = predict(photos, tmp_path / "out.parquet", model)
    found = rows(tmp_path / "out.parquet")
    told = {name: (row["status"], row["reason"]) for name, row in found.items()}
    assert {name for name, (status, _) in told.items() if status == "ok"} == {
        *("red.png", "blue.png", "green.png"),
    }
    assert {name: status for name, (status, _) in told.items() if status != "ok"} == {
        "empty.jpg": "unreadable",
        "cut.png": "unreadable",
        "cut.jpg": "unreadable",
        "words.jpg": "unreadable",
        "huge.png": "unreadable",
        "paper.pdf": "unreadable",
        "notes.txt": "ignored",
        ".hidden.jpg": "ignored",
        "broken": "ignored",
        "pipe.jpg": "ignored",
    }
    assert all(reason for status, reason in told.values() if status != "ok")
    assert "120,010,000 pixels" in told["huge.png"][1]
    assert found["empty.jpg"]["label"] is found["empty.jpg"]["probabilities"] is None
    assert done.counts == {"ok": 3, "unreadable": 6, "ignored": 4}
    assert not done.is_complete


def test_files_of_a_table_that_are_gone(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "id,uri\n1,photos/red.png\n2,gone.png\n3,ftp://h/a.png\n4,\n"
    )
    predict(tmp_path / "list.csv", tmp_path / "out.parquet", model)
    found = pq.read_table(tmp_path / "out.parquet")
    assert found["status"].to_pylist() == ["ok", *["unreadable"] * 3]
    assert found["reason"].to_pylist()[1::2] == [
        "there is no such file",
        "its row in the table has no uri",
    ]


def test_a_table_that_cannot_be_read(model: LocalModel, tmp_path: Path) -> None:
    """The output is not to blame."""
    (tmp_path / "list.csv").symlink_to("/proc/self/mem")  # a file whose beginning nobody may read
    with pytest.raises(OSError, match="Input/output error"):
        predict(tmp_path / "list.csv", tmp_path / "out.parquet", model)
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_no_photos(model: LocalModel, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for received in ("none: the folder is empty; ", "only 1 entry that cannot be photos"):
        with pytest.raises(PermanentError, match=f"expected photos in .*, received {received}"):
            predict(tmp_path / "photos", tmp_path / "out.parquet", model)
        (tmp_path / "photos" / ".hidden").write_bytes(b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_several_parts_are_put_together_in_order(model: LocalModel, tmp_path: Path) -> None:
    add_photos(tmp_path / "photos", 2 * PART_FILES + 3)
    done = predict(tmp_path / "photos", tmp_path / "out.parquet", model)
    assert done.counts["ok"] == 2 * PART_FILES + 3
    file = pq.ParquetFile(tmp_path / "out.parquet")
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert sizes == [PART_FILES, PART_FILES, 3]
    uris = file.read()["uri"].to_pylist()
    assert uris == sorted(uris)


def identify(file: Path) -> tuple[int, int]:
    """Return what differs if a file is written again; reading it changes other times."""
    found = file.stat()
    return found.st_ino, found.st_mtime_ns


def test_finished_predictions_are_kept(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    predict(photos, tmp_path / "out.parquet", model)
    before = identify(tmp_path / "out.parquet")
    again = predict(photos, tmp_path / "out.parquet", model)
    assert identify(tmp_path / "out.parquet") == before
    assert (again.counts["ok"], again.resumed, again.seconds) == (3, 3, 0.0)


def test_finished_predictions_are_not_made_again_to_overwrite_them(
    photos: Path, model: LocalModel, tmp_path: Path
) -> None:
    predict(photos, tmp_path / "out.parquet", model)
    before = identify(tmp_path / "out.parquet")
    again = predict(photos, tmp_path / "out.parquet", model, overwrite=True)
    assert identify(tmp_path / "out.parquet") == before
    assert again.resumed == 3


def test_a_photo_that_may_be_read_now_is_another_job(
    photos: Path, model: LocalModel, tmp_path: Path
) -> None:
    """Only its mode shows it."""
    predict(photos, tmp_path / "out.parquet", model)
    (photos / "red.png").chmod(0o600)
    with pytest.raises(PermanentError, match="overwrite=True"):
        predict(photos, tmp_path / "out.parquet", model)


def test_an_output_that_is_a_link_stays_one(
    photos: Path, model: LocalModel, tmp_path: Path
) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "out.parquet"
    link.symlink_to(tmp_path / "real" / "out.parquet")
    predict(photos, link, model)
    assert link.is_symlink()
    assert (tmp_path / "real" / "out.parquet").is_file()


@pytest.mark.parametrize("change", ["added", "changed", "removed"])
def test_other_photos_are_another_job(
    change: str, photos: Path, model: LocalModel, tmp_path: Path
) -> None:
    predict(photos, tmp_path / "out.parquet", model)
    if change == "removed":
        (photos / "red.png").unlink()
    else:
        (photos / ("new.png" if change == "added" else "red.png")).write_bytes(draw("blue"))
    with pytest.raises(PermanentError, match="overwrite=True"):
        predict(photos, tmp_path / "out.parquet", model)
    done = predict(photos, tmp_path / "out.parquet", model, overwrite=True)
    assert done.counts["ok"] == len(rows(tmp_path / "out.parquet"))
    assert change != "changed" or rows(tmp_path / "out.parquet")["red.png"]["label"] == "blue"


def test_a_file_of_something_else_is_kept(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    (tmp_path / "out.parquet").write_text("my thesis")
    with pytest.raises(
        PermanentError, match=r"received .*out.parquet, which has no predictions of Viewfinder"
    ):
        predict(photos, tmp_path / "out.parquet", model)
    assert (tmp_path / "out.parquet").read_text() == "my thesis"


def test_earlier_predictions_are_named(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    predict(photos, tmp_path / "out.parquet", model)
    (photos / "new.png").write_bytes(draw("red"))
    with pytest.raises(PermanentError, match="received predictions by colour/7, made with other"):
        predict(photos, tmp_path / "out.parquet", model)


def test_predictions_that_appear_meanwhile_are_named(
    photos: Path, model: LocalModel, tmp_path: Path
) -> None:
    predict(photos, tmp_path / "out.parquet", model)
    (new := tmp_path / "new").touch()
    with pytest.raises(PermanentError, match="received predictions by colour/7"):
        open_output(str(tmp_path / "out.parquet"), tmp_path).put(new, replace=False)


def test_predictions_that_cannot_be_read(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    """Not even the administrator can read it where no more files may be opened."""
    predict(photos, tmp_path / "out.parquet", model)
    output = open_output(str(tmp_path / "out.parquet"), tmp_path)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, most[1]))
    try:
        with pytest.raises(ViewfinderError, match="open files"):
            output.read_schema()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_predictions_among_the_photos_are_no_photos(photos: Path, model: LocalModel) -> None:
    first = predict(photos, photos / "out.parquet", model)
    assert first.counts == {"ok": 3, "unreadable": 0, "ignored": 0}
    assert predict(photos, photos / "out.parquet", model).resumed == 3


def test_the_photos_folder_is_a_link(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(photos)
    first = predict(tmp_path / "link", photos / "out.parquet", model)
    assert first.counts == {"ok": 3, "unreadable": 0, "ignored": 0}
    assert predict(tmp_path / "link", photos / "out.parquet", model).resumed == 3


def test_what_a_run_left_that_was_killed_at_the_end(
    photos: Path, model: LocalModel, tmp_path: Path
) -> None:
    predict(photos, tmp_path / "out.parquet", model)
    (left := tmp_path / ".out.parquet.parts" / "job").mkdir(parents=True)
    (left / "part-000000.parquet").write_bytes(b"")
    assert predict(photos, tmp_path / "out.parquet", model).resumed == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.parquet", "photos"]


def test_another_process_writes_the_same(photos: Path, model: LocalModel, tmp_path: Path) -> None:
    output = open_output(str(tmp_path / "out.parquet"), tmp_path)
    with (
        output.workplace.hold(),
        pytest.raises(TransientError, match="another process that is writing it"),
    ):
        predict(photos, tmp_path / "out.parquet", model)
    assert predict(photos, tmp_path / "out.parquet", model).is_complete


def test_the_weights_are_read_once_to_check_them(version: Path) -> None:
    """OpenVINO's own reading is not among what Python can tell."""
    script = f"""
import pathlib, sys
from viewfinder_components.prediction.models.local_model import LocalModel
seen = []
sys.addaudithook(lambda kind, given: kind == "open" and seen.append(str(given[0])))
LocalModel.open(pathlib.Path({str(version)!r}))
print(sum(name.endswith("model.bin") for name in seen))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "1\n"


def test_a_changed_model_is_refused(version: Path, tmp_path: Path) -> None:
    folder = tmp_path / "colour" / "8"
    folder.mkdir(parents=True)
    for path in version.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    LocalModel.open(folder)
    (folder / "labels.json").write_text('["a", "b", "c"]')
    with pytest.raises(PermanentError, match=r"labels\.json .* SHA-256"):
        LocalModel.open(folder)
    (folder / "manifest.json").unlink()
    (folder / "labels.json").write_text('["a", "b"]')
    with pytest.raises(PermanentError, match="2 outputs for 2 labels"):
        LocalModel.open(folder)
    (folder / "model.bin").unlink()
    with pytest.raises(PermanentError, match=r"no model\.bin"):
        LocalModel.open(folder)
