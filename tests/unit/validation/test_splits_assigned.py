from collections import Counter
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError

DOCS = Path(__file__).parents[3] / "docs" / "photos.md"


def splits(validation) -> dict[str, str]:
    """Return the split of the used photos by file name."""
    return {name: row["split"] for name, row in validation.by_name().items() if row["split"]}


def by_class(validation) -> dict[str, Counter]:
    """Count the used photos by class and split."""
    counts: dict[str, Counter] = {}
    for row in validation.rows():
        if row["status"] == "used":
            counts.setdefault(row["label"], Counter())[row["split"]] += 1
    return counts


@pytest.fixture
def folder(fill, drawn, tmp_path):
    """Return a folder of two classes with 200 photos each."""
    return fill(tmp_path / "data", {f"{'ab'[n % 2]}/{n}.jpg": data for n, data in enumerate(drawn)})


def test_shares_are_about_those_asked_for(folder, validation) -> None:
    validation.run(folder, val_fraction=0.2, test_fraction=0.3)
    counts = Counter(splits(validation).values())
    assert counts["val"] == pytest.approx(80, abs=25)
    assert counts["test"] == pytest.approx(120, abs=30)


def test_seed_draws_other_splits(folder, validation) -> None:
    validation.run(folder)
    first = splits(validation)
    validation.run(folder, seed=1)
    moved = sum(first[name] != split for name, split in splits(validation).items())
    assert 100 < moved < 300


def test_other_photos_names_and_places_move_nothing(
    folder, validation, fill, drawn, tmp_path
) -> None:
    validation.run(folder)
    first = splits(validation)
    fewer = {
        f"b/new name {n}.jpg" if n % 2 else f"a/{n}.jpg": drawn[n] for n in range(0, 400)[100:]
    }
    validation.run(fill(tmp_path / "moved", fewer))
    assert {n.removeprefix("new name "): s for n, s in splits(validation).items()} == {
        name: split for name, split in first.items() if int(name.removesuffix(".jpg")) >= 100
    }


@pytest.mark.parametrize("seed", range(5))
def test_small_classes_have_every_split_they_suffice_for(
    validation, fill, drawn, tmp_path, seed
) -> None:
    sizes = {"two": 2, "three": 3, "four": 4, "ten": 10, "many": 200}  # 1 : 20 and beyond
    photos = iter(drawn)
    files = {
        f"{label}/{label} {n}.jpg": next(photos)
        for label, size in sizes.items()
        for n in range(size)
    }
    result = validation.run(fill(tmp_path / "data", files), seed=seed)
    counts = by_class(validation)
    assert counts["two"] == {"train": 1, "test": 1}
    for label in ("three", "four", "ten", "many"):
        assert set(counts[label]) == {"train", "val", "test"}
    assert result.warnings == ["1 class has no validation photos: two."]


def test_class_of_near_duplicates_stays_together(
    validation, fill, fruit, resaved, drawn, tmp_path
) -> None:
    files = {"same/1.jpg": fruit[0], "same/2.jpg": resaved[0]}
    files |= {f"other/{n}.jpg": data for n, data in enumerate(drawn[:30], 10)}
    result = validation.run(fill(tmp_path / "data", files))
    assert by_class(validation)["same"] == {"train": 2}
    assert "1 class has no test photos: same." in result.warnings


def bursts(photos: list[bytes], classes: int, groups: int, size: int) -> dict[str, bytes]:
    """Return classes of bursts: the same photo again and again, with other bytes."""
    files = {}
    for number in range(classes * groups):
        start, rest = photos[number][:2], photos[number][2:]
        for frame in range(size):
            comment = b"\xff\xfe\0\x04%02d" % frame
            files[f"{number % classes}/{number} {frame}.jpg"] = start + comment + rest
    return files


@pytest.mark.parametrize("seed", range(4))
def test_a_class_of_one_burst_is_learnt(validation, fill, drawn, tmp_path, seed) -> None:
    files = bursts(drawn, classes=10, groups=1, size=6)
    files |= {f"other/{n}.jpg": data for n, data in enumerate(drawn[100:130], 100)}
    validation.run(fill(tmp_path / "data", files), seed=seed)
    counts = by_class(validation)
    assert [counts[str(label)] for label in range(10)] == [{"train": 6}] * 10


@pytest.mark.parametrize("seed", range(4))
def test_groups_are_counted_where_a_class_needs_splits(
    validation, fill, drawn, tmp_path, seed
) -> None:
    files = bursts(drawn, classes=4, groups=2, size=5)
    validation.run(fill(tmp_path / "data", files), seed=seed)
    assert list(by_class(validation).values()) == [{"train": 5, "test": 5}] * 4


def test_only_bursts_leave_nothing_to_test_on(validation, fill, drawn, tmp_path) -> None:
    root = fill(tmp_path / "data", bursts(drawn, classes=10, groups=1, size=6))
    with pytest.raises(
        PermanentError, match=r"near_duplicate_distance=0 if .* a fixed camera"
    ) as no:
        validation.run(root)
    assert "splits at all" not in no.value.remedy
    validation.run(root, near_duplicate_distance=0, min_test_photos_per_class=1)
    assert all(of["train"] and of["test"] for of in by_class(validation).values())


@pytest.mark.parametrize("seed", range(4))
def test_a_burst_that_two_classes_share_goes_to_train(
    validation, fill, drawn, tmp_path, seed
) -> None:
    shared = bursts(drawn, classes=1, groups=1, size=4)
    files = {f"{'ab'[n % 2]}/{n}.jpg": data for n, data in enumerate(shared.values())}
    files |= {f"b/own {n}.jpg": data for n, data in enumerate(bursts(drawn[1:], 1, 1, 3).values())}
    validation.run(fill(tmp_path / "data", files), seed=seed)
    counts = by_class(validation)
    assert counts["a"] == {"train": 2}
    assert counts["b"] == {"train": 2, "test": 3}


def test_given_splits_are_kept(validation, fill, fruit, tmp_path) -> None:
    places = [
        f"{s}/{c}/{s}-{c}{n}.jpg" for s in ("train", "val", "test") for c in "ab" for n in range(6)
    ]
    validation.run(fill(tmp_path / "data", dict(zip(places, fruit, strict=False))))
    assert all(name.startswith(split) for name, split in splits(validation).items())


@pytest.mark.parametrize(("given", "carved"), [("test", "val"), ("val", "test")])
def test_missing_split_is_carved_out_of_train(
    validation, fill, fruit, tmp_path, given, carved
) -> None:
    places = [f"{s}/{c}/{s}-{c}{n}.jpg" for s in ("train", given) for c in "ab" for n in range(15)]
    validation.run(fill(tmp_path / "data", dict(zip(places, fruit, strict=True))))
    found = splits(validation)
    assert {s for name, s in found.items() if name.startswith("train")} == {"train", carved}
    assert {s for name, s in found.items() if name.startswith(given)} == {given}
    assert all(of[carved] for of in by_class(validation).values())


def test_table_rows_without_split_belong_to_train(validation, fill, drawn, tmp_path) -> None:
    root = fill(tmp_path / "data", {f"{n}.jpg": data for n, data in enumerate(drawn[:40])})
    lines = [f"{n}.jpg,{'ab'[n % 2]},{['train', '', 'test', 'val'][n // 10]}" for n in range(40)]
    table = root / "photos.csv"
    table.write_text("\n".join(["uri,label,split", *lines]))
    validation.run(table)
    found = splits(validation)
    assert {found[f"{n}.jpg"] for n in range(20)} == {"train"}
    assert {found[f"{n}.jpg"] for n in range(20, 30)} == {"test"}


def test_no_share_no_split(folder, validation) -> None:
    with pytest.raises(
        PermanentError, match=r"at least 1 test photo in total, .* raise test_fraction"
    ):
        validation.run(folder, val_fraction=0, test_fraction=0)
    assert set(splits(validation).values()) == {"train"}


def test_very_many_equal_looks_go_to_train(validation, fill, fruit, drawn, tmp_path) -> None:
    # The same photo with other bytes: a hidden comment in each.
    same = [fruit[0][:2] + b"\xff\xfe\0\x04%02d" % n + fruit[0][2:] for n in range(60)]
    files = {f"a/same {n}.jpg": data for n, data in enumerate(same)}
    files |= {f"{'ab'[n % 2]}/{n}.jpg": data for n, data in enumerate(drawn[:100])}
    result = validation.run(fill(tmp_path / "data", files))
    found = splits(validation)
    assert {split for name, split in found.items() if name.startswith("same")} == {"train"}
    assert any("60 photos look exactly like many others" in warning for warning in result.warnings)


def test_the_shares_of_a_small_set_are_those_that_the_docs_tell(
    fill, drawn, validation, tmp_path
) -> None:
    """docs/photos.md has a row for 20 photos, with what 95 of 100 sets get."""
    root = fill(tmp_path / "data", {f"{'ab'[n % 2]}/{n}.jpg": drawn[n] for n in range(20)})
    (row,) = [line for line in DOCS.read_text().splitlines() if line.startswith("| 20 (2 classes")]
    told = [tuple(map(int, cell.split(" to "))) for cell in row.strip("| ").split(" | ")[1:]]
    drawn_shares = []
    for seed in range(10):
        validation.run(root, seed=seed)
        counts = Counter(splits(validation).values())
        drawn_shares.append([counts[split] for split in ("train", "val", "test")])
    within = [
        all(low <= n <= high for n, (low, high) in zip(shares, told, strict=True))
        for shares in drawn_shares
    ]
    assert sum(within) >= 8, drawn_shares
