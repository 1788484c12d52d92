"""The tables of a run, read here and through the UI of Kubeflow Pipelines."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.unit.pipelines.played_kubeflow import UI_HEALTH, play
from tests.unit.pipelines.results.conftest import LABELS, PROBABILITIES, Make

import viewfinder
from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.label_issues import LabelIssue, write_label_issues
from viewfinder_pipelines.kubeflow.artifacts import artifact_path

INFINITE = b'{"best_epoch": 1, "history": [{"epoch": 1e400, "phase": "head"}]}'


def test_predictions_have_a_column_for_each_class(make_result: Make, folder: Path) -> None:
    table = viewfinder.read_predictions(make_result(str(folder)))
    columns = [table[f"probability of {label}"].to_numpy() for label in LABELS]
    assert np.array_equal(np.array(columns).T, PROBABILITIES)
    assert table["label"].to_pylist() == [label for label in LABELS for _ in range(2)]
    assert table["predicted"].to_pylist() == [LABELS[n] for n in PROBABILITIES.argmax(axis=1)]
    assert table["correct"].to_pylist() == [True, False, True, False, True, True]


def test_the_history_marks_the_epoch_that_was_kept(make_result: Make, folder: Path) -> None:
    table = viewfinder.read_history(make_result(str(folder)))
    assert table["kept"].to_pylist() == [False, True]
    assert table["loss"].to_pylist() == [1.5, 1.0]


def test_photos_of_a_run_that_validate_refused(
    make_result: Make, folder: Path, tmp_path: Path
) -> None:
    result = make_result(str(folder))
    left = tmp_path / "home" / "runs" / "r-1" / "steps" / "0001" / "x" / "validate"
    left.mkdir(parents=True)
    (folder / "index").rename(left / "index")
    failed = replace(result.steps[0], state="failed", artifacts={})
    refused = replace(result, state="failed", steps=(failed,))
    table = viewfinder.read_photos(refused, home=tmp_path / "home")
    assert table["uri"].to_pylist() == ["/photos/0.jpg"]


def test_a_step_that_did_not_finish(make_result: Make, folder: Path) -> None:
    result = make_result(str(folder))
    stopped = replace(result, state="interrupted", steps=result.steps[:2])
    with pytest.raises(PermanentError, match="the step evaluate in run r-1, received no such step"):
        viewfinder.read_predictions(stopped)
    running = replace(result.steps[1], state="running", artifacts={})
    with pytest.raises(PermanentError, match="the step in state running"):
        viewfinder.read_history(replace(result, steps=(running,)))


def test_a_pipeline_without_the_step(make_result: Make, folder: Path) -> None:
    result = make_result(str(folder))
    other = replace(result, steps=(replace(result.steps[0], name="predict"),))
    for read in (viewfinder.read_photos, viewfinder.read_label_issues):
        with pytest.raises(PermanentError) as raised:
            read(other)
        assert raised.value.received == "a run without this step; its steps are predict"
        assert raised.value.remedy == "take a run of a pipeline that has the step"


def test_a_step_that_the_pipeline_has_several_times(make_result: Make, folder: Path) -> None:
    result = make_result(str(folder))
    steps = [replace(result.step("train"), name=name) for name in ("train[0]", "train[1]")]
    with pytest.raises(PermanentError, match=r"a run with train\[0\], train\[1\] instead"):
        viewfinder.read_history(replace(result, steps=(*steps,)))
    looped = replace(result, steps=(*steps,))
    assert len(viewfinder.read_history(looped, step="train[1]")) > 0


def test_label_issues_are_read_as_they_were_found(make_result: Make, folder: Path) -> None:
    uri, label = '/photos/a "b", c\n=1.jpg', "<b>תפוח</b>, red"
    first = LabelIssue(uri, "0" * 64, "train", label, "NA", "label error", 0.875, "")
    second = LabelIssue("s3://b/0.jpg", "1" * 64, "test", "NA", "", "near duplicate", 0.5, uri)
    formula = LabelIssue("/b.jpg", "2" * 64, "val", "-none-", "=A1", "doubtful", 0.25, "", "+1")
    write_label_issues(folder / "evaluation", [first, second, formula])
    rows = viewfinder.read_label_issues(make_result(str(folder))).to_pylist()
    assert rows == [vars(first), vars(second), vars(formula)]


def test_no_label_issues(make_result: Make, folder: Path) -> None:
    write_label_issues(folder / "evaluation", [])
    assert len(viewfinder.read_label_issues(make_result(str(folder)))) == 0


def test_label_issues_that_were_not_searched_for(make_result: Make, folder: Path) -> None:
    with pytest.raises(PermanentError, match=r"label_issues\.csv"):
        viewfinder.read_label_issues(make_result(str(folder)))


@pytest.mark.parametrize("content", [b"", b"uri,label\na,b\n", b"\xff\xfeu", b"PAR1" * 9])
def test_damaged_label_issues(make_result: Make, folder: Path, content: bytes) -> None:
    (folder / "evaluation" / "label_issues.csv").write_bytes(content)
    with pytest.raises(PermanentError, match=r"a table of label issues in .*label_issues\.csv"):
        viewfinder.read_label_issues(make_result(str(folder)))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"[" * 200_000, b'{"history": 7}', b"\xff", INFINITE]
)
def test_a_damaged_record_of_training(make_result: Make, folder: Path, content: bytes) -> None:
    (folder / "model" / "training.json").write_bytes(content)
    with pytest.raises(PermanentError):
        viewfinder.read_history(make_result(str(folder)))


@pytest.mark.parametrize(
    "content",
    [
        b'{"history": [{}], "best_epoch": 1}',
        b'{"history": [3], "best_epoch": 1}',
        b'{"history": [{"epoch": "x"}], "best_epoch": 1}',
        b'{"history": [{"epoch": 1}]}',
        b'{"history": []}',
    ],
)
def test_epochs_of_another_form(make_result: Make, folder: Path, content: bytes) -> None:
    (folder / "model" / "training.json").write_bytes(content)
    with pytest.raises(PermanentError, match=r"a list of epochs in .*training.json"):
        viewfinder.read_history(make_result(str(folder)))


@pytest.mark.parametrize("columns", [{}, {"uri": ["a"]}, {"probabilities": [1.0]}])
def test_predictions_of_another_form(
    make_result: Make, folder: Path, columns: dict[str, list[object]]
) -> None:
    pq.write_table(pa.table(columns), folder / "evaluation" / "predictions.parquet")
    with pytest.raises(PermanentError, match=r"3 probabilities for each photo in .*parquet"):
        viewfinder.read_predictions(make_result(str(folder)))


def test_a_table_with_damaged_pages(make_result: Make, folder: Path) -> None:
    path = folder / "evaluation" / "predictions.parquet"
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(range(196))
    path.write_bytes(content)
    with pytest.raises(PermanentError, match=r"predictions.parquet"):
        viewfinder.read_predictions(make_result(str(folder)))


@pytest.mark.parametrize("name", ["evaluation.json", "page.json"])
def test_a_record_of_the_evaluation_without_its_parts(
    make_result: Make, folder: Path, name: str
) -> None:
    known = '{"schema_version": 1, "labels": ["ant"]}' if name == "evaluation.json" else "{}"
    (folder / "evaluation" / name).write_text(known)
    with pytest.raises(PermanentError, match=rf"in .*{name}"):
        viewfinder.plot_roc(make_result(str(folder)))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 10])
def test_a_damaged_table(make_result: Make, folder: Path, content: bytes) -> None:
    (folder / "evaluation" / "predictions.parquet").write_bytes(content)
    with pytest.raises(PermanentError, match=r"a Parquet file in .*predictions.parquet"):
        viewfinder.read_predictions(make_result(str(folder)))


def test_a_table_that_was_removed(make_result: Make, folder: Path) -> None:
    (folder / "evaluation" / "predictions.parquet").unlink()
    with pytest.raises(PermanentError, match="No such file"):
        viewfinder.read_predictions(make_result(str(folder)))


def test_probabilities_of_other_classes(make_result: Make, folder: Path) -> None:
    evaluation = folder / "evaluation" / "evaluation.json"
    evaluation.write_text(evaluation.read_text().replace('"ant",', '"ant", "bat",', 1))
    with pytest.raises(PermanentError, match="4 probabilities"):
        viewfinder.read_predictions(make_result(str(folder)))


def test_a_run_on_kubeflow_is_read_through_the_ui(make_result: Make, folder: Path) -> None:
    with play() as kubeflow:
        kubeflow.connect(UI_HEALTH)
        for name in ("evaluation.json", "predictions.parquet"):
            uri = f"minio://mlpipeline/v2/evaluation/{name}"
            content = (folder / "evaluation" / name).read_bytes()
            kubeflow.answers[artifact_path(uri, "")] = content
        result = make_result("minio://mlpipeline/v2", where=kubeflow.host)
        table = viewfinder.read_predictions(result)
        assert table.equals(viewfinder.read_predictions(make_result(str(folder))))
        with pytest.raises(PermanentError, match="HTTP 404"):
            viewfinder.read_history(result)


@pytest.mark.parametrize(
    "name",
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ],
)
def test_any_credentials_are_a_way_to_the_store(
    name: str, make_result: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    with play() as kubeflow:
        kubeflow.connect({"tag_name": "2.17.0"})
        result = make_result("s9://mlpipeline/v2", where=kubeflow.host)
        with pytest.raises(PermanentError) as caught:  # of the store, which is asked
            viewfinder.read_history(result)
    assert "neither the UI's address nor credentials" not in str(caught.value)


def test_a_run_on_kubeflow_whose_artifacts_nothing_reaches(make_result: Make) -> None:
    with play() as kubeflow:
        kubeflow.connect({"tag_name": "2.17.0"})
        result = make_result("minio://mlpipeline/v2", where=kubeflow.host)
        with pytest.raises(PermanentError, match="set KFP_UI_HOST to the UI's address, or export"):
            viewfinder.read_history(result)


def test_a_step_of_a_loop_is_read_by_its_name(make_result: Make, folder: Path) -> None:
    result = make_result(str(folder))
    renamed = {"evaluate": "evaluate[1]", "train": "train-2"}
    steps = [replace(step, name=renamed.get(step.name, step.name)) for step in result.steps]
    looped = replace(result, steps=tuple(steps))
    first = viewfinder.read_predictions(result)
    assert viewfinder.read_predictions(looped, step="evaluate[1]").equals(first)
    assert viewfinder.read_history(looped, step="train-2").equals(viewfinder.read_history(result))
    viewfinder.plot_history(looped, step="train-2")
    for plot in (
        viewfinder.plot_confusion_matrix,
        viewfinder.plot_roc,
        viewfinder.plot_calibration,
    ):
        plot(looped, step="evaluate[1]")
        with pytest.raises(
            PermanentError, match=r"received a run with evaluate\[1\] instead; pass"
        ):
            plot(looped)


def test_epochs_are_whole_numbers(make_result: Make, folder: Path) -> None:
    history = [{"epoch": 1.0, "phase": "head", "loss": 1.5}]
    (folder / "model" / "training.json").write_text(
        json.dumps({"history": history, "best_epoch": 1})
    )
    table = viewfinder.read_history(make_result(str(folder)))
    assert [type(epoch) for epoch in table["epoch"].to_pylist()] == [int]
