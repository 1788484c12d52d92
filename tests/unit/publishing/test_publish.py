import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.contents import Contents

MakeServable = Callable[..., Path]


@pytest.fixture
def root(tmp_path: Path) -> str:
    return str(tmp_path / "a root with spaces, ü and %20")


def test_a_servable_becomes_a_version_that_verifies(root: str, make_servable: MakeServable) -> None:
    published = publish_version(make_servable("run-1"), PublishConfig(root, "fruit", "run-1"))
    assert (published.number, published.reused) == (1, False)
    assert published.uri == f"file://{root}/fruit/1"
    assert not Contents.read(Path(root) / "fruit" / "1").differences()
    assert published.seconds.keys() == {"inspect", "publish"}
    assert published.summary == f"version 1 is {published.uri}"


def test_a_retry_returns_the_version_of_the_first_try(
    root: str, make_servable: MakeServable
) -> None:
    config = PublishConfig(f"file://{root}", "fruit", "run-1")
    first = publish_version(make_servable("run-1"), config)
    publish_version(make_servable("run-2"), PublishConfig(root, "fruit", "run-2"))
    again = publish_version(make_servable("run-1"), config)
    assert (again.number, again.reused) == (first.number, True)
    assert "was already published: " in again.summary
    # Trained again under the same run's name: another model, another version.
    other = publish_version(make_servable("run-1", b"other weights"), config)
    assert (other.number, other.reused) == (3, False)


def test_a_run_that_evaluates_again_publishes_nothing_new(
    root: str, make_servable: MakeServable
) -> None:
    config = PublishConfig(root, "fruit", "run-1")
    servable = make_servable("run-1")
    describe(servable, "no version to compare with")
    first = publish_version(servable, config)
    describe(servable, "not worse than version 1")
    again = publish_version(servable, config)
    assert (again.number, again.reused) == (first.number, True)
    card = Path(root) / "fruit" / "1" / "card.md"
    card.chmod(0o644)
    card.write_text("damaged")
    assert publish_version(servable, config).number == 2


def test_only_the_versions_of_the_run_itself_are_verified(
    root: str, make_servable: MakeServable, caplog: pytest.LogCaptureFixture
) -> None:
    """Every byte of other versions would come over the network where they lie on a volume."""
    for run in ("run-1", "run-2"):
        publish_version(make_servable(run), PublishConfig(root, "fruit", run))
    for number in (1, 2):
        weights = Path(root) / "fruit" / str(number) / "model.bin"
        weights.chmod(0o644)
        weights.write_bytes(b"WEIGHTS")
    again = publish_version(make_servable("run-2"), PublishConfig(root, "fruit", "run-2"))
    assert (again.number, again.reused) == (3, False)
    assert "fruit/2 is damaged" in caplog.text
    assert "fruit/1 is damaged" not in caplog.text


def describe(servable: Path, decision: str) -> None:
    """Export again after another evaluation: card and manifest differ, the model does not."""
    (servable / "card.md").write_text(decision)
    manifest = json.loads((servable / "manifest.json").read_text())
    digest = hashlib.sha256(decision.encode()).hexdigest()
    manifest["created"] = decision
    manifest["files"]["card.md"] = {"sha256": digest}
    (servable / "manifest.json").write_text(json.dumps(manifest))


def test_a_run_without_a_name_can_publish(root: str, make_servable: MakeServable) -> None:
    assert publish_version(make_servable(""), PublishConfig(root, "fruit", "")).number == 1


@pytest.mark.parametrize(("model", "run"), [("fruit", "run-2"), ("cats", "run-1")])
def test_the_servable_of_another_run_is_refused(
    model: str, run: str, root: str, make_servable: MakeServable
) -> None:
    with pytest.raises(PermanentError, match=r"expected a servable of .*'(run-1|fruit)'"):
        publish_version(make_servable("run-1"), PublishConfig(root, model, run))


def test_a_bad_name_is_refused_before_anything_is_read(root: str) -> None:
    with pytest.raises(PermanentError, match="starting with a letter"):
        PublishConfig(root, "Fruit Salad", "run-1")


def test_a_root_of_another_kind_is_refused(make_servable: MakeServable) -> None:
    with pytest.raises(PermanentError, match="hdfs:// is not supported"):
        publish_version(make_servable("run-1"), PublishConfig("hdfs://name", "fruit", "run-1"))


def _link(servable: Path) -> None:
    (servable / "secret").symlink_to("/etc/passwd")


def _linked_folder(servable: Path) -> None:
    (servable / "folder").symlink_to("/etc", target_is_directory=True)


def _pipe(servable: Path) -> None:
    os.mkfifo(servable / "pipe")


def _extra(servable: Path) -> None:
    (servable / "left over").touch()


def _missing(servable: Path) -> None:
    (servable / "labels.json").unlink()


def _changed(servable: Path) -> None:
    (servable / "model.bin").write_bytes(b"WEIGHTS")


def _no_manifest(servable: Path) -> None:
    (servable / "manifest.json").unlink()


def _broken_manifest(servable: Path) -> None:
    (servable / "manifest.json").write_text('{"files"')


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_link, "secret, a link or a special file"),
        (_linked_folder, "folder, a link or a special file"),
        (_pipe, "pipe, a link or a special file"),
        (_extra, r"extra: \['left over'\]"),
        (_missing, r"missing: \['labels.json'\]"),
        (_changed, r"model\.bin with sha256"),
        (_no_manifest, "No such file"),
        (_broken_manifest, "expected a manifest in"),
    ],
)
def test_a_spoilt_servable_is_refused_and_nothing_appears(
    spoil: Callable[[Path], None], message: str, root: str, make_servable: MakeServable
) -> None:
    servable = make_servable("run-1")
    spoil(servable)
    with pytest.raises(PermanentError, match=message):
        publish_version(servable, PublishConfig(root, "fruit", "run-1"))
    assert not list(Path(root).glob("fruit/*"))


@pytest.mark.parametrize(
    "manifest",
    [[], None, {}, {"files": []}, {"files": {"a": "b"}}, {"files": {"a": {"sha256": 1}}}],
)
def test_a_manifest_of_another_form_is_refused(
    manifest: Any, root: str, make_servable: MakeServable
) -> None:
    servable = make_servable("run-1")
    (servable / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PermanentError, match=r"manifest\.json"):
        publish_version(servable, PublishConfig(root, "fruit", "run-1"))


def test_a_manifest_cannot_lead_out_of_the_servable(root: str, make_servable: MakeServable) -> None:
    servable = make_servable("run-1")
    (servable.parent / "outside").write_text("secret")
    manifest = json.loads((servable / "manifest.json").read_text())
    manifest["files"]["../outside"] = {"sha256": "0" * 64}
    (servable / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(PermanentError, match=r"below the version .*'\.\./outside'"):
        publish_version(servable, PublishConfig(root, "fruit", "run-1"))


def test_verification_names_what_is_wrong(make_servable: MakeServable) -> None:
    servable = make_servable("run-1")
    assert not Contents.read(servable).differences()
    for spoil in (_extra, _missing, _changed):
        spoil(servable)
    assert Contents.read(servable).differences() == (
        "missing: labels.json; extra: left over; changed: model.bin"
    )
