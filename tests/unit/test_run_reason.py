"""Why a run began, as the parameter `reason` says it."""

import json
from pathlib import Path

import pytest
import yaml

from viewfinder_components.run_reason import RunReason
from viewfinder_pipelines.pipeline.compiling import compile_pipeline
from viewfinder_pipelines.pipeline.parameters import check_parameters
from viewfinder_pipelines.pipeline.registry import TRAINING

DRIFT = RunReason(
    "alert",
    alert="ViewfinderDrift",
    service="shop/fruit",
    measure="brightness",
    value="0.31",
    limit="0.12",
    since="2026-11-28T15:00:00Z",
)


@pytest.mark.parametrize(
    "reason",
    [
        RunReason(),
        RunReason(text="a new camera"),
        RunReason("schedule", text="nightly"),
        RunReason("data", photos=217, since="2026-11-28T15:00:00+00:00"),
        DRIFT,
    ],
    ids=lambda reason: reason.kind,
)
def test_a_reason_comes_back_as_it_was(reason: RunReason) -> None:
    assert RunReason.parse(reason.write()) == reason


def test_a_reason_is_a_phrase() -> None:
    assert str(RunReason()) == "by hand"
    assert str(RunReason(text="a new camera")) == "by hand: a new camera"
    assert str(RunReason("schedule", text="nightly")) == "schedule nightly"
    assert str(RunReason("data", photos=1, since="noon")) == "1 new photo, since noon"
    assert str(DRIFT) == (
        "alert ViewfinderDrift of shop/fruit: brightness 0.31 (limit 0.12), "
        "since 2026-11-28T15:00:00Z"
    )
    assert str(RunReason("alert", alert="ViewfinderModelStale")) == "alert ViewfinderModelStale"


@pytest.mark.parametrize(
    "text",
    [
        *(" new photos ", "3", "[1]", '{"kind": "hand", "since": 3}', '{"kind": "other"}'),
        *('{"unknown": 1}', "[" * 200_000, "\x1b[2J"),
    ],
)
def test_any_other_text_is_given_by_hand(text: str) -> None:
    assert RunReason.parse(text) == RunReason(text=text.strip())


@pytest.mark.parametrize("value", [None, 3, {"kind": "data"}])
def test_a_parameter_of_another_type_is_no_reason(value: object) -> None:
    """A pipeline of a user's own may have a parameter of this name."""
    assert RunReason.parse(value) == RunReason()


def test_no_field_is_longer_than_the_parameter_may_be() -> None:
    longest = "\U0001f34c" * 10_000
    reason = RunReason("alert", longest, 1, longest, longest, longest, longest, longest, longest)
    parameters = TRAINING.with_defaults({"data": "photos", "model_root": "s3://models"})
    check_parameters(TRAINING, {**parameters, "reason": reason.write()})
    assert json.loads(reason.write())["alert"] == longest[:200]


def test_no_step_that_kubeflow_may_skip_takes_the_reason(tmp_path: Path) -> None:
    """It would never be skipped, as no two runs have the same reason."""
    compile_pipeline(tmp_path / "pipeline.yaml")
    pipeline = next(yaml.safe_load_all((tmp_path / "pipeline.yaml").read_text()))
    tasks = pipeline["root"]["dag"]["tasks"]
    told = {name for name, task in tasks.items() if "reason" in task["inputs"]["parameters"]}
    cached = {name for name, task in tasks.items() if task["cachingOptions"].get("enableCache")}
    assert told == {"evaluate"}
    assert cached >= {"validate", "preprocess", "train"}
    assert not told & cached
