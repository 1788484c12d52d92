"""What ways to serve cost, on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.fixtures.comparisons import make_comparison

from viewfinder.cli.main import main
from viewfinder_comparison.cost.price_files import read_packaged
from viewfinder_comparison.results import write_comparison

CAPACITY = ("--capacity", "120", "--cores", "2")


def cost(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["cost", *arguments])


def test_the_books_numbers() -> None:
    result = cost("--prices", "book-2019", "--highest-load", "100")
    assert result.exit_code == 0
    lines = [line.split() for line in result.stdout.splitlines()]
    assert ["0", "to", "12.9", "Managed", "service", "(2019)"] in lines
    assert ["12.9", "to", "100", "Own", "machine", "(2019)"] in lines
    assert ["Own", "machine", "(2019)", "1,500.00", "1,500.00", "3,000.00"] in lines
    assert "Left out:" in result.stdout
    assert "2 prices are older than a year" in result.stderr
    assert "(--prices FILE)" in result.stderr


def test_json() -> None:
    result = cost(*CAPACITY, "--load", "20", "--json")
    assert result.exit_code == 0
    plan = json.loads(result.stdout)
    assert plan["currency"] == "USD"
    assert plan["load"]["mean"] == 20
    assert {one["name"] for one in plan["options"]} == {*plan["costs"]["by_option"]}
    assert [one["cost"] for one in plan["options"]] == sorted(
        one["cost"] for one in plan["options"]
    )
    place = plan["costs"]["loads"].index(20)
    for one in plan["options"]:
        assert plan["costs"]["by_option"][one["name"]][place] == pytest.approx(one["cost"])
    assert all(price["source"] for price in plan["prices"].values())
    assert plan["left_out"]
    assert plan["assumptions"]


def test_a_comparison(tmp_path: Path) -> None:
    write_comparison(tmp_path / "comparison.json", make_comparison())
    result = cost(
        "--comparison", str(tmp_path), "--server", "flask", "--p99-ms", "150",
        "--option", "vertex", "--json",
    )  # fmt: skip
    plan = json.loads(result.stdout)
    assert plan["capacity"]["queries_per_second"] == 20
    assert plan["capacity"]["cold_start_seconds"] == 1.5
    assert plan["terms"]["p99_ms"] == 150
    assert list(plan["costs"]["by_option"]) == ["vertex"]


def test_a_days_load(tmp_path: Path) -> None:
    rows = "".join(f"{hour:02d}:00,{20 if hour > 11 else 10}\n" for hour in range(24))
    (tmp_path / "day.csv").write_text(f"time,queries_per_second\n{rows}")
    result = cost(*CAPACITY, "--load", str(tmp_path / "day.csv"))
    assert result.exit_code == 0
    assert "15 (yours)" in result.stdout


def test_rare_requests_with_a_latency_to_keep() -> None:
    result = cost(*CAPACITY, "--load", "0.001", "--p99-ms", "100", "--option", "gke-scale-to-zero")
    assert "no choice at your load: 92% of the requests wait for a start" in result.stdout


def test_a_page_without_anything_from_elsewhere(tmp_path: Path) -> None:
    page = tmp_path / "new" / "cost.html"
    result = cost(*CAPACITY, "--load", "20", "--output", str(page))
    assert f"wrote {page}" in result.stdout
    text = page.read_text()
    assert "<script" not in text
    assert "src=" not in text
    assert 'href="http' not in text
    assert "Vertex AI endpoint" in text
    assert "your load, 20" in text


def test_a_page_where_a_folder_is(tmp_path: Path) -> None:
    result = cost(*CAPACITY, "--output", str(tmp_path))
    assert result.exit_code == 1
    assert "received a folder; name another file" in result.stderr


def test_the_packaged_prices_are_printed() -> None:
    assert cost("--print-prices").stdout == read_packaged()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "give --capacity QUERIES or --comparison FILE, or set capacity"),
        (("--capacity", "0"), "expected --capacity to be a number from 0.000001"),
        (("--capacity", "nan"), "to be a number from 0.000001"),
        (("--capacity", "many"), "'many' is not a valid float"),
        (("--cores", "2"), "--cores and --cold-start go with --capacity"),
        (("--server", "flask"), "--server goes with --comparison"),
        (("--comparison", "a", "--capacity", "9"), "--capacity does not go with --comparison"),
        ((*CAPACITY, "--load", "-3"), "expected --load to be a number from 0.000001"),
        ((*CAPACITY, "--load", "inf"), "expected --load to be a number from 0.000001"),
        ((*CAPACITY, "--load", "lost.csv"), "No such file or directory; correct --load"),
        ((*CAPACITY, "--load", ""), "It is empty"),
        ((*CAPACITY, "--prices", "lost.toml"), "correct --prices"),
        ((*CAPACITY, "--option", "moon"), "received moon; correct --option"),
        ((*CAPACITY, "--utilization", "2"), "expected --utilization to be a number from 0.01"),
        ((*CAPACITY, "--min-replicas", "0"), "expected --min-replicas to be a whole number from 1"),
        ((*CAPACITY, "--p99-ms", "0"), "expected --p99-ms to be a whole number from 1"),
        (("--capacity", "0.01", "--highest-load", "1000000"), "set a lower --highest-load"),
        (
            (*CAPACITY, "--highest-load", "0"),
            "expected --highest-load to be a number from 0.000001",
        ),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    result = cost(*arguments)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--capacity", "1e-320"),
        ("--cores", "1e-320"),
        ("--cold-start", "-1"),
        ("--utilization", "1e-300"),
        ("--load", "1e-320"),
        ("--highest-load", "1e-320"),
    ],
)
def test_numbers_that_are_as_good_as_zero_are_refused(option: str, value: str) -> None:
    given = dict(zip(CAPACITY[::2], CAPACITY[1::2], strict=True)) | {option: value}
    result = cost(*(word for pair in given.items() for word in pair))
    assert result.exit_code == 2, result.output
    assert f"expected {option} to be a number from 0" in result.stderr


def test_titles_of_a_price_file_do_not_control_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    text = read_packaged("book_2019").replace("Own machine", "Own \\u001b[31mmachine [bold]x[/]")
    file.write_text(text.replace("schema_version = 1", "schema_version = 1\nreplace = true"))
    result = cost("--prices", str(file), "--load", "10")
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert r"Own \x1b[31mmachine [bold]x[/]" in result.stdout
