"""What the sheet rests on, and room for those who sign it."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.model.audit import Anchor
from orchestrator_plugins.renderers.paper.block import (
    Block,
    Cell,
    Heading,
    Signatories,
    Signatory,
    Span,
    cell,
    remark,
)
from orchestrator_plugins.renderers.paper.material import Material


def signatures(m: Material) -> Iterator[Block]:
    report, t = m.report, m.t
    made = f"{m.w.when(report.generated_at)} ({report.timezone})"
    yield remark(
        t(
            f"完成率 = 已检 ÷ 应检，只舍不入。完整清单（{len(report.items)} 条）在 Excel 与网页版报告中。"
            f"报告生成于 {made}，Wardround {report.version}；计划摘要 {report.plan_digest}",
            f"Coverage is done ÷ due, never rounded up. The complete list ({len(report.items)} lines) is "
            f"in the Excel and HTML reports. Made at {made}, Wardround {report.version}; "
            f"plan {report.plan_digest}",
        )
    )
    yield Heading(t("签字确认", "Signatures"))
    choice = t("□ 确认　□ 退回　评价 ____", "□ confirmed  □ returned  rating ____")
    yield Signatories(
        columns=(
            Signatory(t("巡检人", "Inspected by"), " "),
            Signatory(t("服务主管", "Service supervisor"), " "),
            Signatory(t("院方确认", "For the hospital"), choice),
        ),
        labels=(t("意见", "Opinion"), t("签字", "Signature"), t("日期", "Date")),
        anchor=_place(m, report.anchor) if report.anchor else (),
        full=str(report.anchor) if report.anchor else "",
    )


def _place(m: Material, anchor: Anchor) -> Cell:
    place = m.t("事件链位置", "Place in the chain of events")
    zh = "签字时记录库的事件链停在这里，全文："
    told = m.t(zh, "where the log of events stood for this sheet; in full:")
    return cell(Span(f"{place} {anchor.short}", "bold"), Span(told, "soft"))
