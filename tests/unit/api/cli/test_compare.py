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
