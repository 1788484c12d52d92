import json
import re

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.failures import Failure, describe_exception
from viewfinder_components.validation.validate import ValidationConfig


@pytest.fixture
def two_classes(fill, drawn, tmp_path):
    """Return a folder with 4 cats and 20 dogs, and 6 files that are not photos among them."""
    files = {f"cat/{n}.jpg": drawn[n] for n in range(4)}
    files |= {f"dog/{n}.jpg": drawn[n] for n in range(10, 30)}
    return fill(tmp_path / "data", files | {f"dog/broken {n}.jpg": b"none" for n in range(6)})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"min_classes": 3},
            r"at least 3 classes, received 2 \(cat, dog; of 30 files found, 6 .*; add photos",
        ),
        ({"min_photos_per_class": 5}, r"received 4 \(cat has 4\).*lower min_photos_per_class"),
        (
            {"max_unreadable": 0.1},
            r"received 20.0% \(6 of 30\) .*broken 0.jpg.*raise max_unreadable",
        ),
        (
            {"max_imbalance": 4.9},
            r"received 5.0 : 1 \(dog has 20, cat has 4\).*raise max_imbalance",
        ),
    ],
)
def test_shut_gates_say_what_to_do(two_classes, validation, config, message) -> None:
    with pytest.raises(PermanentError, match=message):
        validation.run(two_classes, **config)
    # Nothing is lost: the user can look.
    assert len(validation.rows()) == 30
    assert json.loads((validation.index_dir / "summary.json").read_text())["counts"]["used"] == 24
    assert "not fit for training" in validation.report.read_text("utf-8")


def test_open_gates_let_pass(two_classes, validation) -> None:
    result = validation.run(
        two_classes, min_classes=2, min_photos_per_class=4, max_unreadable=0.2, max_imbalance=5
    )
    assert result.summary == "24 photos in 2 classes; left out: 6 unreadable files"
    assert set(result.seconds) == {"read", "compare", "index", "report"}


def test_a_gate_that_has_nothing_to_judge_is_not_shown_as_passed(tmp_path, validation) -> None:
    (tmp_path / "data" / "cat").mkdir(parents=True)
    (tmp_path / "data" / "cat" / "note.txt").write_text("no photo")
    with pytest.raises(PermanentError):
        validation.run(tmp_path / "data")
    report = validation.report.read_text("utf-8")
    assert report.count(">not judged<") == 4  # photos, train photos, test photos, imbalance
    assert report.count(">passed<") == 1  # no file is unreadable


def test_all_shut_gates_are_named(two_classes, validation) -> None:
    error = _error(validation, two_classes, {"min_photos_per_class": 9, "max_imbalance": 2})
    assert "min_photos_per_class" in error.remedy
    assert "max_imbalance" in error.remedy
    heading, few, uneven = str(error).splitlines()
    assert heading == "2 problems:"
    assert re.fullmatch(r"- expected at least 9 .*; .* lower min_photos_per_class", few)
    assert re.fullmatch(r"- expected at most 2 : 1 .*; .* raise max_imbalance", uneven)


def test_several_problems_keep_their_lines_in_a_record(two_classes, validation) -> None:
    error = _error(validation, two_classes, {"min_photos_per_class": 9, "max_imbalance": 2})
    failure = describe_exception(error)
    assert Failure.from_json(failure.to_json()).message == str(error)


def test_the_folder_of_one_class_is_told(validation, fill, drawn, tmp_path) -> None:
    root = fill(tmp_path / "my data" / "cat", {f"{n}.JPG": drawn[n] for n in range(5)})
    error = _error(validation, root, {})
    assert error.remedy == (
        f"{root} looks like the folder of one class: as data, name the folder that contains it and "
        "those of the other classes, and nothing else"
    )


def test_a_folder_without_pictures_is_no_class(validation, fill, tmp_path) -> None:
    error = _error(validation, fill(tmp_path / "data" / "x", {"notes.txt": b"none"}), {})
    assert error.remedy.startswith("add photos of at least 2 classes")


def test_single_class(validation, fill, drawn, tmp_path) -> None:
    root = fill(tmp_path / "data", {f"all/cat/{n}.jpg": drawn[n] for n in range(5)})
    error = _error(validation, root, {})
    assert error.received.startswith("1 (all)")
    assert "one folder deeper" in error.remedy


@pytest.mark.parametrize("files", [{}, {"photo.jpg": b""}, {"cat/notes.txt": b"none"}])
def test_no_photos_at_all(validation, fill, tmp_path, files) -> None:
    (tmp_path / "data").mkdir()
    error = _error(validation, fill(tmp_path / "data", files), {})
    assert "at least 2 classes" in error.expected
    assert len(validation.rows()) == max(len(files), 1)


def test_an_empty_folder_is_called_empty(validation, tmp_path) -> None:
    (tmp_path / "data").mkdir()
    assert _error(validation, tmp_path / "data", {}).received == "0 (the folder is empty)"


def test_missing_folder(validation, tmp_path) -> None:
    with pytest.raises(PermanentError, match="lost', which does not exist; check the path"):
        validation.run(tmp_path / "lost")


def test_empty_class_is_left_out(two_classes, validation) -> None:
    (two_classes / "bird").mkdir()
    result = validation.run(two_classes)
    assert result.labels == ["cat", "dog"]
    assert "1 folder has no photos and therefore no class: bird." in result.warnings


def test_photos_behind_links_out_of_the_folder_are_named(validation, fill, drawn, tmp_path) -> None:
    root = fill(tmp_path / "data", {f"cat/{n}.jpg": drawn[n] for n in range(8)})
    elsewhere = fill(tmp_path / "private", {f"{n}.jpg": drawn[n] for n in range(10, 18)})
    (root / "dog").symlink_to(elsewhere)
    result = validation.run(root, max_unreadable=1)
    (warning,) = [text for text in result.warnings if "outside" in text]
    assert warning.startswith("8 photos are outside the folder, behind links: dog/")
    assert warning in result.summary


def test_class_of_broken_photos_is_no_empty_class(two_classes, validation, fill) -> None:
    fill(two_classes, {"bird/1.jpg": b"none"})
    with pytest.raises(PermanentError, match="bird has 0"):
        validation.run(two_classes)


def test_class_that_is_only_tested(validation, fill, drawn, tmp_path) -> None:
    places = ["train/a/1.jpg", "train/b/2.jpg", "test/a/3.jpg", "test/b/4.jpg", "test/c/5.jpg"]
    root = fill(tmp_path / "data", dict(zip(places, drawn, strict=False)))
    with pytest.raises(PermanentError, match=r"no classes without train photos, received 1 \(c\)"):
        validation.run(root, val_fraction=0)


def test_a_class_without_test_photos_is_refused(validation, fill, drawn, tmp_path) -> None:
    places = ["train/a/1.jpg", "train/b/2.jpg", "test/a/3.jpg"]
    root = fill(tmp_path / "data", dict(zip(places, drawn, strict=False)))
    gate = {"val_fraction": 0, "min_test_photos_per_class": 1}
    with pytest.raises(
        PermanentError, match=r"received 0 \(b has 0\); add test photos of these classes, or lower"
    ):
        validation.run(root, **gate)
    validation.run(root, **{**gate, "min_test_photos_per_class": 0})


def test_folders_taken_for_classes_or_left_out_are_told(validation, fill, drawn, tmp_path) -> None:
    places = [f"{name}/{n}.jpg" for name in ("apple", "test") for n in range(6)]
    result = validation.run(fill(tmp_path / "a", dict(zip(places, drawn, strict=False))))
    told = "1 class has the name of a split: test. Set layout=split if"
    assert any(warning.startswith(told) for warning in result.warnings)
    assert told in result.summary
    places = [f"{s}/{c}/{n}.jpg" for s in ("train", "test") for c in "ab" for n in range(4)]
    files = dict(zip([*places, "notes/x.xml"], drawn, strict=False))
    result = validation.run(fill(tmp_path / "b", files))
    assert "1 item is next to the folders of splits, and was left out: notes." in result.summary


def test_a_table_whose_files_are_all_missing(validation, fill, tmp_path) -> None:
    table = fill(tmp_path / "data", {"t.csv": b"uri,label\na.jpg,cat\nb.jpg,dog\n"}) / "t.csv"
    error = _error(validation, table, {})
    assert "of 2 files found, 2 unreadable (missing, such as a.jpg)" in error.received
    assert error.remedy.startswith("correct the table: none of its files exist")


def test_splits_that_hold_themselves(validation, fill, drawn, tmp_path) -> None:
    places = [f"{s}/{s}/{c}/{n}.jpg" for s in ("seg_train", "seg_test") for c in "ab" for n in "12"]
    error = _error(validation, fill(tmp_path / "data", dict(zip(places, drawn, strict=False))), {})
    assert "one level too deep: move them up by one" in error.remedy


def test_a_refused_folder_tells_of_the_files_met(validation, fill, tmp_path) -> None:
    files = {f"a/{n}.xml": b"<a/>" for n in range(30)} | {"b/raw.cr2": b"II*\0\x10\0\0\0CR\2\0"}
    error = _error(validation, fill(tmp_path / "data", files), {})
    assert (
        "of 31 files found, 30 ignored (not a photo, such as 0.xml), 1 unreadable" in error.received
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("layout", "flat"),
        ("image_size", 7),
        ("val_fraction", -0.1),
        ("test_fraction", 1.1),
        ("test_fraction", float("nan")),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", 0.5),
        ("min_classes", 2**31),
        ("min_photos_per_class", True),
        ("min_test_photos_per_class", -1),
        ("min_classes", 1),
        ("min_photos_per_class", 0),
        ("max_unreadable", 1.1),
        ("max_leakage", -1),
        ("max_imbalance", 0.5),
        ("max_megapixels", 0),
        ("near_duplicate_distance", 9),
        ("workers", -1),
    ],
)
def test_config_is_checked(name, value) -> None:
    with pytest.raises(
        PermanentError, match=f"expected {name} (of|to be) .*; choose another value"
    ):
        ValidationConfig(**{name: value})


def test_shares_must_leave_photos_to_train_on() -> None:
    with pytest.raises(PermanentError, match="leave some photos for training"):
        ValidationConfig(val_fraction=0.15, test_fraction=0.9)


def _error(validation, root, config) -> PermanentError:
    with pytest.raises(PermanentError) as caught:
        validation.run(root, **config)
    return caught.value
