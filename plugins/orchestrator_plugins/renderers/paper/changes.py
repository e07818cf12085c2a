"""What is new, persists, flaps or was cleared since the last round."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.report import Change, ReportItem
from orchestrator_plugins.renderers.paper.block import Block, Cell, Heading, Span, cell, remark, table
from orchestrator_plugins.renderers.paper.material import Material
from orchestrator_plugins.renderers.sections import CHANGE_LIMIT

_KINDS = (Change.NEW, Change.PERSISTING, Change.FLAPPING, Change.CLEARED)


def changes(m: Material) -> Iterator[Block]:
    t, before = m.t, m.report.previous_round
    beside = t(f"第 {before} 轮", f"round {before}") if before else ""
    yield Heading(t("与上一轮对比", "Compared with the last round"), beside)
    if not before:
        yield remark(
            t("这是首轮，没有可对比的结果。", "This is the first round; there is nothing before it.")
        )
        return
    found = [m.sections.by_change[kind] for kind in _KINDS]
    rows = [_row(m, item) for items in found for item in items[:CHANGE_LIMIT]]
    if not rows:
        yield remark(
            t("没有新增、持续、反复或消除的异常。", "No finding is new, persists, flaps or was cleared.")
        )
        return
    head = [t("变化", "Change"), t("主机", "Host"), t("项目", "Check")]
    yield table([0.9, 1.3, 3.2, 2.8], [*head, t("上一轮 → 本轮", "Last round → now")], rows)
    left = sum(max(0, len(items) - CHANGE_LIMIT) for items in found)
    if left:
        yield remark(t(f"另有 {left} 条，见异常明细。", f"{left} more are among the findings."))
    note = "只有本轮亲眼看到恢复，才算“消除”；本轮没能检查到的旧异常不算消除。"
    yield remark(t(note, "Cleared means that this round saw it gone."))


def _row(m: Material, item: ReportItem) -> list[Cell]:
    said = m.change(item)
    return [
        cell(*said[:1]),
        cell(Span(item.host)),
        cell(Span(m.about(item)), Span(" ".join(one.t for one in said[1:]), "small")),
        cell(*_then_and_now(m, item)),
    ]


def _then_and_now(m: Material, item: ReportItem) -> Iterator[Span]:
    if item.previous_verdict:
        yield Span(m.say(item.previous_verdict.label), item.previous_verdict.value)
    if item.previous is not None:
        yield Span(m.w.amount(item.previous, item.unit))
    yield Span("→")
    yield Span(m.say(item.verdict.label), item.verdict.value)
    if item.value is not None:
        yield Span(m.w.amount(item.value, item.unit))
