"""From a panel to Grafana's: by the models of the foundation SDK, in the classic schema, which Grafana 10 reads too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import ascii_uppercase
from typing import Any, Final

from grafana_foundation_sdk.models import common, heatmap, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.panel import Colour, Link, Panel, Query, Role, Shape, Step, Word

#: Every query and variable asks the data source that is chosen above; none is written down.
SOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
NO_DATA: Final = "no data"

#: Shapes that show what is, not what was: a value that is gone is no data, not the last one.
_OF_NOW: Final = frozenset({Shape.NUMBER, Shape.TABLE})
_LEGEND: Final = common.VizLegendOptions(show_legend=True)
_DASHED: Final = common.LineStyle(fill="dash", dash=[6.0, 6.0])


def drawn(
    panel: Panel, number: int, place: grafana.GridPos, description: str, links: tuple[Link, ...]
) -> grafana.Panel:
    """The panel at its place."""
    return grafana.Panel(
        type_val=panel.shape,
        id_val=number,
        title=panel.title,
        description=description,
        datasource=SOURCE,
        grid_pos=place,
        interval=panel.interval,
        targets=list(_targets(panel)),
        links=[_link(link) for link in links if not link.is_of_series],
        transformations=_joined(panel) if panel.shape is Shape.TABLE else None,
        options=_OPTIONS[panel.shape](panel),
        field_config=grafana.FieldConfigSource(defaults=_defaults(panel), overrides=list(_overrides(panel))),
    )


def reference(panel: Panel, query: Query) -> str:
    """The letter of a query within its panel."""
    return ascii_uppercase[panel.queries.index(query)]


def _targets(panel: Panel) -> Iterator[prometheus.Dataquery]:
    is_instant = panel.shape in _OF_NOW
    formats = {Shape.TABLE: prometheus.PromQueryFormat.TABLE, Shape.HEAT: prometheus.PromQueryFormat.HEATMAP}
    for query in panel.queries:
        yield prometheus.Dataquery(
            datasource=SOURCE,
            expr=query.expr,
            legend_format=query.legend,
            ref_id=reference(panel, query),
            instant=is_instant,
            range_val=not is_instant,
            format_val=formats.get(panel.shape, prometheus.PromQueryFormat.TIME_SERIES),
        )


def _link(link: Link) -> grafana.DashboardLink:
    return grafana.DashboardLink(
        title=link.title, url=link.url, type_val=grafana.DashboardLinkType.LINK, icon="external link", target_blank=True
    )


# ---------------------------------------------------------------------------------------------------- fields


def _defaults(panel: Panel) -> grafana.FieldConfig:
    of_series = [_link(link) for link in panel.links if link.is_of_series]
    return grafana.FieldConfig(
        unit=panel.unit,
        decimals=panel.decimals,
        min_val=None if _has_two_axes(panel) else panel.least,
        max_val=None if _has_two_axes(panel) else panel.most,
        no_value=NO_DATA,
        color=grafana.FieldColor(mode=_colouring(panel)),
        thresholds=_thresholds(panel.steps),
        mappings=_mapped(panel.words),
        links=of_series or None,
        custom=_custom(panel),
    )


def _has_two_axes(panel: Panel) -> bool:
    """Whether n stands on the right, on an axis that must not end where that of the value does."""
    return panel.shape is Shape.LINES and any(query.role is Role.SAMPLE for query in panel.queries)


def _colouring(panel: Panel) -> grafana.FieldColorModeId:
    if panel.shape is Shape.LINES:
        return grafana.FieldColorModeId.PALETTE_CLASSIC_BY_NAME  # of a name always the same, whatever else is shown
    return grafana.FieldColorModeId.THRESHOLDS


def _thresholds(steps: tuple[Step, ...]) -> grafana.ThresholdsConfig:
    found = steps or (Step(None, Colour.PLAIN),)
    return grafana.ThresholdsConfig(
        mode=grafana.ThresholdsMode.ABSOLUTE,
        steps=[grafana.Threshold(value=step.value, color=step.colour) for step in found],
    )


def _mapped(words: tuple[Word, ...]) -> list[grafana.ValueMapping]:
    if not words:
        return []
    found = {
        str(word.value): grafana.ValueMappingResult(text=word.text, color=word.colour, index=index)
        for index, word in enumerate(words)
    }
    return [grafana.ValueMap(options=found)]


def _custom(panel: Panel) -> object:
    match panel.shape:
        case Shape.LINES:
            return _lines(panel)
        case Shape.TABLE:
            return table.FieldConfig(filterable=True)
        case Shape.STATES:
            return statetimeline.FieldConfig(fill_opacity=80)
        case Shape.HEAT:
            return heatmap.FieldConfig()
        case Shape.NUMBER:
            return None


def _lines(panel: Panel) -> timeseries.FieldConfig:
    """Gaps stay gaps; a target is a dashed line across."""
    style = common.GraphThresholdsStyleMode.DASHED if panel.steps else common.GraphThresholdsStyleMode.OFF
    stacked = common.StackingConfig(mode=common.StackingMode.NORMAL, group="A") if panel.is_stacked else None
    return timeseries.FieldConfig(
        line_width=2,
        fill_opacity=30 if panel.is_stacked else 0,
        show_points=common.VisibilityMode.AUTO,
        span_nulls=False,
        stacking=stacked,
        thresholds_style=common.GraphThresholdsStyleConfig(mode=style),
    )


def _overrides(panel: Panel) -> Iterator[grafana.DashboardFieldConfigSourceOverrides]:
    for query in panel.queries:
        properties = {**_own(query), **(_of_role(panel, query) if panel.shape is Shape.LINES else {})}
        if _has_two_axes(panel) and query.role is not Role.SAMPLE:
            ends = {"min": panel.least, "max": panel.most}
            properties |= {name: value for name, value in ends.items() if value is not None}
        if panel.shape is Shape.TABLE and (query.words or query.steps):
            properties["custom.cellOptions"] = _coloured_cell(query)
        if properties:
            yield _override(panel, query, properties)


def _coloured_cell(query: Query) -> common.TableCellOptions:
    """A table shows no colour unless it is asked to."""
    return common.TableColoredBackgroundCellOptions() if query.words else common.TableColorTextCellOptions()


def _own(query: Query) -> dict[str, object]:
    """What a query says of its series that is not as in the rest of the panel."""
    found: dict[str, object] = {}
    if query.unit is not None:
        found["unit"] = query.unit
    if query.decimals is not None:
        found["decimals"] = query.decimals
    if query.words is not None:
        found["mappings"] = _mapped(query.words)
    if query.steps is not None:
        found["thresholds"] = _thresholds(query.steps)
    return found


def _of_role(panel: Panel, query: Query) -> dict[str, object]:
    fixed = grafana.FieldColor(mode=grafana.FieldColorModeId.FIXED, fixed_color=Colour.GOOD)
    match query.role:
        case Role.LOWER:
            return {"custom.lineWidth": 0, "custom.showPoints": common.VisibilityMode.NEVER, "color": fixed}
        case Role.UPPER:
            (lower,) = (other.legend for other in panel.queries if other.role is Role.LOWER)
            filled = {"custom.fillBelowTo": lower, "custom.fillOpacity": 20}
            return {"custom.lineWidth": 0, "custom.showPoints": common.VisibilityMode.NEVER, **filled, "color": fixed}
        case Role.SAMPLE:
            dotted = common.LineStyle(fill="dot", dash=[0.0, 8.0])
            right = {"custom.axisPlacement": common.AxisPlacement.RIGHT, "custom.axisLabel": query.legend, "min": 0}
            off = common.GraphThresholdsStyleConfig(mode=common.GraphThresholdsStyleMode.OFF)  # no target of n
            return {"custom.lineStyle": dotted, "custom.lineWidth": 1, "custom.thresholdsStyle": off, **right}
        case Role.REFERENCE:
            return {"custom.lineStyle": _DASHED, "custom.lineWidth": 1}
        case Role.VALUE:
            return {"color": fixed} if any(other.role is Role.LOWER for other in panel.queries) else {}


def _override(
    panel: Panel, query: Query, properties: Mapping[str, object]
) -> grafana.DashboardFieldConfigSourceOverrides:
    """Of a query's series: by its letter, but by the name of its column where a table has joined them."""
    by = ("byName", query.legend) if panel.shape is Shape.TABLE else ("byFrameRefID", reference(panel, query))
    return grafana.DashboardFieldConfigSourceOverrides(
        matcher=grafana.MatcherConfig(id_val=by[0], options=by[1]),
        properties=[grafana.DynamicConfigValue(id_val=name, value=value) for name, value in properties.items()],
    )


# --------------------------------------------------------------------------------------------------- options


def _joined(panel: Panel) -> list[grafana.DataTransformerConfig]:
    """One row for each set of labels, one column for each query, named by its legend."""
    if len(panel.queries) == 1:
        renamed = {"Value": panel.queries[0].legend}
    else:
        renamed = {f"Value #{reference(panel, query)}": query.legend for query in panel.queries}
    organized = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": renamed}
    return [
        grafana.DataTransformerConfig(id_val="merge", options={}),
        grafana.DataTransformerConfig(id_val="organize", options=organized),
    ]


def _number(panel: Panel) -> stat.Options:
    name_too = common.BigValueTextMode.VALUE_AND_NAME if len(panel.queries) > 1 else common.BigValueTextMode.AUTO
    return stat.Options(
        graph_mode=common.BigValueGraphMode.NONE,
        color_mode=common.BigValueColorMode.BACKGROUND if panel.words else common.BigValueColorMode.VALUE,
        text_mode=name_too,
        reduce_options=common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields=""),
    )


def _over_time(_: Panel) -> timeseries.Options:
    tooltip = common.VizTooltipOptions(mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING)
    return timeseries.Options(legend=_LEGEND, tooltip=tooltip)


def _states(_: Panel) -> statetimeline.Options:
    return statetimeline.Options(legend=_LEGEND, show_value=common.VisibilityMode.AUTO, merge_values=True)


def _heat(panel: Panel) -> heatmap.Options:
    colour = heatmap.HeatmapColorOptions(mode=heatmap.HeatmapColorMode.SCHEME, scheme="Blues", steps=32, exponent=0.5)
    axis = heatmap.YAxisConfig(unit=panel.unit, axis_placement=common.AxisPlacement.LEFT)
    return heatmap.Options(calculate=False, color=colour, y_axis=axis, legend=heatmap.HeatmapLegend(show=True))


def _table(panel: Panel) -> table.Options:
    sort = [common.TableSortByFieldState(display_name=panel.sort, desc=True)] if panel.sort else None
    return table.Options(sort_by=sort)


_OPTIONS: Final[Mapping[Shape, Any]] = {
    Shape.NUMBER: _number,
    Shape.LINES: _over_time,
    Shape.STATES: _states,
    Shape.HEAT: _heat,
    Shape.TABLE: _table,
}
