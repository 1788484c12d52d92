"""The contents of a price file: what is paid for, and the ways to serve that pay for it."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

SCHEMA_VERSION = 1
HOURS_A_MONTH = 730.0
"""A year's hours divided by its months: 8760 / 12."""
QUERIES_A_MONTH = HOURS_A_MONTH * 3600
"""The queries of a month at one query per second."""

LEAST_UTILIZATION = 0.01
"""Of a server's capacity; less would need a hundred replicas for each that is used."""

Unit = Literal[
    "vCPU hour", "GiB hour", "machine hour", "hour", "month", "GiB month", "GiB",
    "million queries", "query per second and month",
]  # fmt: skip
TIMES_A_MONTH: Mapping[str, float] = {
    "vCPU hour": HOURS_A_MONTH,
    "GiB hour": HOURS_A_MONTH,
    "machine hour": HOURS_A_MONTH,
    "hour": HOURS_A_MONTH,
    "month": 1.0,
    "GiB month": 1.0,
}
"""How often a price of this unit is paid in a month in which its thing is always there."""
TIMES_A_RATE: Mapping[str, float] = {
    "GiB": QUERIES_A_MONTH,
    "million queries": QUERIES_A_MONTH / 1e6,
    "query per second and month": 1.0,
}
"""How often a price of this unit is paid in a month with one query per second."""

Amount = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
_Quantities = dict[str, Amount]
_Positive = Annotated[float, Field(ge=1e-6, le=1e9, allow_inf_nan=False)]
_Text = Annotated[str, Field(min_length=1)]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Price(_Entry):
    """What a unit of something costs, since when, and who says so."""

    amount: Amount
    unit: Unit
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    date: datetime.date = Field(description="When `source`, or what `checked` names, had it.")
    source: _Text = Field(description="The address of the seller's page, or another source.")
    checked: str = Field("", description="Where the number was read, if not on that page.")

    @property
    def a_month(self) -> float:
        """What one of it costs for a month, or for a month of one query per second."""
        return self.amount * {**TIMES_A_MONTH, **TIMES_A_RATE}[self.unit]


class Option(_Entry):
    """A way to serve.

    `scaling` says what is paid for: `fixed` is as many replicas as the busiest hour needs, all day;
    `replicas` follows the load hour by hour, and keeps `min_replicas`; `zero` also stops the last
    replica; `queries` has no replicas that its user would see.
    """

    title: _Text
    scaling: Literal["fixed", "replicas", "zero", "queries"]
    vcpus: _Positive | None = Field(None, description="Of a replica; scales a measured capacity.")
    capacity: _Positive | None = Field(
        None, description="Queries per second of a replica, instead of the measured capacity."
    )
    utilization: Annotated[float, Field(ge=LEAST_UTILIZATION, le=1)] | None = Field(
        None, description="The share of the capacity that the plan uses; None: the caller's."
    )
    min_replicas: Annotated[int, Field(ge=1, le=10_000)] = 1
    max_replicas: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    idle_seconds: Annotated[float, Field(ge=0, le=86_400)] = 90.0
    pod_start_seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    per_replica: _Quantities = {}
    fixed: _Quantities = {}
    per_query: _Quantities = {}

    @model_validator(mode="after")
    def _fit(self) -> "Option":
        if self.scaling == "queries" and self.per_replica:
            raise ValueError("per_replica does not go with scaling = 'queries'")
        if self.scaling != "queries" and not self.per_replica:
            raise ValueError(f"scaling = '{self.scaling}' needs per_replica")
        if self.max_replicas is not None and self.max_replicas < self.min_replicas:
            raise ValueError("max_replicas is below min_replicas")
        return self

    def list_prices(self) -> Iterator[tuple[str, Mapping[str, float]]]:
        """Yield the name of each price that the option pays, and the units that fit there."""
        for names, units in (
            (self.per_replica, TIMES_A_MONTH),
            (self.fixed, TIMES_A_MONTH),
            (self.per_query, TIMES_A_RATE),
        ):
            yield from ((name, units) for name in names)


class PriceList(_Entry):
    """A whole price file."""

    schema_version: Literal[1]
    replace: bool = Field(False, description="Whether the packaged entries are left out.")
    prices: dict[str, Price] = {}
    options: dict[str, Option] = {}

    def find_used(self, names: list[str] | None = None) -> dict[str, Price]:
        """Return the prices that the options pay; None for all options."""
        chosen = self.options if names is None else {name: self.options[name] for name in names}
        used = {name for option in chosen.values() for name, _ in option.list_prices()}
        return {name: price for name, price in self.prices.items() if name in used}
