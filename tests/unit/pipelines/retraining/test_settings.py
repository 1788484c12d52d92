"""What is wrong in the settings is named as it is written there."""

from pathlib import Path

import pytest

from viewfinder_components.errors import ViewfinderError
from viewfinder_pipelines.retraining.local_runner import LocalRunner
from viewfinder_pipelines.retraining.serve import plan_models
from viewfinder_pipelines.settings.environment import Settings
from viewfinder_pipelines.settings.file import read_settings


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ('data = "/no/such/folder"', r"data in \[retraining\.fruit\.parameters\]"),
        ("", r'data = "PHOTOS" in \[retraining\.fruit\.parameters\]'),
    ],
)
def test_a_wrong_parameter_is_named_with_its_table(
    parameters: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    path = tmp_path / "viewfinder.toml"
    path.write_text(
        f'[retraining.fruit]\nalerts = ["A"]\n[retraining.fruit.parameters]\n{parameters}\n'
    )
    with pytest.raises(ViewfinderError, match=named):
        plan_models(read_settings(path), LocalRunner(Settings()))
