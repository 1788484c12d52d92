"""Read price files: the packaged one, and a user's, which changes it."""

import datetime
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from viewfinder_comparison.cost.price_list import SCHEMA_VERSION, PriceList
from viewfinder_components.errors import UsageError, reason_of
from viewfinder_components.spelling import spell

BOOK = "book-2019"
"""Stands for the packaged prices of 2019, with which this kind of comparison was published."""
STALE_DAYS = 366
"""A price older than a year is worth a warning."""
_REMEDY = "correct the file; docs/cost.md describes the format"


def read_packaged(name: str = "prices") -> str:
    """Return the text of a packaged price file: `prices` or `book_2019`."""
    return (files("viewfinder_comparison.cost") / f"{name}.toml").read_text("utf-8")


def read_prices(path: str | Path | None = None, today: datetime.date | None = None) -> PriceList:
    """Read the packaged prices, and a file whose entries replace those of the same name.

    Args:
        path: The user's file; None for the packaged prices, `book-2019` for those of 2019.
        today: No price may be of a later date; None for the clock's.

    Raises:
        UsageError: The file cannot be read, or is no price file.
    """
    if path is None:
        return _check(tomllib.loads(read_packaged()), "the packaged prices", today)
    if str(path) == BOOK:
        return _check(tomllib.loads(read_packaged("book_2019")), "the prices of 2019", today)
    own = _parse(Path(path))
    if own.get("replace") is not True:
        packaged = tomllib.loads(read_packaged())
        for table in ("prices", "options"):
            if isinstance(own.get(table, {}), dict):
                own[table] = packaged[table] | own.get(table, {})
    return _check(own, str(path), today)


def warn_of_age(prices: PriceList, used: Sequence[str], today: datetime.date) -> str | None:
    """Return a sentence if prices are older than a year, otherwise None."""
    dates = {name: prices.prices[name].date for name in used}
    old = sorted(
        (name for name in used if (today - dates[name]).days > STALE_DAYS), key=lambda n: dates[n]
    )
    if not old:
        return None
    many = "1 price is" if len(old) == 1 else f"{len(old)} prices are"
    return (
        f"{many} older than a year; the oldest is {old[0]}, as of {dates[old[0]]}. Compare with "
        f"{prices.prices[old[0]].source}, and correct amount and date in a file of your own "
        f"({spell('prices', 'FILE')})."
    )


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise UsageError(
            f"a readable price file at {path}", reason_of(error), f"correct {spell('prices')}"
        ) from error
    except (ValueError, RecursionError) as error:  # not UTF-8, or not TOML
        raise UsageError(f"a price file in TOML at {path}", reason_of(error), _REMEDY) from error


def _check(values: dict[str, Any], place: str, today: datetime.date | None) -> PriceList:
    if values.get("schema_version") != SCHEMA_VERSION:
        raise UsageError(
            f"schema_version = {SCHEMA_VERSION} in {place}",
            repr(values.get("schema_version")),
            _REMEDY,
        )
    try:
        prices = PriceList.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        received = f"{where}: {first['msg'].removeprefix('Value error, ')}"
        raise UsageError(f"a price file in {place}", received, _REMEDY) from error
    _check_names(prices, place)
    _check_dates(prices, place, today or datetime.datetime.now(datetime.UTC).date())
    return prices


def _check_names(prices: PriceList, place: str) -> None:
    if not prices.options:
        raise UsageError(f"at least one option in {place}", "none", _REMEDY)
    for title, option in prices.options.items():
        for name, units in option.list_prices():
            if name not in prices.prices:
                raise UsageError(
                    f"a price {name} for the option {title} in {place}",
                    f"only {', '.join(prices.prices) or 'no prices'}",
                    f"add [prices.{name}], or correct the name",
                )
            unit = prices.prices[name].unit
            if unit not in units:
                raise UsageError(
                    f"the option {title} in {place} to pay {name} by {' or '.join(units)}",
                    f"a price by {unit}",
                    "correct the unit, or move the price to where it belongs",
                )


def _check_dates(prices: PriceList, place: str, today: datetime.date) -> None:
    for name, price in prices.prices.items():
        if price.date > today:
            raise UsageError(
                f"a date up to {today} for the price {name} in {place}", str(price.date), _REMEDY
            )
