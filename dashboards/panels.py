"""Panels that draw series over time, show one number, or show states."""

from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.builders.common import (
    GraphThresholdsStyleConfig,
    ReduceDataOptions,
    StackingConfig,
    VizLegendOptions,
    VizTooltipOptions,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import FieldColorModeId, ValueMap, ValueMappingResult

from dashboards.subjects import SOURCE, Subject, mark_limits


def draw_lines(subject: Subject, span: int, stacked: bool = False) -> timeseries.Panel:
    """Return a panel that draws series over time, and the limits as dashed lines."""
    panel = (
        timeseries.Panel()
        .title(subject.title)
        .description(subject.description)
        .datasource(SOURCE)
        .unit(subject.unit)
        .links(subject.link())
        .targets(subject.ask())
        .thresholds(mark_limits(subject.limits, base="transparent"))
        .thresholds_style(GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .fill_opacity(60 if stacked else 5)
        .show_points(VisibilityMode.NEVER)
        .min(0)
        .legend(VizLegendOptions().display_mode(LegendDisplayMode.LIST).show_legend(True))
        .tooltip(VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .span(span)
        .height(8)
    )
    return panel.stacking(StackingConfig().mode(StackingMode.NORMAL)) if stacked else panel


def show_number(subject: Subject, span: int, height: int = 4) -> stat.Panel:
    """Return a panel with the present value, in the colour of the limits."""
    return (
        stat.Panel()
        .title(subject.title)
        .description(subject.description)
        .datasource(SOURCE)
        .unit(subject.unit)
        .links(subject.link())
        .targets(subject.ask_now())
        .thresholds(mark_limits(subject.limits, base="green" if subject.limits else "text"))
        .reduce_options(ReduceDataOptions().calcs(["lastNotNull"]))
        .graph_mode(BigValueGraphMode.NONE)
        .no_value("no data")
        .span(span)
        .height(height)
    )


def show_states(subject: Subject, span: int) -> statetimeline.Panel:
    """Return a panel with a bar for each series while it is 1, which means firing."""
    firing = ValueMap({"1": ValueMappingResult(text="firing", color="red")})
    return (
        statetimeline.Panel()
        .title(subject.title)
        .description(subject.description)
        .datasource(SOURCE)
        .links(subject.link())
        .targets(subject.ask())
        .mappings([firing])
        .show_value(VisibilityMode.NEVER)
        .fill_opacity(70)
        .no_value("no alert")
        .span(span)
        .height(8)
    )
