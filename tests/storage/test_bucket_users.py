"""Who reads versions: `viewfinder serve`, `versions`, `prune`; real photos in evaluation."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main
from viewfinder_components.errors import PermanentError
from viewfinder_components.evaluation.originals import read_original
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.clients import open_client
from viewfinder_components.storage.contents import Contents
from viewfinder_components.storage.location import Location
from viewfinder_components.storage.store import open_store
from viewfinder_pipelines.local.serving import find_version
from viewfinder_pipelines.settings.environment import Settings

MakeServable = Callable[..., Path]


@pytest.fixture
def published(root: str, make_servable: MakeServable) -> str:
    """A model root with versions 1 to 3."""
    for number in range(1, 4):
        servable = make_servable(f"run-{number}")
        publish_version(servable, PublishConfig(root, "fruit", servable.name))
    return root


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.mark.parametrize(("named", "number"), [("fruit", 3), ("fruit/2", 2), ("fruit/2/", 2)])
def test_a_version_in_a_bucket_can_be_served(
    named: str, number: int, published: str, settings: Settings
) -> None:
    folder = find_version(f"{published}/{named}", settings)
    assert folder.parts[-2:] == ("fruit", str(number))
    assert not Contents.read(folder).differences()


def test_a_damaged_download_is_brought_again(published: str, settings: Settings) -> None:
    folder = find_version(f"{published}/fruit/1", settings)
    (folder / "model.bin").write_bytes(b"damaged")
    assert find_version(f"{published}/fruit/1", settings) == folder
    assert not Contents.read(folder).differences()


def test_what_a_download_that_was_cut_off_brought_is_used(
    published: str, settings: Settings
) -> None:
    folder = find_version(f"{published}/fruit/1", settings)
    part = folder.with_name(".part-1")
    folder.rename(part)
    (part / "model.bin").write_bytes(b"wei")
    (part / "labels.json").write_bytes(b"other bytes, as many or more")
    (part / "manifest.json").unlink()
    assert find_version(f"{published}/fruit/1", settings) == folder
    assert not Contents.read(folder).differences()


@pytest.mark.parametrize("uri", ["s3://", "s3://bucket", "gs://bucket/", "s3://bucket/1"])
def test_a_uri_without_a_model_is_refused(uri: str, settings: Settings) -> None:
    with pytest.raises(PermanentError, match="expected MODEL, MODEL/NUMBER, or the URI"):
        find_version(uri, settings)


@pytest.mark.parametrize(
    ("named", "words"), [("fruit/9", "9 of fruit"), ("pear", "of pear"), ("pear/1", "of pear")]
)
def test_a_version_that_is_not_there_is_named(
    named: str, words: str, published: str, settings: Settings
) -> None:
    with pytest.raises(PermanentError, match=f"expected a published version {words} under"):
        find_version(f"{published}/{named}", settings)


def test_versions_are_listed_and_pruned_from_the_command_line(published: str) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, [*arguments, "--model-root", published])
        assert result.exit_code == 0, result.output
        return result.output

    assert run("versions", "fruit").splitlines()[0] == f"1\t{published}/fruit/1"
    dry = run("prune", "fruit", "--keep", "1", "--served", "1", "--dry-run")
    assert dry == f"would remove {published}/fruit/2\nkept 2 of 3 versions\n"
    assert "removed" in run("prune", "fruit", "--keep", "1", "--served", f"{published}/fruit/1")
    assert len(run("versions", "fruit", "--json").splitlines()) == 2


@pytest.mark.parametrize("command", [("versions",), ("prune", "--nothing-served")])
def test_a_model_that_is_not_there_is_told_with_those_that_are(
    command: tuple[str, ...], published: str
) -> None:
    client = open_client(Location.parse(published))
    for name in ("photos/cat/1.jpg", "notes.txt", "Nine/1/manifest.json"):
        client.create(Location.parse(published).below(name).key, b"of others")
    result = CliRunner().invoke(main, [*command, "pear", "--model-root", published])
    assert result.exit_code == 1
    assert "received only fruit there; correct the name or --model-root" in result.stderr
    assert open_store(published.rpartition("/")[0]).models() == []


def test_pruning_asks_what_is_served() -> None:
    result = CliRunner().invoke(main, ["prune", "fruit"])
    assert result.exit_code == 2
    assert "Say what is served" in result.output


def test_an_original_photo_is_read_again_unless_it_changed(bucket: str) -> None:
    client = open_client(Location.parse(bucket))
    client.create("apple/1.jpg", b"photo")
    digest = hashlib.sha256(b"photo").hexdigest()
    assert read_original(f"{bucket}/apple/1.jpg", digest) == b"photo"
    assert read_original(f"{bucket}/apple/1.jpg", "0" * 64) is None
    assert read_original(f"{bucket}/apple/2.jpg", digest) is None
