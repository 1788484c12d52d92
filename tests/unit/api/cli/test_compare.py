"""The command that compares ways to serve: what it lists and refuses, without measuring."""

import pytest
from click.testing import CliRunner, Result

import viewfinder
from viewfinder.cli.main import main
from viewfinder_comparison.servers.registry import SERVERS


def compare(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["compare", *arguments])


@pytest.mark.parametrize("before", [(), ("fruit",)], ids=["alone", "with a model"])
def test_the_servers_are_listed(before: tuple[str, ...]) -> None:
    result = compare(*before, "--servers", "list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(SERVERS)


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "3601"])
def test_a_measurement_takes_some_seconds_and_no_day(value: str) -> None:
    result = compare("fruit", "--seconds", value)
    assert result.exit_code == 2
    assert "expected --seconds to be a number above 0 and at most 3,600" in result.stderr


def test_servers_that_nobody_knows() -> None:
    result = compare("fruit", "--servers", "flask,nginx")
    assert result.exit_code == 2
    assert "received nginx" in result.stderr
    with pytest.raises(viewfinder.UsageError, match="received none"):
        viewfinder.compare("fruit", "comparison", servers=[])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'MODEL[/NUMBER]'"),
        (("--servers", "flask"), "Missing argument 'MODEL[/NUMBER]'"),
        (("pets", "--servers", "viewfinder", "flask"), "with commas and without spaces"),
        (("pets", "--servers", "viewfinder,flsk"), "received flsk; did you mean flask? Correct"),
        (("pets", "--servers", "moon"), "received moon; correct --servers, or leave it out"),
        (("pets", "--servers", ","), "received none; correct --servers"),
        (("pets", "--servers", "flask,flask"), "expected each server once, received flask twice"),
        (("pets", "--seconds", "0"), "expected --seconds to be a number above 0"),
        (("pets", "--external", "openvino-model-server"), "expected NAME=PLACE, received"),
        (("pets", "--external", "moon=127.0.0.1:80"), "received moon; correct --external or"),
        (
            ("pets", "--external", "tensorflow-serving=https://a.example:443"),
            "correct --external; an address with TLS cannot be measured",
        ),
        (("pets", "--rounds", "0"), "expected --rounds to be a number above 0"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    result = compare(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
