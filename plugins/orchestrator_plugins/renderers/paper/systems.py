"""Which of the hospital's systems suffer, and which nobody looked at."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.paper.block import Block, Cell, Heading, Span, cell, remark, table
from orchestrator_plugins.renderers.paper.material import Material
from orchestrator_plugins.renderers.sections import SystemGroup


def systems(m: Material) -> Iterator[Block]:
    if not m.report.systems:
        return
    t = m.t
    yield Heading(t("受影响的系统", "Systems affected"))
    rows = [_row(m, group) for group in m.sections.affected]
    if rows:
        head = [t("状态", "Verdict"), t("系统（按等级）", "Systems, by tier"), t("来自主机", "Because of")]
        yield table([1, 5, 2.2], head, rows)
    else:
        yield remark(t("没有系统受本轮异常影响。", "No system is affected by a finding of this round."))
    outside = m.sections.systems(Verdict.SKIPPED)
    if outside:
        lead = t("本轮没有检查到（不能视为正常）：", "Not looked at (must not be taken as normal): ")
        yield remark(f"{lead}{m.w.names(outside)}")


def _row(m: Material, group: SystemGroup) -> list[Cell]:
    names = [Span(f"{tier.value} {m.w.names(components)}") for tier, components in group.tiers]
    if group.platform:
        names.append(Span(f"{m.t('平台 ', 'Platform ')}{m.w.names(group.platform)}", "small"))
    verdict = Span(m.say(group.verdict.label), group.verdict.value)
    return [cell(verdict), cell(*names), cell(Span(", ".join(group.because)))]
