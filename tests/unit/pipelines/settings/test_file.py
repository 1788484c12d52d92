"""The settings file, and what of it reaches the compiled pipeline."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from google.protobuf import json_format
from kfp import compiler, dsl
from kfp.pipeline_spec.pipeline_spec_pb2 import PlatformSpec

from viewfinder.cli.main import main
from viewfinder_components.errors import PermanentError, UsageError
from viewfinder_pipelines.kubeflow.submission import compile_for_cluster
from viewfinder_pipelines.pipeline.platform import PlatformSettings, PodSettings
from viewfinder_pipelines.settings.file import ClusterSettings, read_settings

EXAMPLE = Path(__file__).parents[4] / "docs" / "viewfinder.toml"


def settings(tmp_path: Path, text: str) -> ClusterSettings:
    path = tmp_path / "viewfinder.toml"
    path.write_text(text)
    return read_settings(path)


def test_without_a_file_everything_has_its_default(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(None) == ClusterSettings()


def test_the_file_in_the_working_directory_is_read(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "viewfinder.toml").write_text('[kubeflow]\nhost = "http://here"')
    assert read_settings(None).kubeflow.host == "http://here"


def test_a_step_gets_its_own_settings_over_those_of_every_step(tmp_path: Path) -> None:
    platform = settings(
        tmp_path,
        """
        [steps]
        image = "steps:1"
        cpu = "1"
        env = { A = "every", B = "every" }
        [steps.train]
        cpu = "4"
        env = { B = "train" }
        """,
    ).platform
    assert platform.of("validate").cpu == "1"
    train = platform.of("train")
    assert (train.cpu, train.image, train.env) == ("4", "steps:1", {"A": "every", "B": "train"})


@pytest.mark.parametrize(
    ("text", "limit", "requested"),
    [
        ("", None, "250m"),
        ("[steps]\ncpu_request = '100m'", None, "100m"),
        ("[steps]\ncpu = '2'", "2", "2"),
        ("[steps]\ncpu = '2'\ncpu_request = '1'", "2", "1"),
        ("[steps]\ncpu_request = '0'", None, "0"),
    ],
)
def test_a_step_that_computes_has_a_share_of_a_busy_node(
    tmp_path: Path, text: str, limit: str | None, requested: str
) -> None:
    path = tmp_path / "pipeline.yaml"
    compile_for_cluster(path, settings(tmp_path, text).platform)
    executors = next(yaml.safe_load_all(path.read_text()))["deploymentSpec"]["executors"]
    for step in ("validate", "preprocess", "train", "evaluate", "export", "check"):
        resources = executors[f"exec-{step}"]["container"]["resources"]
        assert resources.get("resourceCpuLimit") == limit, step
        assert resources["resourceCpuRequest"] == requested, step


def test_the_requestedof_one_step_wins_over_the_limit_of_every_step(tmp_path: Path) -> None:
    text = "[steps]\ncpu = '1'\n[steps.check]\ncpu_request = '500m'"
    check = settings(tmp_path, text).platform.of("check")
    assert (check.cpu, check.cpu_request) == ("1", "500m")


def test_the_check_keeps_the_predictors_image() -> None:
    platform = PlatformSettings(every=PodSettings(image="steps:1", cpu="1"))
    assert (platform.of("check").image, platform.of("check").cpu) == ("", "1")
    own = PlatformSettings(
        every=PodSettings(image="steps:1"), steps={"check": PodSettings(image="predictor:1")}
    )
    assert own.of("check").image == "predictor:1"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[kubeflow", "expected TOML in"),
        ("[kubflow]", "received 'kubflow'"),
        ("[kubeflow]\nhots = 'x'", "for kubeflow, received 'hots'"),
        ("[kubeflow]\nhost = 3", "expected a string for kubeflow.host, received 3"),
        ("[kubeflow]\ncache = 'no'", "expected true or false for kubeflow.cache"),
        ("[steps]\naccelerators = true", "expected a whole number for steps.accelerators"),
        ("[kubeflow]\nrun_deadline_seconds = -1", "run_deadline_seconds to be a whole number"),
        ("[steps]\npull_policy = 'Sometimes'", "expected pull_policy to be one of Always"),
        ("[steps]\nsecrets = ['s3']", "expected a table for steps.secrets, received 's3'"),
        ("[steps]\nsecrets = [{name = 's3'}]", "expected every field for steps.secrets"),
        ("[steps.train]\ncpus = '1'", "for steps.train, received 'cpus'"),
        ("steps = 3", "expected a table for steps"),
        ("parameters = 3", "expected a table for parameters"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PermanentError, match=r"correct|; choose |; write one ") as caught:
        settings(tmp_path, text)
    assert sentence in str(caught.value)


def test_a_missing_file_that_was_named(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="name another with settings"):
        read_settings(tmp_path / "missing.toml")


def test_settings_reach_the_compiled_pipeline(tmp_path: Path) -> None:
    """Every setting of the example in the docs, as KFP's own kfp-kubernetes would write it."""
    path = tmp_path / "pipeline.yaml"
    compile_for_cluster(path, read_settings(EXAMPLE).platform)
    pipeline, platform = yaml.safe_load_all(path.read_text())
    train = pipeline["deploymentSpec"]["executors"]["exec-train"]["container"]
    assert train["image"] == "registry.example.com/viewfinder/steps:0.1.0"
    assert train["env"] == [{"name": "AWS_ENDPOINT_URL", "value": "http://minio.stores:9000"}]
    assert train["resources"] == {
        "resourceCpuLimit": "4",
        "resourceCpuRequest": "4",
        "resourceMemoryLimit": "8Gi",
        "resourceMemoryRequest": "8Gi",
        "accelerator": {"resourceType": "nvidia.com/gpu", "resourceCount": "1"},
    }
    pods = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert set(pods) == set(pipeline["deploymentSpec"]["executors"])
    pod = pods["exec-train"]
    assert pod["imagePullPolicy"] == "IfNotPresent"
    assert pod["imagePullSecret"][0]["secretName"] == "registry"
    assert pod["nodeSelector"] == {"labels": {"pool": "gpu"}}
    assert pod["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    ]
    assert pod["secretAsEnv"][0]["keyToEnv"] == [
        {"secretKey": "AWS_ACCESS_KEY_ID", "envVar": "AWS_ACCESS_KEY_ID"},
        {"secretKey": "AWS_SECRET_ACCESS_KEY", "envVar": "AWS_SECRET_ACCESS_KEY"},
    ]
    assert pod["pvcMount"][0]["mountPath"] == "/mnt/pvc/photos"
    assert "nodeSelector" not in pods["exec-validate"]


def test_a_run_ends_at_its_deadline_whoever_starts_it(tmp_path: Path) -> None:
    """As kfp's own compiler writes it, so that the UI's and a schedule's runs have it as well."""

    @dsl.component(base_image="python")
    def work() -> None:
        pass

    @dsl.pipeline(pipeline_config=dsl.PipelineConfig(active_deadline_seconds=86400))
    def limited() -> None:
        work()

    compiler.Compiler().compile(limited, str(tmp_path / "kfp.yaml"))
    ours, theirs = tmp_path / "pipeline.yaml", tmp_path / "kfp.yaml"
    deadline = settings(tmp_path, "[kubeflow]\nrun_deadline_seconds = 86400")
    compile_for_cluster(ours, deadline.platform)
    _, written = yaml.safe_load_all(ours.read_text())
    _, expected = yaml.safe_load_all(theirs.read_text())
    assert written == expected
    # The backend parses it into this message, and kfp's has all of its fields.
    parsed = json_format.ParseDict(written, PlatformSpec()).platforms["kubernetes"]
    assert parsed.pipelineConfig.active_deadline_seconds == 86400
    compile_for_cluster(ours, settings(tmp_path, "").platform)
    assert len(list(yaml.safe_load_all(ours.read_text()))) == 1


def test_a_compiled_pipeline_skips_steps_only_as_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "viewfinder.toml").write_text("[kubeflow]\ncache = false")
    assert CliRunner().invoke(main, ["compile", "-o", "pipeline.yaml"]).exit_code == 0
    assert "enableCache: true" not in (tmp_path / "pipeline.yaml").read_text()


def test_settings_for_a_step_that_does_not_exist(tmp_path: Path) -> None:
    platform = PlatformSettings(steps={"trian": PodSettings(cpu="4")})
    with pytest.raises(PermanentError, match=r"received \[steps.trian\]"):
        compile_for_cluster(tmp_path / "pipeline.yaml", platform)


def test_without_the_cache_no_step_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    compile_for_cluster(path, PlatformSettings(), cache=False)
    assert "enableCache: true" not in path.read_text()
    compile_for_cluster(path, PlatformSettings())
    assert "enableCache: true" in path.read_text()


def test_the_same_settings_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    for path in (first, second):
        compile_for_cluster(path, read_settings(EXAMPLE).platform)
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = 1\na = 2", "\udcff"])
def test_a_file_that_is_no_toml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "viewfinder.toml"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(UsageError, match="TOML in"):
        read_settings(path)
