import pytest

from viewfinder_components.errors import PermanentError


def statuses(validation) -> dict[str, str]:
    """Return status by file name."""
    return {name: row["status"] for name, row in validation.by_name().items()}


def test_copies_in_a_class_leave_the_first(validation, fill, fruit, tmp_path) -> None:
    files = {"cat/b.jpg": fruit[0], "cat/a.jpg": fruit[0], "cat/z/c.jpg": fruit[0]}
    files |= {f"{label}/{n}.jpg": fruit[n] for n, label in enumerate(["dog", "cat", "dog"], 1)}
    result = validation.run(fill(tmp_path / "data", files))
    rows = validation.by_name()
    assert statuses(validation)["a.jpg"] == "used"
    for name in ("b.jpg", "c.jpg"):
        assert rows[name]["status"] == "duplicate"
        assert rows[name]["reason"].endswith("/cat/a.jpg")
        assert rows[name]["sha256"] == rows["a.jpg"]["sha256"]
        assert rows[name]["split"] is None
    assert result.photos == 4
    assert len(validation.pixels()) == 4


def test_broken_copies_are_all_broken(validation, fill, fruit, tmp_path) -> None:
    files = {f"{label}/{n}.jpg": fruit[n] for n, label in enumerate(["dog", "cat"] * 3)}
    torn = fruit[9][:5000]
    files |= {"cat/x.jpg": torn, "dog/y.jpg": torn, "dog/z.txt": b"words", "dog/w.jpg": b"words"}
    validation.run(fill(tmp_path / "data", files))
    found = statuses(validation)
    assert [found[f"{n}"] for n in ("x.jpg", "y.jpg", "w.jpg")] == ["unreadable"] * 3
    assert found["z.txt"] == "ignored"


def test_same_bytes_in_two_classes_are_all_conflicts(validation, fill, fruit, tmp_path) -> None:
    files = {f"{label}/{n}.jpg": fruit[n] for n, label in enumerate(["dog", "cat", "cow"] * 2)}
    files |= {"cat/x1.jpg": fruit[9], "cat/x2.jpg": fruit[9], "dog/x3.jpg": fruit[9]}
    result = validation.run(fill(tmp_path / "data", files))
    rows = validation.by_name()
    assert result.counts["conflict"] == 3
    assert result.counts["duplicate"] == 0
    for name, other in {"x1.jpg": "dog/x3", "x2.jpg": "dog/x3", "x3.jpg": "cat/x1"}.items():
        assert rows[name]["reason"].endswith(f"{other}.jpg")
        assert f"class {other[:3]}" in rows[name]["reason"]


@pytest.fixture
def split_files(fruit) -> dict[str, bytes]:
    """Return an honest data set with splits."""
    places = [
        f"{s}/{c}/{s}{c}{n}.jpg" for s in ("test", "train", "val") for c in "ab" for n in range(4)
    ]
    return dict(zip(places, fruit, strict=False))


def test_copies_across_splits(validation, fill, fruit, split_files, tmp_path) -> None:
    files = split_files | {
        "train/a/all train.jpg": fruit[50],
        "val/a/all val.jpg": fruit[50],
        "test/a/all test.jpg": fruit[50],
        "train/b/two train.jpg": fruit[51],
        "val/b/two val.jpg": fruit[51],
        "val/b/two val again.jpg": fruit[51],
    }
    result = validation.run(fill(tmp_path / "data", files))
    found = statuses(validation)
    assert {name: status for name, status in found.items() if status != "used"} == {
        "all train.jpg": "leak",
        "all val.jpg": "leak",
        "two train.jpg": "leak",
        "two val.jpg": "duplicate",
    }
    rows = validation.by_name()
    assert "are in test:" in rows["all val.jpg"]["reason"]
    assert "are in val:" in rows["two train.jpg"]["reason"]
    assert rows["all test.jpg"]["split"] == "test"
    assert result.photos == len(files) - 4


def test_near_duplicates_across_splits(
    validation, fill, fruit, resaved, split_files, tmp_path
) -> None:
    files = split_files | {
        "train/a/like test.jpg": resaved[0],
        "val/a/like test too.jpg": resaved[1],
        "train/b/like val.jpg": resaved[16],
        "train/b/like train.jpg": resaved[8],
    }
    result = validation.run(fill(tmp_path / "data", files))
    rows = validation.by_name()
    out = {name: row["reason"] for name, row in rows.items() if row["status"] != "used"}
    assert set(out) == {"like test.jpg", "like test too.jpg", "like val.jpg"}
    assert "in test:" in out["like test.jpg"]
    assert out["like val.jpg"].endswith("vala0.jpg")
    assert result.counts["leak"] == 3


def test_distance_of_zero_looks_for_none(validation, fill, resaved, split_files, tmp_path) -> None:
    files = split_files | {"train/a/like test.jpg": resaved[0]}
    result = validation.run(fill(tmp_path / "data", files), near_duplicate_distance=0)
    assert result.counts["leak"] == 0


def test_leakage_gate_counts_test_and_val_photos(
    validation, fill, fruit, resaved, split_files, tmp_path
) -> None:
    files = split_files | {"train/a/x.jpg": resaved[0], "train/b/y.jpg": fruit[4]}
    root = fill(tmp_path / "data", files)
    validation.run(root, max_leakage=2 / 16)
    with pytest.raises(PermanentError, match=r"received 12\.5% \(2 of 16\).*raise max_leakage"):
        validation.run(root, max_leakage=0.12)


def test_near_duplicates_stay_in_one_split(validation, fill, fruit, resaved, tmp_path) -> None:
    files = {f"{'ab'[n % 2]}/{n}.jpg": data for n, data in enumerate(fruit)}
    files |= {f"{'ab'[n % 2]}/{n} again.jpg": data for n, data in enumerate(resaved)}
    validation.run(fill(tmp_path / "data", files), test_fraction=0.4, val_fraction=0.3)
    rows = validation.by_name()
    assert all(row["status"] == "used" for row in rows.values())
    pairs = [(rows[f"{n}.jpg"]["split"], rows[f"{n} again.jpg"]["split"]) for n in range(60)]
    assert all(first == second for first, second in pairs)
    assert {first for first, _ in pairs} == {"train", "val", "test"}


def test_near_duplicates_of_two_classes_are_warned_of(
    validation, fill, fruit, resaved, tmp_path
) -> None:
    files = {f"{'ab'[n % 2]}/{n}.jpg": data for n, data in enumerate(fruit[:20])}
    result = validation.run(fill(tmp_path / "data", files | {"b/again.jpg": resaved[0]}))
    assert any("1 group" in warning for warning in result.warnings)
