import os
from pathlib import Path

import pytest

from viewfinder_components.photos.candidate import to_label
from viewfinder_components.photos.uri import name_to_uri, path_to_uri, quote, scheme_of, uri_to_path

NAMES = [
    b"plain.jpg",
    b"50% off.jpg",
    b"%41.jpg",
    b"%%0A",
    b"new\nline",
    b"caf\xe9",
    b"\xe9\n%\xff",
    "Ελλάδα 日本 🍏".encode(),
    "cafe\u0301".encode(),
    b"tab\tand\x7f",
    "line\u2028separator".encode(),
    "gpj.\u202ecod".encode(),
    "zero\u200bwidth\ufeff".encode(),
]


@pytest.mark.parametrize("name", NAMES)
def test_uri_leads_back_to_the_path(name) -> None:
    path = os.fsdecode(b"/photos/" + name)
    uri = path_to_uri(path)
    assert os.fsencode(uri_to_path(uri)) == b"/photos/" + name
    assert uri.encode("utf-8").decode("utf-8").isprintable()


def test_letters_stay_legible() -> None:
    assert path_to_uri("/photos/Früchte 日本 🍏.jpg") == "/photos/Früchte 日本 🍏.jpg"
    assert quote("50%\n") == "50%25%0A"


def test_invisible_letters_show() -> None:
    assert to_label("cat\u200b") == "cat%E2%80%8B"
    assert to_label("\u202etac") == "%E2%80%AEtac"
    family = "\U0001f468\u200d\U0001f469"  # an emoji of two, joined
    assert to_label(family) == family


@pytest.mark.parametrize(
    ("uri", "scheme"),
    [("gs://a/b", "gs://"), ("Package://x", "package://"), ("/a/b", ""), ("a:b", ""), ("", "")],
)
def test_scheme(uri, scheme) -> None:
    assert scheme_of(uri) == scheme


def test_a_name_is_a_path_if_there_is_such_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "50%41.jpg").touch()
    assert name_to_uri("50%41.jpg") == f"{tmp_path}/50%2541.jpg"
    assert name_to_uri(Path("gone%41.jpg")) == f"{tmp_path}/gone%2541.jpg"
    for uri in ("/photos/50%2541.jpg", "s3://bucket/a%41.jpg", "package://pack/a.parquet#1"):
        assert name_to_uri(uri) == uri
