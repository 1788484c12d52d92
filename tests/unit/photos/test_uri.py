import os

import pytest

from viewfinder_components.photos.candidate import to_label
from viewfinder_components.photos.uri import path_to_uri, quote, scheme_of, uri_to_path

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
