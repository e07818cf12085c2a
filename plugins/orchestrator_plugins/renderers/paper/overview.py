"""The round at a glance: its worst findings by name, and how much was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.check import Layer
from orchestrator.model.verdict import Verdict
from orchestrator_plugins.renderers.paper.block import (
    Block,
    Cell,
    Heading,
    Span,
    Strip,
    cell,
    count,
    remark,
    table,
)
from orchestrator_plugins.renderers.paper.material import Material
from orchestrator_plugins.renderers.sections import HIGHLIGHT_LIMIT


def highlights(m: Material) -> Iterator[Cell]:
    for item in m.sections.critical[:HIGHLIGHT_LIMIT]:
        affected = m.w.components(item.affected, 3)
        yield cell(
            Span(item.host, "bold"),
            Span(m.about(item)),
            Span(m.w.amount(item.value, item.unit) if item.value is not None else "", "bold"),
            Span(f"{m.t('影响 ', 'affects ')}{affected}" if affected else "", "soft"),
        )
    more = len(m.sections.critical) - HIGHLIGHT_LIMIT
    if more > 0:
        yield cell(Span(m.t(f"另有严重异常 {more} 条，见异常明细", f"{more} more critical"), "soft"))


def coverage(m: Material) -> Iterator[Block]:
    t = m.t
    yield Heading(t("检查覆盖", "Coverage"))
    yield _strip(m)
    rows = [(m.say(layer.label), m.report.matrix.get(layer, {})) for layer in Layer]
    rows.append((t("合计", "Total"), m.report.counts))
    yield table(
        [1.4, *[1.0] * len(Verdict)],
        [t("层次", "Layer"), *(m.say(verdict.label) for verdict in Verdict)],
        [
            [cell(Span(name)), *(count(verdict, counts.get(verdict, 0)) for verdict in Verdict)]
            for name, counts in rows
        ],
        right=range(1, len(Verdict) + 1),
    )
    yield remark(
        t(
            "单位：检查项。“未知”是没能看到，“未检”是没有轮到，两者都不算完成，也不代表正常。",
            "In checks. Unknown means that we could not look, not run that its turn did not come: "
            "neither is done, and neither means normal.",
        )
    )


def _strip(m: Material) -> Strip:
    found, t = m.report.coverage, m.t
    return Strip(
        (
            (t("应检", "Due"), str(found.due), ""),
            (t("已检", "Done"), str(found.done), found.percent if found.due else ""),
            (t("未知（未完成）", "Unknown (not done)"), str(found.unknown), ""),
            (t("未检（未完成）", "Not run (not done)"), str(found.not_run), ""),
            (t("不适用（不计入）", "Skipped (not counted)"), str(found.skipped), ""),
        )
    )
