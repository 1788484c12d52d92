"""Price files: the packaged ones, a user's, and what is refused."""

import datetime
from pathlib import Path

import pytest

from viewfinder_comparison.cost.price_files import read_packaged, read_prices, warn_of_age
from viewfinder_components.errors import UsageError

TODAY = datetime.date(2026, 12, 1)
PRICE = """
[prices.mine]
amount = 3
unit = "hour"
currency = "USD"
date = 2026-11-01
source = "https://example.org/prices"
"""
OPTION = """
[options.mine]
title = "Mine"
scaling = "replicas"
capacity = 5
per_replica = {mine = 1}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "prices.toml"
    path.write_text(f"schema_version = 1\n{text}")
    return path


@pytest.mark.parametrize("name", [None, "book-2019"])
def test_packaged_prices_name_their_source_and_date(name: str | None) -> None:
    prices = read_prices(name)
    assert prices.options
    assert set(prices.find_used()) == set(prices.prices), "every price is paid by an option"
    for price in prices.prices.values():
        assert price.checked
        assert price.source.startswith("https://") or name == "book-2019"


def test_the_four_ways_of_the_issue_are_packaged() -> None:
    scaling = {name: one.scaling for name, one in read_prices().options.items()}
    assert scaling["own-vm"] == "fixed"
    assert scaling["gke-node"] == scaling["vertex"] == "replicas"
    assert scaling["gke-scale-to-zero"] == "zero"


def test_a_users_file_adds_and_replaces(tmp_path: Path) -> None:
    own = PRICE + OPTION + PRICE.replace("mine", "gke-cluster")
    prices = read_prices(write(tmp_path, own))
    packaged = read_prices()
    assert set(prices.options) == {*packaged.options, "mine"}
    assert prices.prices["gke-cluster"].amount == 3
    assert prices.prices["e2-vcpu"] == packaged.prices["e2-vcpu"]


def test_a_users_file_alone(tmp_path: Path) -> None:
    prices = read_prices(write(tmp_path, f"replace = true\n{PRICE}{OPTION}"))
    assert list(prices.options) == ["mine"]


def test_the_packaged_file_copied_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "copy.toml"
    path.write_text(read_packaged())
    assert read_prices(path) == read_prices()


WRONG = {
    "not TOML": ("[prices", "in TOML", "Expected"),
    "unknown key": (PRICE + "colour = 1\n" + OPTION, "a price file", "prices.mine.colour"),
    "no source": (PRICE.replace("source", "# source"), "a price file", "prices.mine.source"),
    "no date": (PRICE.replace("date =", "# date ="), "a price file", "prices.mine.date"),
    "negative": (PRICE.replace("= 3", "= -3"), "a price file", "prices.mine.amount"),
    "NaN": (PRICE.replace("= 3", "= nan"), "a price file", "prices.mine.amount"),
    "infinite": (PRICE.replace("= 3", "= inf"), "a price file", "prices.mine.amount"),
    "unit": (PRICE.replace('"hour"', '"fortnight"'), "a price file", "prices.mine.unit"),
    "currency": (PRICE.replace("USD", "dollars"), "a price file", "prices.mine.currency"),
    "tomorrow's": (PRICE.replace("2026-11-01", "2026-12-02"), "a date up to 2026-12-01", "12-02"),
    "lost price": (OPTION, "a price mine for the option mine", "only e2-vcpu"),
    "unit that does not fit": (
        PRICE + OPTION.replace("per_replica", "per_query").replace('"replicas"', '"queries"'),
        "to pay mine by GiB or million queries", "a price by hour"),
    "no replicas": (PRICE + OPTION.replace("per_replica", "fixed"), "a price file",
                    "options.mine: scaling = 'replicas' needs per_replica"),
    "replicas that nobody sees": (PRICE + OPTION.replace('"replicas"', '"queries"'),
                                  "a price file", "does not go with scaling = 'queries'"),
    "fewer than the minimum": (PRICE + OPTION + "min_replicas = 3\nmax_replicas = 2\n",
                               "a price file", "max_replicas is below min_replicas"),
    "lists in lists": ("a = " + "[" * 100_000, "a price file in TOML", "recursion"),
    "nothing": ("replace = true\n", "at least one option", "none"),
    "prices that are no table": ("prices = 3\n", "a price file", "prices: "),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_other_files_are_refused(name: str, tmp_path: Path) -> None:
    text, expected, received = WRONG[name]
    with pytest.raises(UsageError) as caught:
        read_prices(write(tmp_path, text), TODAY)
    assert expected in caught.value.expected
    assert received in caught.value.received


@pytest.mark.parametrize("version", ["", "schema_version = 2"])
def test_another_version_is_refused(version: str, tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(f"{version}\n{PRICE}{OPTION}")
    with pytest.raises(UsageError, match="schema_version = 1"):
        read_prices(tmp_path / "prices.toml")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        read_prices(tmp_path / "lost.toml")


def test_a_file_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="in TOML"):
        read_prices(tmp_path / "prices.toml")


@pytest.mark.parametrize(
    ("today", "warns"), [((2027, 11, 1), False), ((2027, 11, 2), False), ((2027, 11, 3), True)]
)
def test_prices_older_than_a_year(today: tuple[int, int, int], warns: bool, tmp_path: Path) -> None:
    prices = read_prices(write(tmp_path, f"replace = true\n{PRICE}{OPTION}"))
    warning = warn_of_age(prices, ["mine"], datetime.date(*today))
    assert bool(warning) == warns
    if warning:
        assert "1 price is older than a year; the oldest is mine, as of 2026-11-01" in warning
        assert "https://example.org/prices" in warning
