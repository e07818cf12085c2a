"""What fills up, and when it will be full."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.report import ReportItem
from orchestrator_plugins.renderers.chart import Chart
from orchestrator_plugins.renderers.frame import FULL
from orchestrator_plugins.renderers.paper.block import (
    Block,
    Cell,
    Charts,
    Figure,
    Heading,
    Span,
    cell,
    remark,
    soft,
    table,
)
from orchestrator_plugins.renderers.paper.material import Material
from orchestrator_plugins.renderers.sections import CAPACITY_LIMIT, CHART_LIMIT


def capacity(m: Material) -> Iterator[Block]:
    t, found = m.t, m.sections.capacity
    if not found:
        return
    small = t("先满的在前，其余按占用排列", "first to be full, then the fullest")
    yield Heading(t("容量与预测", "Capacity and forecast"), small)
    drawn = [(item, m.outlook.chart(item)) for item in m.sections.foretold[:CHART_LIMIT]]
    charts = tuple(_figure(m, item, chart) for item, chart in drawn if chart)
    if charts:
        yield Charts(charts)
    head = [t("主机", "Host"), t("项目", "Check"), t("本轮", "Now"), t("变化", "Change")]
    head += [t("到严重界限", "Critical limit"), t("状态", "Verdict")]
    rows = [_row(m, item) for item in found[:CAPACITY_LIMIT]]
    yield table([1.1, 2.3, 0.9, 0.8, 2.8, 0.8], head, rows, right=(2, 3))
    rest = len(found) - len(rows)
    if rest:
        yield remark(
            t(f"其余 {rest} 项见 Excel 或网页版报告。", f"{rest} more are in the Excel or HTML report.")
        )
    yield remark(
        t(
            "预测按近期趋势外推，给出区间而非一天；最远只看到数据时长的三倍，数据不足以预测的写明原因。",
            "Forecasts follow the recent trend and name a span, not a day. None looks further ahead than "
            "three times the days of data; where the data bear none, the reason is given.",
        )
    )


def _row(m: Material, item: ReportItem) -> list[Cell]:
    return [
        cell(Span(item.host)),
        cell(Span(m.about(item))),
        cell(Span(m.w.amount(item.value, item.unit), "bold")),
        cell(Span(m.w.difference(item.value, item.previous) or "—")),
        _told(m, item),
        cell(Span(m.say(item.verdict.label), item.verdict.value)),
    ]


def _told(m: Material, item: ReportItem) -> Cell:
    if item.forecast is None:
        return cell(Span("—"))
    return cell(
        Span(m.outlook.crossing(item), "bold" if item.forecast.earliest else "soft"),
        Span(m.outlook.ahead(item), "small"),
        Span(m.outlook.basis(item), "small"),
    )


def _figure(m: Material, item: ReportItem, chart: Chart) -> Figure:
    return Figure(
        title=cell(Span(item.host, "bold"), Span(item.title), Span(item.subject)),
        file=m.drawings.add(chart, FULL),
        words=soft(m.outlook.crossing(item) or chart.title),
    )
