"""What is looked at before a run on this machine begins."""

import os
from pathlib import Path
from typing import Any

import pytest

from viewfinder_components.errors import PermanentError
from viewfinder_components.parameters import configuration
from viewfinder_pipelines.local.runner import plan_run, run_pipeline
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.runs.lock import held_run
from viewfinder_pipelines.settings.environment import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    return Settings(tmp_path / "home")


def test_nothing_is_made_before_the_run_begins(tmp_path: Path, settings: Settings) -> None:
    plan_run({"data": "photos", "model_root": str(tmp_path / "a" / "b")}, settings)
    assert list(tmp_path.iterdir()) == [tmp_path / "photos"]


def test_relative_places_are_kept_absolute_for_a_resume_from_elsewhere(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "own.bin").touch()
    (tmp_path / "corrected.csv").write_text("sha256,correction\n")
    given = {"model_root": Path("models"), "weights": "own.bin", "checkpoint_root": "states",
             "corrections": "corrected.csv"}  # fmt: skip
    arguments = plan_run({"data": "photos", **given}, settings).arguments
    assert arguments["data"] == str(tmp_path / "photos")
    assert arguments["model_root"] == str(tmp_path / "models")
    assert arguments["weights"] == str(tmp_path / "own.bin")
    assert arguments["checkpoint_root"] == str(tmp_path / "states")
    assert arguments["corrections"] == str(tmp_path / "corrected.csv")


def test_corrections_that_do_not_exist_are_told_before_the_run(settings: Settings) -> None:
    with pytest.raises(PermanentError, match="a table of corrections"):
        plan_run({"data": "photos", "corrections": "none.csv"}, settings)
    assert not settings.home.exists()


def test_an_empty_checkpoint_root_stays_empty(settings: Settings) -> None:
    plan = plan_run({"data": "photos", "checkpoint_root": ""}, settings)
    assert plan.arguments["checkpoint_root"] == ""


@pytest.mark.parametrize("name", ["model_root", "checkpoint_root"])
@pytest.mark.parametrize("place", ["file", "file/below", "gone", "gone/below"])
def test_a_place_that_cannot_be_written_is_told_before_the_training(
    name: str, place: str, tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "gone").symlink_to(tmp_path / "was here")
    with pytest.raises(PermanentError, match=rf"{name}|model root") as caught:
        plan_run({"data": "photos", name: tmp_path / place}, settings)
    assert str(tmp_path / place.partition("/")[0]) in str(caught.value)
    assert not settings.home.exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("name", ["model_root", "checkpoint_root"])
def test_a_place_without_permission(name: str, tmp_path: Path, settings: Settings) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(PermanentError, match="Permission denied"):
        plan_run({"data": "photos", name: closed / "below"}, settings)


def test_a_file_in_the_place_of_the_model(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "classifier").touch()
    with pytest.raises(PermanentError, match="Not a directory"):
        plan_run({"data": "photos", "model_root": str(tmp_path)}, settings)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"weights": "no/such.bin"}, "a file of efficientnet-lite0 weights"),
        ({"weights": "s3://bucket/own.bin"}, "weights at a path or a file:// URI"),
        ({"backbone": "mobilenet"}, "the path or file:// URI of mobilenet weights"),
        ({"checkpoint_root": "s3://bucket/states"}, "checkpoint_root to be the path of a folder"),
        ({"data": os.fsdecode(b"caf\xe9")}, "data to be UTF-8"),
        ({"model_root": os.fsdecode(b"/srv/caf\xe9")}, "model_root to be UTF-8"),
        ({"namespace": "a\0b"}, "namespace to be UTF-8 without zero bytes"),
    ],
)
def test_what_a_step_would_refuse(
    options: dict[str, Any], sentence: str, settings: Settings
) -> None:
    with pytest.raises(PermanentError) as caught:
        plan_run({"data": "photos", **options}, settings)
    assert sentence in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_second_runner_leaves_the_first_ones_pipeline_whole(settings: Settings) -> None:
    plan = plan_run({"data": "photos", "run_id": "twin"}, settings)
    plan.run_dir.mkdir(parents=True)
    path = plan.run_dir / "pipeline.yaml"
    path.write_text("what the first one is reading")
    with held_run(plan.run_dir), path.open() as file:
        with pytest.raises(PermanentError, match="a process that is still working on it"):
            run_pipeline(plan, lambda event, result: None)
        assert file.read() == "what the first one is reading"
    assert sorted(entry.name for entry in plan.run_dir.iterdir()) == ["lock", "pipeline.yaml"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("lost", None, "which does not exist; check the path"),
        ("notes.txt", "notes", "a file of another kind; name the folder"),
        ("photos.csv", "path,kind\n1.jpg,cat\n", "expected columns uri and label in"),
        ("photos.csv", "", "expected columns uri and label in"),
    ],
)
def test_photos_that_are_not_there_leave_no_run_behind(
    name: str, content: str | None, sentence: str, settings: Settings
) -> None:
    if content is not None:
        Path(name).write_text(content)
    with pytest.raises(PermanentError) as caught:
        plan_run({"data": name}, settings)
    assert sentence in str(caught.value)
    assert not settings.home.exists()


@configuration
class _Own:
    data: str
    model_root: str = ""
    backbone: str = ""


def test_a_pipeline_of_ones_own_may_have_some_of_our_parameters(settings: Settings) -> None:
    own = PipelineDefinition("own", "", "own:own", steps=(), own=(_Own,))
    plan = plan_run({"data": "lost"}, settings, own)
    assert plan.arguments["model_root"] == str(settings.models)
    assert plan.pipeline is own
