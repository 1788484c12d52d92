"""The check against real predictor processes."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.fixtures.servables import LABELS, draw, write_evaluation, write_servable
from tests.fixtures.waiting import PATIENCE, wait_for

from viewfinder_components.checking import predictor
from viewfinder_components.checking.check import check_servable
from viewfinder_components.checking.config import CheckConfig
from viewfinder_components.errors import PermanentError
from viewfinder_components.formats.evaluation import write_evaluation as write_record

QUICK = CheckConfig(requests=10)


@pytest.fixture
def servable(tmp_path):
    return write_servable(tmp_path / "servable")


@pytest.fixture
def evaluation(tmp_path, servable):
    return write_evaluation(tmp_path / "evaluation", servable)


def read_verdict(folder: Path) -> dict:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads((folder / "verdict.json").read_text(), parse_constant=refuse)


def failed(verdict: dict) -> list[str]:
    assert verdict["passed"] is False
    return [check["name"] for check in verdict["checks"] if not check["passed"]]


def predictors() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "checked" in read_command(child)]  # the name it serves


def read_command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:  # another test's, which has ended meanwhile
        return []


def test_a_traceback_of_the_predictor_is_one_line_of_the_message(servable, monkeypatch):
    """As with `ulimit -n 12`, which ends the predictor before any code of ours runs."""
    program = "raise OSError(24, 'Too many open files')"
    command = [sys.executable, "-c", program]
    monkeypatch.setattr(predictor, "predictor_command", lambda *_: command)
    with (
        pytest.raises(predictor.NotReadyError) as caught,
        predictor.running_predictor(servable, "checked", 60),
    ):
        pass
    assert caught.value.received == "exit code 1: OSError: [Errno 24] Too many open files"


def test_a_good_servable_passes(servable, evaluation, tmp_path):
    result = check_servable(servable, evaluation, tmp_path / "verdict", QUICK)
    assert result.passed
    assert result.summary.startswith("all 8 checks passed")
    assert result.scalars["max_difference"] < 1e-5
    assert 0 < result.scalars["p50_ms"] <= result.scalars["p99_ms"]
    assert 50 < result.scalars["memory_mb"] < 512
    assert set(result.seconds) == {"start", "answers", "latency"}

    verdict = read_verdict(tmp_path / "verdict")
    assert verdict["passed"] is True
    assert [check["name"] for check in verdict["checks"]] == list(result.scalars)
    assert all(check["sentence"].endswith(".") for check in verdict["checks"])
    assert verdict["samples"] == {"compared": 5, "too_large": []}
    assert len(verdict["latency"]["samples_ms"]) == 10
    assert verdict["latency"]["p50_ms"] in verdict["latency"]["samples_ms"]
    assert verdict["model"]["outputs"][2]["shape"] == [-1, 3]
    assert {"python", "kserve", "openvino"} <= verdict["versions"].keys()
    assert [path.name for path in (tmp_path / "verdict").iterdir()] == ["verdict.json"]
    assert predictors() == []


def test_labels_in_another_order_fail(servable, evaluation, tmp_path):
    (servable / "labels.json").write_text(json.dumps(LABELS[::-1]))
    with pytest.raises(PermanentError, match="The labels are"):
        check_servable(servable, evaluation, tmp_path / "verdict", QUICK)
    assert "labels" in failed(read_verdict(tmp_path / "verdict"))
    assert predictors() == []


def test_another_model_fails(servable, evaluation, tmp_path):
    other = write_servable(tmp_path / "other", scale=-3.0)
    with pytest.raises(PermanentError, match="above the limit"):
        check_servable(other, evaluation, tmp_path / "verdict", QUICK)
    names = failed(read_verdict(tmp_path / "verdict"))
    assert names == ["max_difference", "other_labels"]


def test_limits_that_are_exceeded_are_all_named(servable, evaluation, tmp_path):
    config = CheckConfig(requests=5, max_p50_ms=0.001, max_p99_ms=0.002, max_memory_mb=1)
    with pytest.raises(PermanentError) as caught:
        check_servable(servable, evaluation, tmp_path / "verdict", config)
    for words in ("3 of 8 checks failed", "median latency", "99th percentile", "peak memory"):
        assert words in str(caught.value)
    assert failed(read_verdict(tmp_path / "verdict")) == ["p50_ms", "p99_ms", "memory_mb"]
    assert predictors() == []


def test_a_predictor_that_crashes_tells_its_log(servable, evaluation, tmp_path):
    (servable / "model.bin").write_bytes(b"")
    with pytest.raises(PermanentError, match=r"(?s)exit code 1: .*OpenVINO model"):
        check_servable(servable, evaluation, tmp_path / "verdict", QUICK)
    verdict = read_verdict(tmp_path / "verdict")
    assert failed(verdict) == ["start_seconds"]
    assert verdict["checks"][0]["value"] is None


def test_a_predictor_that_is_not_ready_in_time_is_ended(servable, evaluation, tmp_path):
    config = CheckConfig(max_start_seconds=0.1)
    with pytest.raises(PermanentError, match="ready in time"):
        check_servable(servable, evaluation, tmp_path / "verdict", config)
    assert failed(read_verdict(tmp_path / "verdict")) == ["start_seconds"]
    assert predictors() == []


def test_a_photo_the_predictor_does_not_read_fails(servable, evaluation, tmp_path):
    (evaluation / "samples" / "sample-001.png").write_bytes(b"no picture")
    with pytest.raises(PermanentError, match="not_a_photo"):
        check_servable(servable, evaluation, tmp_path / "verdict", QUICK)
    assert failed(read_verdict(tmp_path / "verdict")) == ["failed_answers"]


def test_a_photo_above_the_predictors_limits_is_left_out(servable, tmp_path):
    photos = [draw((200, 0, 0)), draw((0, 0, 200), size=(9000, 9000))]
    evaluation = write_evaluation(tmp_path / "evaluation", servable, photos)
    assert check_servable(servable, evaluation, tmp_path / "verdict", QUICK).passed
    verdict = read_verdict(tmp_path / "verdict")
    assert verdict["samples"] == {"compared": 1, "too_large": ["test/sample-001.png"]}


@pytest.mark.parametrize(
    "spoil",
    [
        shutil.rmtree,
        lambda folder: (folder / "samples" / "samples.json").write_text("[]"),
        lambda folder: (folder / "samples" / "samples.json").write_text("{"),
        lambda folder: (folder / "samples" / "samples.json").write_text('[{"file": "x"}]'),
        lambda folder: (folder / "samples" / "sample-000.png").unlink(),
        lambda folder: write_record(folder, {"labels": ["a", "b"]}),
    ],
)
def test_an_evaluation_that_cannot_be_read_is_refused(servable, evaluation, tmp_path, spoil):
    spoil(evaluation)
    with pytest.raises(PermanentError, match="run evaluate again"):
        check_servable(servable, evaluation, tmp_path / "verdict", QUICK)


@pytest.mark.parametrize(
    "values",
    [
        {"tolerance": -0.1},
        {"tolerance": 1.1},
        {"tolerance": float("nan")},
        {"requests": 0},
        {"max_p50_ms": 0},
        {"max_p99_ms": float("inf")},
        {"max_memory_mb": -1},
        {"max_start_seconds": float("nan")},
    ],
)
def test_options_have_ranges(values):
    with pytest.raises(PermanentError, match=next(iter(values))):
        CheckConfig(**values)


def test_a_killed_check_leaves_no_predictor(servable, evaluation, tmp_path):
    """Killed outright, it cannot end the predictor itself."""
    script = (
        "import sys; from pathlib import Path\n"
        "from viewfinder_components.checking.check import check_servable\n"
        "from viewfinder_components.checking.config import CheckConfig\n"
        "check_servable(*map(Path, sys.argv[1:]), CheckConfig(requests=1_000_000))"
    )
    folders = [str(servable), str(evaluation), str(tmp_path / "verdict")]
    check = subprocess.Popen([sys.executable, "-c", script, *folders], cwd=tmp_path)
    try:
        parent = psutil.Process(check.pid)

        def listening() -> list[psutil.Process]:
            assert check.poll() is None
            return [child for child in parent.children() if listens(child)]

        found = wait_for(listening, "the predictor to listen")
    finally:
        check.kill()
        check.wait()
    gone, alive = psutil.wait_procs(found, timeout=PATIENCE)
    assert (len(gone), alive) == (1, [])


def listens(process: psutil.Process) -> bool:
    try:
        return any(c.status == psutil.CONN_LISTEN for c in process.connections(kind="tcp"))
    except psutil.NoSuchProcess:
        return False


def test_the_check_runs_without_the_steps_packages():
    """It runs in the predictor's image."""
    script = (
        "import json, sys, viewfinder_components.checking.check\n"
        "print(json.dumps([n for n in ('tensorflow', 'pyarrow', 'sklearn') if n in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert json.loads(done.stdout) == []
