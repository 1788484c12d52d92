from pathlib import Path

from viewfinder_pipelines.runs.outputs import (
    PlannedStep,
    find_task_root,
    list_task_roots,
    next_try,
    read_planned_steps,
)


def test_the_newest_try_is_found_although_the_clock_was_set_back(tmp_path: Path) -> None:
    for time in ("2026-10-25-02-59-00", "2026-10-25-02-01-00"):
        folder = next_try(tmp_path) / f"pipeline-{time}" / "train"
        folder.mkdir(parents=True)
        (folder / "executor_output.json").touch()
    assert find_task_root(tmp_path, "train") == folder
    (folder / "executor_output.json").unlink()
    assert find_task_root(tmp_path, "train") != folder
    assert find_task_root(tmp_path, "train", finished=False) == folder


def test_the_steps_of_a_loop_are_found_in_its_iterations(tmp_path: Path) -> None:
    root = next_try(tmp_path) / "pipeline-now"
    places = ["validate", "for-loop-2-iteration-0/train", "for-loop-2-iteration-1/train"]
    for place in places:
        (root / place).mkdir(parents=True)
        (root / place / "executor_output.json").touch()
    assert find_task_root(tmp_path, "train[1]") == root / places[2]
    assert find_task_root(tmp_path, "train[2]") is None
    assert find_task_root(tmp_path, "train") is None
    assert set(list_task_roots(tmp_path)) == {root / place for place in places}


LOOPED = """
components:
  comp-train:
    outputDefinitions: {artifacts: {model: {artifactType: {schemaTitle: system.Model}}}}
  comp-choose: {}
  comp-for-loop-1: {dag: {tasks: {train: {componentRef: {name: comp-train}}}}}
  comp-condition-2: {dag: {tasks: {choose: {componentRef: {name: comp-choose}}}}}
root:
  dag:
    tasks:
      for-loop-1: {componentRef: {name: comp-for-loop-1}, parameterIterator: {}}
      condition-2: {componentRef: {name: comp-condition-2}}
"""


def test_steps_in_loops_and_inner_graphs_are_planned(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(LOOPED)
    train, choose = read_planned_steps(tmp_path / "pipeline.yaml")
    assert train == PlannedStep("train", True, False, {"model": "system.Model"})
    assert choose == PlannedStep("choose", False, False, {})


def test_what_is_in_a_condition_in_a_loop_is_nested(tmp_path: Path) -> None:
    (tmp_path / "pipeline.yaml").write_text(
        LOOPED.replace(
            "comp-for-loop-1: {dag: {tasks: {train: {componentRef: {name: comp-train}}}}}",
            "comp-for-loop-1: {dag: {tasks: {condition-3: {componentRef: {name: comp-condition-3}}}"
            "}}\n  comp-condition-3: {dag: {tasks: {train: {componentRef: {name: comp-train}}}}}",
        )
    )
    train, choose = read_planned_steps(tmp_path / "pipeline.yaml")
    assert (train.is_nested, choose.is_nested) == (True, False)
