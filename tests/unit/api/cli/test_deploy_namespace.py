"""Which namespace `viewfinder deploy --on kubeflow` deploys to."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main
from viewfinder.kubeflow import KubeflowPipelines
from viewfinder_components.errors import PermanentError
from viewfinder_pipelines.kubeflow.runner import KubeflowPlan

_SETTINGS = """
[parameters]
model_root = "s3://models"
namespace = "prod"
[steps]
image = "localhost/steps:1"
[steps.check]
image = "localhost/predictor:1"
"""


@pytest.mark.parametrize(
    ("profile", "arguments", "service", "run"),
    [
        ("", (), "prod", ""),
        ("", ("--namespace", "staging"), "staging", "staging"),
        ("alice", ("--namespace", "staging"), "staging", "alice"),
    ],
)
def test_the_namespace_that_is_named_is_the_services(
    profile: str,
    arguments: tuple[str, ...],
    service: str,
    run: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plans: list[KubeflowPlan] = []

    def take(_: KubeflowPipelines, plan: KubeflowPlan) -> None:
        plans.append(plan)
        raise PermanentError("a server", "none", "start one")

    monkeypatch.setattr(KubeflowPipelines, "_start", take)
    monkeypatch.chdir(tmp_path)
    kubeflow = f'[kubeflow]\nnamespace = "{profile}"\n' if profile else ""
    Path("viewfinder.toml").write_text(kubeflow + _SETTINGS)
    result = CliRunner().invoke(main, ["deploy", "fruit/3", "--on", "kubeflow", *arguments])
    assert result.exit_code == 1, result.output
    (plan,) = plans
    assert plan.arguments["namespace"] == service
    assert plan.settings.kubeflow.namespace == run
