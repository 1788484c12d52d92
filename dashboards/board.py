"""A whole dashboard: what both have in common, and its file."""

from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    Row,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import TimeZoneBrowser
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    Panel,
    VariableRefresh,
    VariableSort,
)

from dashboards.subjects import SOURCE

TAG = "viewfinder"


def start_board(title: str, uid: str, description: str) -> Dashboard:
    """Return a dashboard without panels, with a choice of the data source."""
    others = DashboardLink("Viewfinder").type(DashboardLinkType.DASHBOARDS)
    return (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .link(others.tags([TAG]).include_vars(True).keep_time(True))
        .timezone(TimeZoneBrowser)
        .time("now-1h", "now")
        .refresh("30s")
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )


def choose_label(name: str, title: str, series: str, label: str) -> QueryVariable:
    """Return a variable whose values are those of a label in the time that is shown."""
    return (
        QueryVariable(name)
        .label(title)
        .datasource(SOURCE)
        .query(f"label_values({series}, {label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_CASE_INSENSITIVE_ASC)
    )


def write_board(board: Dashboard) -> str:
    """Return the text of the dashboard's file."""
    built = board.build()
    for number, panel in enumerate(built.panels or [], start=1):
        panel.id_val = number
    # Without indentation: `kubectl apply` keeps a copy in an annotation, of 256 KiB at most.
    return JSONEncoder(sort_keys=True, indent=1).encode(built) + "\n"


def add_row(board: Dashboard, title: str, panels: list[Builder[Panel]]) -> None:
    """Add a row with these panels below what is there."""
    board.with_row(Row(title))
    for panel in panels:
        board.with_panel(panel)
