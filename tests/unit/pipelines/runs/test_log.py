"""The log of a run: people show it on a terminal."""

from pathlib import Path

from viewfinder_pipelines.runs.files import RunLog


def test_what_a_step_prints_does_not_control_the_terminal(tmp_path: Path) -> None:
    log = RunLog(tmp_path)
    log.write("\x1b[34mtrain\x1b[0m: \t1 of 2\r2 of 2\x1b]0;title\x07 \u202e\udce9 猫\n")
    log.close()
    text = log.path.read_text("utf-8")
    assert text == "train: \t1 of 2\\r2 of 2\\x1b]0;title\\x07 \\u202e\\xe9 猫\n"
