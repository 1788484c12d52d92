"""What is malformed on the command line is told by name, and exits with 2."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main
from viewfinder_pipelines.pipeline.definition import PipelineDefinition
from viewfinder_pipelines.pipeline.registry import DEPLOYMENT, TRAINING

ABSURD = {
    int: ("-1", "2.5", "many", "1e99", ""),
    float: ("nan", "-1", "inf", "much", ""),
    bool: ("maybe", "2", ""),
    str: ("ftp://no such place/?!",),
}
ANY_TEXT = {"reason"}
NAMED_OTHERWISE = {"model_name", "version"}  # of a deployment: in MODEL/NUMBER
COMMANDS = {
    TRAINING: (("run",), {"data": "photos"}),
    DEPLOYMENT: (("deploy", "s3://bucket/models/fruit", "--on", "kubeflow"), {}),
}
_CLASS_NAME = re.compile(r"<class|\w(Config|Error|Exception)\b")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIEWFINDER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    return tmp_path / "home"


def values() -> list[tuple[PipelineDefinition, str, str]]:
    """Return absurd values for every parameter of every pipeline."""
    return [
        (pipeline, name, value)
        for pipeline in COMMANDS
        for name, parameter in pipeline.parameters.items()
        for value in ABSURD[parameter.kind]
        if not (pipeline is DEPLOYMENT and name in NAMED_OTHERWISE) and name not in ANY_TEXT
    ]


@pytest.mark.parametrize(("pipeline", "name", "value"), values())
def test_an_absurd_value_is_told_with_its_parameter(
    pipeline: PipelineDefinition, name: str, value: str, home: Path
) -> None:
    command, needed = COMMANDS[pipeline]
    given = {**needed, name: value}
    assignments = [part for key in given for part in ("--set", f"{key}={given[key]}")]
    result = CliRunner().invoke(main, [*command, *assignments])
    assert result.exit_code == 2, result.output
    (sentence,) = result.stderr.splitlines()
    expected, received = re.fullmatch(r"Error: expected (.*), received (.*)", sentence).groups()  # type: ignore[union-attr]
    assert re.search(rf"\b{name}\b|--{name.replace('_', '-')}\b", sentence), sentence
    assert value.rstrip("?!/") in received, sentence
    assert len(expected) > len(name) + len(" to be "), sentence
    assert not _CLASS_NAME.search(sentence), sentence
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("run", "--data", "photos", "--set", "epoch=3"), "did you mean epochs?"),
        (("run", "--data", "photos", "--set", "epochs"), "write --set epochs=VALUE"),
        (("run", "--data", "photos", "--set", "seed=1", "--set", "seed=2"), "--set seed= twice"),
        (
            ("run", "--data", "photos", "--set", "data=other"),
            "data as an option and by --set data=",
        ),
        (
            ("deploy", "fruit", "--kserve-mode", "Knative", "--set", "kserve_mode=Standard"),
            "kserve_mode as an option and by --set kserve_mode=",
        ),
        (("run",), "--data PHOTOS"),
        (("run", "--data", "photos", "--model-root", "ftp://bucket"), "ftp:// is not supported"),
        (("run", "--data", "photos", "--model-root", "s3://B"), "a bucket name"),
        (("run", "--data", "photos", "--model-name", "My Model"), "set --model-name to 'my-model'"),
        (("run", "--on", "kubeflow", "--data", "photos", "--model-root", "s3://b"), "pods"),
        (("deploy", "a/b"), "MODEL/NUMBER"),
        (("deploy", "fruit"), "--model-root"),
        (("versions", "My Model"), "name the model 'my-model', for example"),
        (("prune", "fruit", "--nothing-served", "--keep", "0"), "keep"),
        (("prune", "fruit", "--served", "x"), "URIs of the versions"),
        (("rollback", "fruit", "--timeout", "0"), "--timeout"),
        (("undeploy", "fruit", "--yes", "--timeout", "0"), "--timeout"),
        (("schedule", "set", "nightly", "--cron", "daily"), "cron expression"),
        (("run", "--data", "a", "--data", "b"), "Option '--data' is given twice."),
        (("submit", "--cache", "--no-cache"), "Option '--cache' is given twice."),
        (("versions", "a", "--model-root", "b", "--model-root", "c"), "'--model-root' is given"),
        (("schedule", "set", "a", "--every", "1h", "--every", "2h"), "'--every' is given twice"),
        (("run", "--resume", ""), "--resume"),
        (("show", "--json"), "--json goes with RUN"),
        (("deploy", "fruit/1", "--host", "http://kfp"), "--host goes with --on kubeflow"),
        (("run", "--data", "x", "--no-cache"), "--no-cache goes with --on kubeflow"),
        (("prune", "fruit", "--model-root", "", "--nothing-served"), "--model-root"),
        (("prune", "fruit", "--namespace", ""), "--namespace"),
        (("undeploy", "fruit", "--yes", "--namespace", ""), "--namespace"),
        (("deploy", "fruit/1", "--service-name", ""), "--service-name"),
        (("predict", "x", "--endpoint", "http://"), "write --endpoint http://127.0.0.1:8080"),
        (("predict", "x", "--endpoint", "http://127.0.0.1:999999"), "Port out of range"),
        (("predict", "x", "--endpoint", "http://a..b"), "--endpoint"),
        (("show", ""), "RUN"),
        (("follow", ""), "RUN"),
        (("terminate", ""), "RUN"),
        (("rollback", ""), "MODEL"),
        (("undeploy", "", "--yes"), "MODEL"),
        (("schedule", "enable", ""), "NAME"),
        (("compile", "-o", ""), "'--output': It is empty."),
        (("compile", "--components", ""), "'--components': It is empty."),
        (("compile", "--settings", ""), "'--settings': It is empty."),
        (("predict", "", "--endpoint", "http://127.0.0.1:9"), "It is empty."),
        (("compile", "--components", "a", "-o", "b.yaml"), "--output does not go with"),
        (("compile", "--components", "a", "--pipeline", "deployment"), "--pipeline does not go"),
        (("compile", "-o", "pipeline.txt"), ".yaml, not 'pipeline.txt'"),
        (("rnu",), "Did you mean 'run'?"),
        (("run", "--daat", "x"), "Did you mean '--data'?"),
        (("schedule", "sett"), "Did you mean 'set'?"),
        (("run", "--data", "x", "--epochs", "5"), "parameter: write --set epochs=VALUE"),
        (("deploy", "fruit/1", "--predictor-cpu", "1"), "write --set predictor_cpu=VALUE"),
        (("run", "photos"), "(photos). Write --data before the photos."),
        (("serve", "fruit", "--max-photos", "8"), "after two dashes: -- --max-photos"),
        (("serve", "fruit", "--port", "99999"), "--port"),
        (("predict", "x", "--endpoint", "http://[::1"), "--endpoint"),
        (
            ("predict", "x", "--endpoint", "127.0.0.1:8080"),
            "write --endpoint http://127.0.0.1:8080",
        ),
        (("predict", "x", "--endpoint", "grpc://h:81"), "write --endpoint http://h:81"),
        (("serve", "ftp://bucket/fruit"), "ftp:// is not supported"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], sentence: str, home: Path) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert not home.exists()


def test_the_settings_file_is_named_for_what_it_holds() -> None:
    Path("viewfinder.toml").write_text("[parameters]\nepoch = 3\n")
    result = CliRunner().invoke(main, ["submit", "--data", "s3://b/p", "--model-root", "s3://b/m"])
    assert result.exit_code == 2
    assert "'epoch' under [parameters] in the settings file; did you mean epochs?" in result.stderr


def test_every_required_parameter_can_be_absurd() -> None:
    """A required parameter has no default to fall back on, so it must be among those tried."""
    tried = {(pipeline, name) for pipeline, name, _ in values()}
    for pipeline in COMMANDS:
        for name, parameter in pipeline.parameters.items():
            if parameter.is_required:
                assert (pipeline, name) in tried


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("runn",), "No such command 'runn'. Did you mean 'run'?"),
        (("schedule", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("xyzzy",), "No such command 'xyzzy'.\n"),
    ],
)
def test_a_misspelt_command_is_answered_with_the_one_that_is_nearest(
    words: tuple[str, ...], told: str
) -> None:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 2
    assert told in result.stderr
