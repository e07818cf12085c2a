"""What was waived in this round, and the waivers that ended or soon will."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.report import ReportItem
from orchestrator.model.waiver import Waiver
from orchestrator_plugins.renderers.paper.block import Block, Cell, Heading, Span, cell, table
from orchestrator_plugins.renderers.paper.material import Material


def waivers(m: Material) -> Iterator[Block]:
    t, sections = m.t, m.sections
    head = [t("主机", "Host"), t("项目", "Check"), t("批准人、期限、理由", "By whom, until, why")]
    if sections.waived:
        small = t("经人批准暂不处理，到期自动恢复", "accepted until a date")
        yield Heading(t("已豁免", "Waived"), small)
        yield table([1.2, 2.6, 4], head, [_waived(m, item) for item in sections.waived])
    if m.report.waivers:
        yield Heading(t("失效与将到期的豁免", "Waivers that ended or soon will"))
        rows = [_waiver(m, one, t("已失效", "ended")) for one in sections.ended_waivers]
        rows += [_waiver(m, one, t("将到期", "will run out")) for one in sections.ending_waivers]
        yield table([1, 1.2, 2, 3.6], [t("状态", "State"), *head], rows)


def _waived(m: Material, item: ReportItem) -> list[Cell]:
    return [
        cell(Span(item.host)),
        cell(Span(m.about(item)), Span(m.w.amount(item.value, item.unit), "bold")),
        cell(Span(m.waived(item.waiver) if item.waiver else ""), Span(m.say(item.reason))),
    ]


def _waiver(m: Material, one: Waiver, state: str) -> list[Cell]:
    place = " ".join(part for part in (one.task, one.metric, one.subject) if part)
    most = f"{m.t('至多 ', 'up to ')}{m.say(one.covers.label)}"
    return [
        cell(Span(state, "bold")),
        cell(Span(one.host)),
        cell(Span(place), Span(most, "small")),
        cell(Span(m.waived(one))),
    ]
