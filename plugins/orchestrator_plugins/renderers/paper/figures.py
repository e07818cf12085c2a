"""The state of the backups, and the figures of the hospital's business."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.model.report import ReportItem
from orchestrator_plugins.renderers.paper.block import Block, Cell, Heading, Span, cell, remark, table
from orchestrator_plugins.renderers.paper.material import Material


def backups(m: Material) -> Iterator[Block]:
    none = m.t("本轮没有检查任何备份，备份状况不明。", "No backup was looked at; their state is not known.")
    yield from _figures(m, m.t("备份", "Backups"), m.sections.backups, none)


def business(m: Material) -> Iterator[Block]:
    none = m.t("本轮没有业务层检查项。", "This round has no check of the business layer.")
    yield from _figures(m, m.t("业务量与业务指标", "Business figures"), m.sections.business, none)


def _figures(m: Material, title: str, items: Sequence[ReportItem], none: str) -> Iterator[Block]:
    t = m.t
    yield Heading(title)
    if not items:
        yield remark(none, warned=True)
        return
    head = [t("主机", "Host"), t("项目", "Check"), t("本轮", "Now"), t("上一轮", "Last")]
    rows = [_row(m, item) for item in items]
    yield table([1.3, 4, 1.2, 1.2, 1], [*head, t("状态", "Verdict")], rows, right=(2, 3))


def _row(m: Material, item: ReportItem) -> list[Cell]:
    return [
        cell(Span(item.host)),
        cell(Span(m.about(item)), Span(m.say(item.reason), "small")),
        cell(Span(m.w.amount(item.value, item.unit), "bold")),
        cell(Span(m.w.amount(item.previous, item.unit))),
        cell(Span(m.say(item.verdict.label), item.verdict.value)),
    ]
