"""Panels that show present values as a table."""

from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.builders.dashboard import DashboardLink
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.common import FieldTextAlignment, TableCellDisplayMode
from grafana_foundation_sdk.models.dashboard import DataTransformerConfig, DynamicConfigValue
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.queries import Query
from dashboards.subjects import SOURCE, Limit, Subject, mark_limits


@dataclass(frozen=True)
class Column:
    """A column with the values of a query, or with a label."""

    title: str
    query: str = ""
    """What the table has to ask for; empty if the query of another column has the label"""
    label: str = ""
    """The label that is shown; empty for the query's values"""
    unit: str = units.String
    limits: tuple[Limit, ...] = ()
    link: str = ""
    """Where a click leads"""


def show_table(title: str, description: str, columns: list[Column], span: int) -> table.Panel:
    """Return a table; series of several queries that have the same labels share a row."""
    asked = [column for column in columns if column.query]
    # Grafana's names for the values of the queries.
    letters = [f"Value #{letter}" for letter in ascii_uppercase] if len(asked) > 1 else ["Value"]
    values = {column.title: value for column, value in zip(asked, letters, strict=False)}
    fields = [column.label or values[column.title] for column in columns]
    subject = Subject(
        title,
        description,
        tuple(Query(column.query) for column in asked),
        runbooks=tuple(limit.alert for column in columns for limit in column.limits),
    )
    panel = (
        table.Panel()
        .title(subject.title)
        .description(subject.description)
        .datasource(SOURCE)
        .links(subject.link())
        .align(FieldTextAlignment.AUTO)
        .targets(subject.ask_now(PromQueryFormat.TABLE))
        .with_transformation(DataTransformerConfig("merge", options={}))
        .with_transformation(
            DataTransformerConfig(
                "organize",
                options={
                    "excludeByName": dict.fromkeys(
                        sorted({"Time", *values.values()} - set(fields)), True
                    ),
                    "indexByName": {field: place for place, field in enumerate(fields)},
                    "renameByName": {
                        field: column.title for field, column in zip(fields, columns, strict=True)
                    },
                },
            )
        )
        .span(span)
        .height(8)
    )
    for column in columns:
        panel.override_by_name(column.title, _format(column))
    return panel


def _format(column: Column) -> list[DynamicConfigValue]:
    properties = [DynamicConfigValue("unit", column.unit)]
    if column.limits:
        limits = mark_limits(column.limits, base="text").build()
        cell = {"type": TableCellDisplayMode.COLOR_TEXT}
        properties.append(DynamicConfigValue("thresholds", limits))
        properties.append(DynamicConfigValue("custom.cellOptions", cell))
    if column.link:
        link = DashboardLink(column.title).url(column.link).build()
        properties.append(DynamicConfigValue("links", [link]))
    return properties
