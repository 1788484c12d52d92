"""Which published version is deployed, and what is said when it cannot be."""

import hashlib
import json
from pathlib import Path

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.samples import read_samples
from viewfinder_components.selection.config import SelectConfig
from viewfinder_components.selection.select import (
    MissingVersionError,
    NoPhotosError,
    select_version,
)
from viewfinder_components.storage import pvc

ROOT = "pvc://models/all"
SAMPLES = [
    {
        "file": "sample-000.png",
        "uri": "samples/sample-000.png",
        "label": "a",
        "probabilities": [0.25, 0.75],
    }
]


@pytest.fixture
def claim(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the mounted claim's root."""
    monkeypatch.setattr(pvc, "MOUNTS", tmp_path / "mounts")
    folder = tmp_path / "mounts" / "models" / "all"
    folder.mkdir(parents=True)
    return folder


def publish(claim: Path, number: int, photos: bool = True) -> Path:
    folder = claim / "fruit" / str(number)
    folder.mkdir(parents=True)
    files = {"labels.json": b'["a", "b"]'}
    if photos:
        files |= {
            "samples/sample-000.png": f"photo of {number}".encode(),
            "samples/samples.json": json.dumps(SAMPLES).encode(),
        }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    digests = {name: {"sha256": hashlib.sha256(c).hexdigest()} for name, c in files.items()}
    (folder / "manifest.json").write_text(json.dumps({"labels": ["a", "b"], "files": digests}))
    return folder


def test_the_newest_or_the_one_that_is_named(claim: Path, tmp_path: Path) -> None:
    for number in (2, 9, 10):
        publish(claim, number)
    newest = select_version(tmp_path / "newest", SelectConfig(ROOT, "fruit"))
    assert (newest.number, newest.uri) == (10, f"{ROOT}/fruit/10")
    named = select_version(tmp_path / "named", SelectConfig(ROOT, "fruit", 2))
    assert (named.number, named.photos) == (2, 1)
    samples = read_samples(tmp_path / "named")
    assert samples.labels == ("a", "b")
    assert samples.photos[0].content == b"photo of 2"
    assert samples.photos[0].probabilities == (0.25, 0.75)


def test_a_version_without_photos_is_only_selected_when_nothing_is_compared(
    claim: Path, tmp_path: Path
) -> None:
    publish(claim, 1, photos=False)
    with pytest.raises(NoPhotosError, match="deploy with compare=False"):
        select_version(tmp_path / "a", SelectConfig(ROOT, "fruit"))
    selected = select_version(tmp_path / "b", SelectConfig(ROOT, "fruit", compare=False))
    assert selected.summary == f"version 1, {ROOT}/fruit/1, without test photos"


def test_a_version_that_is_not_there(claim: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingVersionError, match="received none"):
        select_version(tmp_path / "a", SelectConfig(ROOT, "fruit"))
    publish(claim, 3)
    with pytest.raises(MissingVersionError, match=r"expected version 4 .* received only 3"):
        select_version(tmp_path / "a", SelectConfig(ROOT, "fruit", 4))


def test_a_changed_photo_is_refused(claim: Path, tmp_path: Path) -> None:
    (publish(claim, 1) / "samples" / "sample-000.png").write_bytes(b"another")
    with pytest.raises(
        PermanentError,
        match=r"received the SHA-256 [0-9a-f]{64};",
    ):
        select_version(tmp_path / "a", SelectConfig(ROOT, "fruit"))


def test_a_photo_that_goes_away_meanwhile(claim: Path, tmp_path: Path) -> None:
    (publish(claim, 1) / "samples" / "sample-000.png").unlink()
    with pytest.raises(PermanentError, match="received no such file; choose another version"):
        select_version(tmp_path / "a", SelectConfig(ROOT, "fruit"))


def test_a_claim_that_is_not_mounted_here(tmp_path: Path) -> None:
    with pytest.raises(NoPhotosError, match="deploy on Kubeflow"):
        select_version(tmp_path / "a", SelectConfig(ROOT, "fruit", 4))
    with pytest.raises(NoPhotosError, match="name the version's number"):
        select_version(tmp_path / "a", SelectConfig(ROOT, "fruit", compare=False))
    selected = select_version(tmp_path / "a", SelectConfig(ROOT, "fruit", 4, compare=False))
    assert selected.uri == f"{ROOT}/fruit/4"


@pytest.mark.parametrize("root", ["/srv/models", "models", "file:///srv/models"])
def test_a_root_of_this_machine_is_refused_with_a_remedy(root: str) -> None:
    with pytest.raises(PermanentError) as caught:
        SelectConfig(root, "fruit")
    assert "a folder on this machine" in caught.value.received
    assert "s3://BUCKET/models/fruit/NUMBER" in caught.value.remedy


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (("s3://b/m", "My Fruit"), "model_name to be at most 47"),
        (("s3://b/m", "fruit", -1), "version to be a whole number of at least 0"),
        (("http://b/m", "fruit"), "model_root to be one that pods can read"),
    ],
)
def test_mistakes(values: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(PermanentError, match=sentence):
        SelectConfig(*values)  # type: ignore[arg-type]
