"""The command that compares ways to serve: what is typed wrong, and the list of servers."""

import pytest
from click.testing import CliRunner

from viewfinder.cli.main import main


def test_servers_are_listed_without_a_model() -> None:
    result = CliRunner().invoke(main, ["compare", "--servers", "list"])
    assert result.exit_code == 0
    assert result.stdout.startswith("viewfinder ")


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
    result = CliRunner().invoke(main, ["compare", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
