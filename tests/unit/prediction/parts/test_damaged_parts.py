"""Parts that are not what was written: they are made again, or named with what to do."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.prediction.conftest import add_photos

from viewfinder_components.errors import PermanentError
from viewfinder_components.prediction.models.local_model import LocalModel
from viewfinder_components.prediction.outputs.output import open_output
from viewfinder_components.prediction.parts import listing
from viewfinder_components.prediction.predict import predict_files
from viewfinder_components.prediction.result import BatchPrediction

Damage = Callable[[Path], object]


class Interrupted(LocalModel):
    """Ends after the second part."""

    parts = 0

    def confirm(self) -> None:
        self.parts += 1
        if self.parts > 2:
            raise KeyboardInterrupt


def predict(folder: Path, model: LocalModel) -> BatchPrediction:
    output = open_output(str(folder / "out.parquet"), folder)
    return predict_files(str(folder / "photos"), output, model)


@pytest.fixture
def part(model: LocalModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first of two finished parts; a third is missing."""
    monkeypatch.setattr(listing, "PART_FILES", 8)
    add_photos(tmp_path / "photos", 20)
    interrupted = Interrupted(model._model, model.labels, model.version, "")
    interrupted.identity = model.identity
    with pytest.raises(KeyboardInterrupt):
        predict(tmp_path, interrupted)
    return min((tmp_path / ".out.parquet.parts").glob("*/part-*.parquet"))


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(path)), path)


def damage_pages(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:120] = bytes(116)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-9]),
        lambda path: path.write_bytes(b"PAR1" * 9),
        lambda path: rewrite(path, lambda table: table.slice(1)),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: path.unlink(),
    ],
    ids=["empty", "truncated", "no Parquet", "a row less", "a folder", "gone"],
)
def test_a_part_that_is_not_whole_is_made_again(
    damage: Damage, part: Path, model: LocalModel, tmp_path: Path
) -> None:
    damage(part)
    if part.is_dir():
        with pytest.raises(PermanentError, match=r"out\.parquet"):
            predict(tmp_path, model)
        return
    done = predict(tmp_path, model)
    assert (done.counts["ok"], done.resumed) == (20, 8)
    assert len(set(pq.read_table(tmp_path / "out.parquet")["uri"].to_pylist())) == 20


@pytest.mark.parametrize(
    "damage",
    [
        damage_pages,
        lambda path: rewrite(path, lambda table: table.drop_columns(["status"])),
        lambda path: rewrite(path, lambda table: table.append_column("more", table["uri"])),
        lambda path: rewrite(path, lambda table: pa.table({"x": range(len(table))})),
        lambda path: rewrite(
            path, lambda table: table.set_column(1, "status", pa.array(range(len(table))))
        ),
    ],
    ids=["pages", "without status", "with more", "another table", "numbers"],
)
def test_a_part_of_another_form_is_named(
    damage: Damage, part: Path, model: LocalModel, tmp_path: Path
) -> None:
    damage(part)
    with pytest.raises(PermanentError, match=r"part-000000.* damaged file \(.+\); delete it"):
        predict(tmp_path, model)
    assert not (tmp_path / "out.parquet").exists()
    part.unlink()
    assert predict(tmp_path, model).counts["ok"] == 20
