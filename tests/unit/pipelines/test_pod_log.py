"""The logs of two real pods on Kubeflow Pipelines 2.17.0, with what KFP and Argo put in them."""

from pathlib import Path

from viewfinder_pipelines.outputs import Outputs
from viewfinder_pipelines.pod_log import parse_log

DATA = Path(__file__).parent / "data"
SUCCEEDED = (DATA / "log-succeeded.txt").read_text()
FAILED = (DATA / "log-failed.txt").read_text()


def test_the_steps_sentence_and_outputs() -> None:
    log = parse_log(SUCCEEDED)
    assert log.sentences("validate")[-1].startswith("598 photos in 5 classes")
    own = {"index", "metrics", "pixels", "report"}
    assert set(log.outputs.artifacts) == {*own, "executor-logs"}
    assert log.outputs.artifacts["index"].uri.startswith("minio://mlpipeline/v2/artifacts/")


def test_when_its_code_ran() -> None:
    log = parse_log(SUCCEEDED)
    assert log.began is not None
    assert log.ended is not None
    assert 10 < (log.ended - log.began).total_seconds() < 20
    assert log.began.isoformat() == "2026-11-22T20:26:04.764000+00:00"


def test_what_kfp_and_argo_say_is_not_the_steps() -> None:
    lines = "\n".join(parse_log(FAILED).lines)
    assert "launcher_v2.go" not in lines
    assert "argo=true" not in lines
    assert "Traceback" in lines


def test_a_failed_step_has_no_outputs() -> None:
    assert parse_log(FAILED).outputs == Outputs()


def test_a_log_that_is_cut_off() -> None:
    log = parse_log(SUCCEEDED[: SUCCEEDED.rindex("ExecutorOutput") + 100])
    assert log.outputs == Outputs()
    assert log.sentences("validate")
    most = parse_log(SUCCEEDED[: SUCCEEDED.rindex('"report": {') + 40] + "\nI1122 more")
    assert set(most.outputs.artifacts) == {"executor-logs", "index", "metrics", "pixels"}


def test_no_log_at_all() -> None:
    log = parse_log("")
    assert (log.lines, log.began, log.ended) == ([], None, None)
