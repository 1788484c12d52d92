"""What publish adds to a version: the precision that check has chosen."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MakeServable

from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.precision import Candidate, PrecisionChoice
from viewfinder_components.publishing.config import PublishConfig
from viewfinder_components.publishing.publish import publish_version
from viewfinder_components.storage.contents import Contents

CHOICE = PrecisionChoice(
    ("int8", "f32"),
    "int8 is served: it is the fastest that passed. int8 passed.",
    {"int8": 0.2, "f32": 0.02},
    (
        Candidate("f32", True, "Compared with.", photos=200, accuracy=0.9, p50_ms=10.0),
        Candidate(
            "int8", True, "int8 passed.", "On 200 test photos.", 200, 0.895, -0.005, -0.02, 0.01,
            0.99, 0.18, 4.2,
        ),
        Candidate("bf16", False, "bf16 was not tried."),
    ),
)  # fmt: skip


@pytest.fixture
def verdict(tmp_path: Path) -> Path:
    folder = tmp_path / "verdict"
    folder.mkdir()
    write_verdict(folder, {"passed": True, "precision": CHOICE.to_json()})
    return folder


def write_verdict(folder: Path, values: Any) -> None:
    (folder / "verdict.json").write_text(json.dumps(values))


@pytest.fixture
def servable(make_servable: MakeServable) -> Path:
    """With a card."""
    folder = make_servable("run-1")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "card.md").write_text("# fruit\n")
    digest = hashlib.sha256((folder / "card.md").read_bytes()).hexdigest()
    manifest["files"]["card.md"] = {"sha256": digest}
    manifest["precision"] = PrecisionChoice(reason="not checked yet").to_json()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture
def config(tmp_path: Path) -> PublishConfig:
    return PublishConfig(str(tmp_path / "root"), "fruit", "run-1")


def published(config: PublishConfig) -> Path:
    return Path(config.model_root) / "fruit" / "1"


def test_manifest_and_card_say_which_precision_is_served(
    servable: Path, verdict: Path, config: PublishConfig
) -> None:
    before = {path.name: path.read_bytes() for path in servable.iterdir() if path.is_file()}
    publish_version(servable, config, verdict)
    version = published(config)
    assert not Contents.read(version).differences()
    entry = json.loads((version / "manifest.json").read_text())["precision"]
    assert entry["served"] == "int8"
    assert PrecisionChoice.read(entry) == CHOICE
    card = (version / "card.md").read_text()
    assert card.startswith("# fruit\n\n## Precision\n\nThe predictor computes in int8. int8 is")
    assert "It takes the first of these that its processor has: int8, f32." in card
    assert "| f32 | yes | 90.0% |  |  |  | 10.0 ms |\n" in card
    assert "| int8 | yes | 89.5% | -0.5 | -2.0 to +1.0 | 99.0% | 4.2 ms |\n" in card
    assert "| bf16 |" not in card
    after = {path.name: path.read_bytes() for path in servable.iterdir() if path.is_file()}
    assert after == before  # what export wrote


def test_a_run_that_checks_again_publishes_nothing_new(
    servable: Path, verdict: Path, config: PublishConfig
) -> None:
    """Its latencies are others, and so may be its choice."""
    publish_version(servable, config, verdict)
    write_verdict(verdict, {"passed": True, "precision": PrecisionChoice().to_json()})
    again = publish_version(servable, config, verdict)
    assert (again.number, again.reused) == (1, True)


@pytest.mark.parametrize("given", [True, False])
def test_without_a_choice_what_export_wrote_is_published(
    given: bool, servable: Path, verdict: Path, config: PublishConfig
) -> None:
    """The verdict is missing in pipelines without a check, and older ones have no choice."""
    write_verdict(verdict, {"passed": True})
    publish_version(servable, config, verdict if given else None)
    manifest = (published(config) / "manifest.json").read_bytes()
    assert manifest == (servable / "manifest.json").read_bytes()


def test_a_servable_without_a_card_is_published(
    make_servable: MakeServable, verdict: Path, config: PublishConfig
) -> None:
    publish_version(make_servable("run-1"), config, verdict)
    assert not (published(config) / "card.md").exists()
    assert not Contents.read(published(config)).differences()


@pytest.mark.parametrize("spoil", ["{", "[]", None])
def test_a_verdict_that_cannot_be_read_is_an_error(
    spoil: str | None, servable: Path, verdict: Path, config: PublishConfig
) -> None:
    (verdict / "verdict.json").unlink()
    if spoil:
        (verdict / "verdict.json").write_text(spoil)
    with pytest.raises(PermanentError, match=r"verdict\.json"):
        publish_version(servable, config, verdict)
    assert not published(config).exists()
