from pathlib import Path

from viewfinder_pipelines.runs.outputs import find_task_root, next_try


def test_the_newest_try_is_found_although_the_clock_was_set_back(tmp_path: Path) -> None:
    for time in ("2026-10-25-02-59-00", "2026-10-25-02-01-00"):
        folder = next_try(tmp_path) / f"pipeline-{time}" / "train"
        folder.mkdir(parents=True)
        (folder / "executor_output.json").touch()
    assert find_task_root(tmp_path, "train") == folder
    (folder / "executor_output.json").unlink()
    assert find_task_root(tmp_path, "train") != folder
    assert find_task_root(tmp_path, "train", finished=False) == folder
