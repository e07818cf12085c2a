"""The findings, worst first: a form each, to be completed by hand."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.report import ReportItem
from orchestrator.model.threshold import Evidence
from orchestrator_plugins.renderers.frame import SPARK
from orchestrator_plugins.renderers.legibility import excerpt
from orchestrator_plugins.renderers.paper.block import Block, Cell, Form, Heading, Span, cell, remark, soft
from orchestrator_plugins.renderers.paper.material import Material
from orchestrator_plugins.renderers.wording import FOUNDED


def findings(m: Material) -> Iterator[Block]:
    t, exceptions = m.t, m.sections.exceptions
    small = t(f"{len(exceptions)} 条，最严重的在前", f"{len(exceptions)}, worst first")
    yield Heading(t("异常明细", "Findings"), small if exceptions else "")
    for number, item in enumerate(exceptions, 1):
        yield _form(m, number, item)
    if not exceptions:
        yield from _none(m)


def _none(m: Material) -> Iterator[Block]:
    """No finding is good news only as far as anybody looked."""
    t, coverage = m.t, m.report.coverage
    lacks = coverage.due - coverage.done
    if coverage.done:
        yield remark(t("已检项目没有异常。", "Nothing wrong in what was checked."))
    else:
        yield remark(t("没有任何项目得出结果。", "No check gave a result."), warned=True)
    if lacks:
        zh = f"但有 {lacks} 项没有结果，不能视为正常。"
        yield remark(t(zh, f"But {lacks} gave no result: not to be taken as normal."), warned=True)


def _form(m: Material, number: int, item: ReportItem) -> Form:
    t, w = m.t, m.w
    shown = excerpt(item.evidence)
    left = t(f"…… 其余 {shown.left_out} 个字符从略", f"… {shown.left_out} more characters")
    return Form(
        verdict=item.verdict.value,
        head=cell(
            Span(f"#{item.finding}" if item.finding is not None else str(number), "soft"),
            Span(w.say(item.verdict.label), item.verdict.value),
            Span(f"{item.host} · {item.title}", "bold"),
            Span(item.code, "soft"),
        ),
        change=cell(*m.change(item)),
        facts=tuple((name, cell(Span(value))) for name, value in _facts(m, item)),
        drawing=m.drawings.add(m.outlook.chart(item), SPARK),
        lines=tuple(_lines(m, item)),
        evidence=soft(shown.text, legible=True),
        left=left if shown.left_out else "",
        form=(
            t("处置", "Action taken"),
            t("工单号", "Ticket"),
            t("复检结果 / 复检人", "Re-check / by"),
        ),
    )


def _facts(m: Material, item: ReportItem) -> Iterator[tuple[str, str]]:
    if item.value is None:
        return
    t, w = m.t, m.w
    moved = w.difference(item.value, item.previous)
    yield t("指标", "Figure"), f"{w.say(item.metric_title) or item.metric} {item.subject}"
    yield t("实测", "Value"), w.amount(item.value, item.unit)
    yield t("上一轮", "Last"), w.amount(item.previous, item.unit) + (f" ({moved})" if moved else "")
    yield t("预警界限", "Warning at"), w.limit(item.warn, item.unit)
    yield t("严重界限", "Critical at"), w.limit(item.crit, item.unit)


def _lines(m: Material, item: ReportItem) -> Iterator[tuple[str, Cell]]:
    t, w = m.t, m.w
    if item.owner or item.due_at:
        due = f"{t('，限期 ', ', due ')}{w.when(item.due_at)}" if item.due_at else ""
        late = Span(t("已逾期", "overdue") if m.sections.overdue(item) else "", "mark")
        yield t("责任人", "Owner"), cell(Span(f"{item.owner or '—'}{due}"), late)
    if item.waiver:
        yield t("豁免已失效", "Waiver ended"), cell(Span(m.waived(item.waiver)))
    if item.reason:
        yield t("说明", "Reason"), cell(Span(w.say(item.reason)))
    if item.value is not None and (item.warn or item.crit) and item.evidence_level:
        level = item.evidence_level
        founded = Span(w.say(FOUNDED[level]), "bold" if level is Evidence.PRACTICE else "")
        yield t("界限依据", "Limits from"), cell(founded, Span(item.source, "soft"))
    yield t("影响系统", "Systems"), cell(Span(w.components(item.affected) or "—"))
