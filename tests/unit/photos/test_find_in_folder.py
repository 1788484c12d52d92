import os
from collections import Counter
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.photos.candidate import Candidate
from viewfinder_components.photos.find import find_photos


def make(root: Path, *paths: str) -> None:
    """Make files, and folders where a path ends with a slash."""
    for path in paths:
        target = root / path
        if path.endswith("/"):
            target.mkdir(parents=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(b"photo")


def found(root: Path, layout: str = "auto") -> dict[str, Candidate]:
    """Return what was met, by the path below `root`."""
    candidates = list(find_photos(str(root), layout))
    assert [c.uri for c in candidates] == sorted(c.uri for c in candidates)
    return {c.uri.removeprefix(f"{root}/"): c for c in candidates}


def labels(candidates: dict[str, Candidate]) -> dict[str, tuple[str | None, str | None]]:
    """Return label and split of what may be photos."""
    return {path: (c.label, c.split) for path, c in candidates.items() if not c.flaw}


def flaws(candidates: dict[str, Candidate]) -> dict[str, str]:
    """Return what is wrong with the others."""
    return {path: c.flaw.kind for path, c in candidates.items() if c.flaw}


def test_class_folders(tmp_path) -> None:
    make(tmp_path, "cat/1.jpg", "dog/2.jpg", "dog/b/c/3.jpg")
    assert labels(found(tmp_path)) == {
        "cat/1.jpg": ("cat", None),
        "dog/2.jpg": ("dog", None),
        "dog/b/c/3.jpg": ("dog", None),
    }


def test_split_folders(tmp_path) -> None:
    make(
        tmp_path, "Training/cat/1.jpg", "dev/cat/2.jpg", "validation/dog/3.jpg", "test/dog/x/4.jpg"
    )
    make(tmp_path, "test/beside.jpg", "README.md", ".hidden/x")
    everything = found(tmp_path)
    assert labels(everything) == {
        "Training/cat/1.jpg": ("cat", "train"),
        "dev/cat/2.jpg": ("cat", "val"),
        "validation/dog/3.jpg": ("dog", "val"),
        "test/dog/x/4.jpg": ("dog", "test"),
    }
    assert flaws(everything) == {
        "README.md": "no_label",
        "test/beside.jpg": "no_label",
        ".hidden/": "hidden",
    }


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"),
        ("Train", "VALID"),
        ("train", "test1"),
        ("train", "eval"),
        ("training", "evaluation"),
        ("seg_train", "seg_test"),
        ("training_set", "test_set"),
        ("train2017", "val2017"),
        ("train_images", "test_images"),
    ],
)
def test_what_lies_beside_splits_is_left_out(tmp_path, train, test) -> None:
    make(tmp_path, f"{train}/cat/1.jpg", f"{train}/dog/2.jpg", f"{test}/cat/3.jpg")
    make(tmp_path, "annotations/1.xml", "empty/", "pred/cat/4.jpg", "LICENSE")
    everything = found(tmp_path)
    assert {label for label, _ in labels(everything).values()} == {"cat", "dog"}
    splits = {path.split("/")[0]: split for path, (_, split) in labels(everything).items()}
    assert splits[train] == "train"
    assert splits[test] in ("val", "test")
    assert flaws(everything) == {
        "LICENSE": "no_label",
        "annotations/": "beside_splits",
        "empty/": "beside_splits",
        "pred/": "beside_splits",
    }


@pytest.mark.parametrize(
    "paths",
    [
        ("steam_train/a/1.jpg", "bus/b/2.jpg"),  # means of transport
        ("steam train/1.jpg", "driving test/2.jpg"),
        ("test_tube/a/1.jpg", "training_shoe/b/2.jpg"),
        ("train/1.jpg", "bus/2.jpg"),
        ("test/1.jpg", "apple/2.jpg"),
    ],
)
def test_folders_that_are_no_splits(tmp_path, paths) -> None:
    make(tmp_path, *paths)
    assert labels(found(tmp_path)) == {path: (path.split("/")[0], None) for path in paths}


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (("train/1.jpg", "test/2.jpg"), "one folder per class .* received 'test', 'train' with"),
        (("test/a/1.jpg", "val/b/2.jpg"), "a folder 'train' next to the other"),
        (("train/a/1.jpg", "annotations/1.xml"), "'train', which contains folders, next to 'annot"),
        (("train/a/1.jpg", "bus/b/2.jpg"), "set layout=split to ignore what is next to 'train'"),
    ],
)
def test_what_may_be_splits_or_classes_is_refused(tmp_path, paths, message) -> None:
    make(tmp_path, *paths)
    with pytest.raises(PermanentError, match=message):
        found(tmp_path)
    assert {label for label, _ in labels(found(tmp_path, "class")).values()} == {
        path.split("/")[0] for path in paths
    }


def test_links_are_followed_and_loops_end(tmp_path) -> None:
    make(tmp_path, "outside/9.jpg", "data/cat/1.jpg", "data/dog/deep/2.jpg")
    data = tmp_path / "data"
    (data / "cat" / "up").symlink_to("..")
    (data / "cat" / "here").symlink_to(".")
    (data / "cat" / "self").symlink_to("self")
    (data / "cat" / "lost.jpg").symlink_to("nowhere")
    (data / "cat" / "more").symlink_to(tmp_path / "outside")
    (data / "cat" / "again").symlink_to(tmp_path / "outside")
    (data / "dog" / "2.jpg").symlink_to("deep/2.jpg")
    (data / "bird").symlink_to(tmp_path / "outside")
    everything = found(data)
    assert labels(everything) == {
        "bird/9.jpg": ("bird", None),
        "cat/1.jpg": ("cat", None),
        "cat/again/9.jpg": ("cat", None),
        "dog/2.jpg": ("dog", None),
        "dog/deep/2.jpg": ("dog", None),
    }
    assert flaws(everything) == {
        "cat/here/": "link_loop",
        "cat/lost.jpg": "broken_link",
        "cat/more/": "link_loop",
        "cat/self": "link_loop",
        "cat/up/": "link_loop",
    }


def test_links_out_of_the_folder_are_marked(tmp_path) -> None:
    make(tmp_path, "outside/9.jpg", "real/cat/1.jpg", "real/.store/2.jpg", "real more/3.jpg")
    data = tmp_path / "data"
    data.symlink_to("real")  # the folder that is named may be a link itself
    (data / "cat" / "2.jpg").symlink_to("../.store/2.jpg")
    (data / "cat" / "3.jpg").symlink_to(tmp_path / "real more" / "3.jpg")
    (data / "cat" / "deep").symlink_to(tmp_path / "outside")
    (data / "dog").symlink_to(tmp_path / "outside")
    (tmp_path / "outside" / "back.jpg").symlink_to(tmp_path / "data" / "cat" / "1.jpg")
    outside = {path: candidate.outside for path, candidate in found(data).items()}
    assert outside == {
        ".store/": False,
        "cat/1.jpg": False,
        "cat/2.jpg": False,
        "cat/3.jpg": True,
        "cat/deep/9.jpg": True,
        "cat/deep/back.jpg": False,
        "dog/9.jpg": True,
        "dog/back.jpg": False,
    }


def test_links_that_multiply_are_read_once(tmp_path) -> None:
    for level in range(40):
        make(tmp_path, f"cat/{level:02}/")
        for name in ("a", "b"):
            (tmp_path / "cat" / f"{level:02}" / name).symlink_to(f"../{level + 1:02}")
    make(tmp_path, "cat/40/1.jpg")
    assert len(labels(found(tmp_path))) == 1


def test_what_is_no_photo_is_told(tmp_path) -> None:
    make(tmp_path, "beside.jpg", ".DS_Store", "cat/1.jpg", "cat/.hidden.jpg", "cat/Thumbs.db")
    make(tmp_path, "empty/", "cat/none/", "__MACOSX/cat/._1.jpg")
    os.mkfifo(tmp_path / "cat" / "pipe")
    assert flaws(found(tmp_path)) == {
        ".DS_Store": "hidden",
        "__MACOSX/": "hidden",
        "beside.jpg": "no_label",
        "cat/.hidden.jpg": "hidden",
        "cat/Thumbs.db": "hidden",
        "cat/none/": "empty_folder",
        "cat/pipe": "not_a_file",
        "empty/": "empty_folder",
    }


def test_both_spellings_of_an_accent_are_one_class(tmp_path) -> None:
    make(tmp_path, "caf\u00e9/1.jpg", "cafe\u0301/2.jpg")
    assert Counter(label for label, _ in labels(found(tmp_path)).values()) == {"caf\u00e9": 2}


def test_class_names_of_any_bytes(tmp_path) -> None:
    for name in (b"caf\xe9", b"50% off", "日本 🍏".encode()):
        os.mkdir(os.fsencode(tmp_path) + b"/" + name)
        with open(os.fsencode(tmp_path) + b"/" + name + b"/1.jpg", "wb"):
            pass
    assert {c.label for c in find_photos(str(tmp_path))} == {"caf%E9", "50% off", "日本 🍏"}


def test_folders_nested_deeper_than_python_recurses(tmp_path) -> None:
    (tmp_path / "cat").mkdir()
    start = os.open(tmp_path / "cat", os.O_RDONLY)
    here = start
    for _ in range(2500):  # longer than a path may be
        os.mkdir("d", dir_fd=here)
        here, old = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(old)
    os.close(here)
    (candidate,) = find_photos(str(tmp_path))
    assert candidate.flaw is not None
    assert candidate.flaw.kind == "closed_folder"
    os.system(f"rm -rf '{tmp_path}/cat'")  # noqa: S605  (shutil cannot)


def test_data_that_does_not_exist(tmp_path) -> None:
    with pytest.raises(PermanentError, match="lost', which does not exist; check the path"):
        find_photos(str(tmp_path / "lost"))
    make(tmp_path, "photo.jpg")
    with pytest.raises(PermanentError, match="a file of another kind"):
        find_photos(str(tmp_path / "photo.jpg"))


@pytest.mark.parametrize("data", ["hdfs://name/photos", "http://host/x"])
def test_data_of_another_scheme_is_refused(data) -> None:
    with pytest.raises(PermanentError, match="not supported: copy the photos to a folder"):
        find_photos(data)
