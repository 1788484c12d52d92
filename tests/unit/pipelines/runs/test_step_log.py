"""The logs of two real pods on Kubeflow Pipelines 2.17.0, with what KFP and Argo put in them."""

from pathlib import Path

from viewfinder_pipelines.runs.step_log import last_words, own_lines

DATA = Path(__file__).parents[1] / "data"
SUCCEEDED = (DATA / "log-succeeded.txt").read_text()
FAILED = (DATA / "log-failed.txt").read_text()


def test_what_the_step_says_about_its_progress() -> None:
    assert last_words(own_lines(SUCCEEDED), "validate").startswith("598 photos in 5 classes")
    assert last_words(own_lines(SUCCEEDED), "train") == ""


def test_what_kfp_and_argo_say_is_not_the_steps() -> None:
    lines = "\n".join(own_lines(FAILED))
    assert "launcher_v2.go" not in lines
    assert "argo=true" not in lines
    assert "Traceback" in lines


def test_the_launchers_many_lines_are_not_the_steps_wherever_they_are_cut_off() -> None:
    whole = own_lines(SUCCEEDED)
    assert not [line for line in whole if '"artifacts"' in line and "executor-logs" in line]
    cut = SUCCEEDED[: SUCCEEDED.rindex("ExecutorOutput") + 100]
    assert own_lines(cut) == whole


def test_no_log_at_all() -> None:
    assert own_lines("") == []
