"""What the printed report says, block by block: everything worded, nothing left to the typesetter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from orchestrator.language import Language
from orchestrator.model.check import Layer
from orchestrator.model.conclusion import conclusion, headline, tone
from orchestrator.model.report import Change, ReportItem, RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.threshold import Evidence
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from orchestrator_plugins.renderers.chart import FULL, SPARK, Chart, Size, draw
from orchestrator_plugins.renderers.legibility import excerpt, label
from orchestrator_plugins.renderers.outlook import Outlook
from orchestrator_plugins.renderers.sections import (
    CAPACITY_LIMIT,
    CHANGE_LIMIT,
    CHART_LIMIT,
    HIGHLIGHT_LIMIT,
    Sections,
)
from orchestrator_plugins.renderers.wording import FOUNDED, Wording
from orchestrator_plugins.renderers.zone import zone

_ENDLESS = re.compile(r"[^\s\u2e80-\uffef]{18}(?=[^\s\u2e80-\uffef])")
"""So many characters without a place to break a line: a narrow column would not hold them."""
_CONTROLS = {0x2400 + code: f"[{code:02X}]" for code in (*range(0x20), 0x21)}
"""Pictures of control characters: Chinese fonts have none, and would show an empty box."""

Block = dict[str, object]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line. `k` is how it is set: bold, small (on its own line), soft, mark, or a verdict."""

    t: str
    k: str = ""


Cell = list[dict[str, str]]


class Paper:
    """The sheets of one report, for one reader."""

    def __init__(self, report: RoundReport, language: Language, font: str) -> None:
        self._report = report
        self._w = Wording(language, zone(report.timezone))
        self._sections = Sections(report)
        self._outlook = Outlook(self._w, report.started_at)
        self._font = font
        self.drawings: dict[str, str] = {}
        """Every chart as SVG, by its name; filled by `document`."""

    def document(self) -> Block:
        """All that is printed."""
        report, t, say = self._report, self._w.t, self._w.say
        suffix = "" if report.title.endswith("报告") else t("报告", " report")
        number = t(f"第 {report.round} 轮", f"Round {report.round}")
        footer = f"{say(report.hospital)[:40]} · {report.title[:40]} · {number}"
        return {
            "lang": self._w.language.value,
            "hospital": _soft(say(report.hospital)),
            "title": _soft(f"{report.title}{suffix}"),
            "partial": t("部分检查", "partial") if report.partial else "",
            "record": t(f"信息系统{say(report.kind.label)}记录", f"IT {say(report.kind.label)} record"),
            "number": number,
            "footer": _soft(footer),
            "page": [t("第 ", "page "), " / ", t(" 页", "")],
            "meta": [[name, _soft(value)] for name, value in self._meta()],
            "notes": list(self._notes()),
            "tone": tone(report).value,
            "headline": say(headline(report)),
            "conclusion": say(conclusion(report)),
            "highlights": list(self._highlights()),
            "blocks": list(self._blocks()),
        }

    def _blocks(self) -> Iterator[Block]:
        yield from self._coverage()
        yield from self._systems()
        yield from self._lost()
        yield from self._findings()
        yield from self._waivers()
        yield from self._changes()
        yield from self._capacity()
        t = self._w.t
        unlooked = t(
            "本轮没有检查任何备份，备份状况不明。", "No backup was looked at; their state is not known."
        )
        yield from self._figures(t("备份", "Backups"), self._sections.backups, unlooked)
        missing = t("本轮没有业务层检查项。", "This round has no check of the business layer.")
        yield from self._figures(t("业务量与业务指标", "Business figures"), self._sections.business, missing)
        yield from self._hosts()
        yield from self._signatures()

    def _meta(self) -> Iterator[tuple[str, str]]:
        report, t, w = self._report, self._w.t, self._w
        ended = w.until(report.finished_at, report.started_at)
        yield t("巡检时间", "Time"), f"{w.exactly(report.started_at)} {t('至', 'to')} {ended}"
        yield t("发起", "Started by"), w.say(report.actor.label)
        yield t("状态", "State"), w.say(report.state.label)
        yield t("主机", "Hosts"), t(f"{len(report.hosts)} 台", f"{len(report.hosts)}")
        before = report.previous_round
        number = t(f"第 {before} 轮", f"round {before}")
        first = t("无（首轮）", "none (first round)")
        yield (
            t("对比轮次", "Compared with"),
            (f"{number} · {w.when(report.previous_started_at)}" if before else first),
        )
        yield t("运行手册", "Runbook"), report.runbook
        yield t("程序版本", "Program"), report.version
        yield t("计划摘要", "Plan digest"), report.plan_digest[:12]

    def _notes(self) -> Iterator[str]:
        report, t = self._report, self._w.t
        if report.state is not RoundState.COMPLETED:
            yield t(
                f"本轮{report.state.label.zh}：没有轮到的项目一律记为“未检”，不能作为完整巡检的凭证。",
                f"This round: {report.state.label.en}. What had no turn counts as not run; this is no proof "
                "of a complete inspection.",
            )
        if report.partial:
            yield t(
                "本轮只检查了部分主机或项目，不能代替完整的一轮。",
                "This round was narrowed to some hosts or checks. It does not take the place of a whole one.",
            )
        if report.single_user:
            yield t(
                "单用户演示模式：报告中的人名均未经核实，不能作为签核依据。",
                "Single-user demo mode: no name in this report was proven, so none stands for a signature.",
            )

    def _highlights(self) -> Iterator[Cell]:
        for item in self._sections.critical[:HIGHLIGHT_LIMIT]:
            affected = self._w.components(item.affected, 3)
            yield _cell(
                Span(item.host, "bold"),
                Span(self._about(item)),
                Span(self._w.amount(item.value, item.unit) if item.value is not None else "", "bold"),
                Span(f"{self._w.t('影响 ', 'affects ')}{affected}" if affected else "", "soft"),
            )
        more = len(self._sections.critical) - HIGHLIGHT_LIMIT
        if more > 0:
            yield _cell(
                Span(self._w.t(f"另有严重异常 {more} 条，见异常明细", f"{more} more critical"), "soft")
            )

    def _coverage(self) -> Iterator[Block]:
        coverage, t, say = self._report.coverage, self._w.t, self._w.say
        yield _heading(t("检查覆盖", "Coverage"))
        yield {
            "kind": "coverage",
            "cells": [
                [t("应检", "Due"), str(coverage.due), ""],
                [t("已检", "Done"), str(coverage.done), coverage.percent if coverage.due else ""],
                [t("未知（未完成）", "Unknown (not done)"), str(coverage.unknown), ""],
                [t("未检（未完成）", "Not run (not done)"), str(coverage.not_run), ""],
                [t("不适用（不计入）", "Skipped (not counted)"), str(coverage.skipped), ""],
            ],
        }
        rows = [(say(layer.label), self._report.matrix.get(layer, {})) for layer in Layer]
        rows.append((t("合计", "Total"), self._report.counts))
        yield _table(
            [1.4, *[1.0] * len(Verdict)],
            [t("层次", "Layer"), *(say(verdict.label) for verdict in Verdict)],
            [
                [_cell(Span(name)), *(_count(verdict, counts.get(verdict, 0)) for verdict in Verdict)]
                for name, counts in rows
            ],
            right=range(1, len(Verdict) + 1),
        )
        yield _text(
            t(
                "单位：检查项。“未知”是没能看到，“未检”是没有轮到，两者都不算完成，也不代表正常。",
                "In checks. Unknown means that we could not look, not run that its turn did not come: "
                "neither is done, and neither means normal.",
            )
        )

    def _systems(self) -> Iterator[Block]:
        if not self._report.systems:
            return
        t, say = self._w.t, self._w.say
        yield _heading(t("受影响的系统", "Systems affected"))
        rows = []
        for group in self._sections.affected:
            names = [Span(f"{tier.value} {self._w.names(components)}") for tier, components in group.tiers]
            platform = self._w.names(group.platform)
            names += [Span(f"{t('平台 ', 'Platform ')}{platform}", "small")] if platform else []
            verdict = Span(say(group.verdict.label), group.verdict.value)
            rows.append([_cell(verdict), _cell(*names), _cell(Span(", ".join(group.because)))])
        if rows:
            head = [
                t("状态", "Verdict"),
                t("系统（按等级）", "Systems, by tier"),
                t("来自主机", "Because of"),
            ]
            yield _table([1, 5, 2.2], head, rows)
        else:
            yield _text(t("没有系统受本轮异常影响。", "No system is affected by a finding of this round."))
        outside = self._sections.systems(Verdict.SKIPPED)
        if outside:
            lead = t("本轮没有检查到（不能视为正常）：", "Not looked at (must not be taken as normal): ")
            yield _text(f"{lead}{self._w.names(outside)}")

    def _lost(self) -> Iterator[Block]:
        if not self._sections.lost:
            return
        t, say = self._w.t, self._w.say
        small = t(f"{len(self._sections.lost)} 台，状况不明，不能视为正常", "their state is not known")
        yield _heading(t("未能检查的主机", "Hosts that could not be checked"), small)
        yield _table(
            [1.4, 2.6, 2.4, 1.6],
            [t("主机", "Host"), t("原因", "Reason"), t("怎么办", "What to do"), t("影响系统", "Systems")],
            [
                [
                    _cell(Span(lost.host.name, "bold"), Span(lost.host.address, "small")),
                    _cell(
                        Span(say(lost.failure.reason.label), Verdict.UNKNOWN.value),
                        Span(say(lost.failure.detail), "small"),
                    ),
                    _cell(Span(say(lost.advice))),
                    _cell(Span(self._w.components(lost.host.affected, 4) or "—")),
                ]
                for lost in self._sections.lost
            ],
        )

    def _findings(self) -> Iterator[Block]:
        t, exceptions = self._w.t, self._sections.exceptions
        small = t(f"{len(exceptions)} 条，最严重的在前", f"{len(exceptions)}, worst first")
        yield _heading(t("异常明细", "Findings"), small if exceptions else "")
        for number, item in enumerate(exceptions, 1):
            yield self._finding(number, item)
        if not exceptions:
            coverage = self._report.coverage
            lacks = coverage.due - coverage.done
            if coverage.done:
                yield _text(t("已检项目没有异常。", "Nothing wrong in what was checked."))
            else:
                yield _text(t("没有任何项目得出结果。", "No check gave a result."), warned=True)
            if lacks:
                zh = f"但有 {lacks} 项没有结果，不能视为正常。"
                yield _text(t(zh, f"But {lacks} gave no result: not to be taken as normal."), warned=True)

    def _finding(self, number: int, item: ReportItem) -> Block:
        t, w = self._w.t, self._w
        shown = excerpt(item.evidence)
        left = t(f"…… 其余 {shown.left_out} 个字符从略", f"… {shown.left_out} more characters")
        return {
            "kind": "finding",
            "verdict": item.verdict.value,
            "head": _cell(
                Span(f"#{item.finding}" if item.finding is not None else str(number), "soft"),
                Span(w.say(item.verdict.label), item.verdict.value),
                Span(f"{item.host} · {item.title}", "bold"),
                Span(item.code, "soft"),
            ),
            "change": self._change(item),
            "facts": [[name, _cell(Span(value))] for name, value in self._facts(item)],
            "drawing": self._drawing(self._outlook.chart(item), SPARK),
            "lines": [[name, _cell(*spans)] for name, spans in self._lines(item)],
            "evidence": _soft(shown.text, legible=True),
            "left": left if shown.left_out else "",
            "form": [
                t("处置", "Action taken"),
                t("工单号", "Ticket"),
                t("复检结果 / 复检人", "Re-check / by"),
            ],
        }

    def _facts(self, item: ReportItem) -> Iterator[tuple[str, str]]:
        if item.value is None:
            return
        t, w = self._w.t, self._w
        moved = w.difference(item.value, item.previous)
        yield t("指标", "Figure"), f"{w.say(item.metric_title) or item.metric} {item.subject}"
        yield t("实测", "Value"), w.amount(item.value, item.unit)
        yield t("上一轮", "Last"), w.amount(item.previous, item.unit) + (f" ({moved})" if moved else "")
        yield t("预警界限", "Warning at"), w.limit(item.warn, item.unit)
        yield t("严重界限", "Critical at"), w.limit(item.crit, item.unit)

    def _lines(self, item: ReportItem) -> Iterator[tuple[str, list[Span]]]:
        t, w = self._w.t, self._w
        if item.owner or item.due_at:
            due = f"{t('，限期 ', ', due ')}{w.when(item.due_at)}" if item.due_at else ""
            late = [Span(t("已逾期", "overdue"), "mark")] if self._sections.overdue(item) else []
            yield t("责任人", "Owner"), [Span(f"{item.owner or '—'}{due}"), *late]
        if item.waiver:
            yield t("豁免已失效", "Waiver ended"), [Span(self._waived(item.waiver))]
        if item.reason:
            yield t("说明", "Reason"), [Span(w.say(item.reason))]
        if item.value is not None and (item.warn or item.crit) and item.evidence_level:
            founded = Span(
                w.say(FOUNDED[item.evidence_level]),
                "bold" if item.evidence_level is Evidence.PRACTICE else "",
            )
            yield t("界限依据", "Limits from"), [founded, Span(item.source, "soft")]
        yield t("影响系统", "Systems"), [Span(w.components(item.affected) or "—")]

    def _change(self, item: ReportItem) -> Cell:
        if item.change is None:
            return []
        t = self._w.t
        spans = [Span(self._w.say(item.change.label), "mark")]
        if item.flaps:
            spans.append(Span(t(f"近期出现 {item.flaps} 次", f"came up {item.flaps} times")))
        if item.since and item.change not in (Change.NEW, Change.FIRST):
            spans.append(Span(f"{t('自 ', 'since ')}{self._w.when(item.since)}"))
        return _cell(*spans)

    def _waivers(self) -> Iterator[Block]:
        t, say = self._w.t, self._w.say
        heads = [t("主机", "Host"), t("项目", "Check"), t("批准人、期限、理由", "By whom, until, why")]
        if self._sections.waived:
            yield _heading(
                t("已豁免", "Waived"), t("经人批准暂不处理，到期自动恢复", "accepted until a date")
            )
            rows = [
                [
                    _cell(Span(item.host)),
                    _cell(Span(self._about(item)), Span(self._w.amount(item.value, item.unit), "bold")),
                    _cell(
                        Span(self._waived(item.waiver) if item.waiver else ""),
                        Span(say(item.reason)),
                    ),
                ]
                for item in self._sections.waived
            ]
            yield _table([1.2, 2.6, 4], heads, rows)
        if self._report.waivers:
            yield _heading(t("失效与将到期的豁免", "Waivers that ended or soon will"))
            states = [(one, t("已失效", "ended")) for one in self._sections.ended_waivers]
            states += [(one, t("将到期", "will run out")) for one in self._sections.ending_waivers]
            rows = [
                [
                    _cell(Span(state, "bold")),
                    _cell(Span(one.host)),
                    _cell(
                        Span(" ".join(part for part in (one.task, one.metric, one.subject) if part)),
                        Span(f"{t('至多 ', 'up to ')}{say(one.covers.label)}", "small"),
                    ),
                    _cell(Span(self._waived(one))),
                ]
                for one, state in states
            ]
            yield _table([1, 1.2, 2, 3.6], [t("状态", "State"), *heads], rows)

    def _waived(self, one: Waiver) -> str:
        who, until = self._w.say(one.approver.label), self._w.when(one.ended_at or one.expires_at)
        return self._w.t(
            f"#{one.number} 批准人 {who}，到 {until}；{one.reason}",
            f"#{one.number} approved by {who} until {until}: {one.reason}",
        )

    def _changes(self) -> Iterator[Block]:
        report, t, w = self._report, self._w.t, self._w
        before = t(f"第 {report.previous_round} 轮", f"round {report.previous_round}")
        yield _heading(
            t("与上一轮对比", "Compared with the last round"), before if report.previous_round else ""
        )
        if not report.previous_round:
            yield _text(
                t("这是首轮，没有可对比的结果。", "This is the first round; there is nothing before it.")
            )
            return
        rows: list[list[Cell]] = []
        left = 0
        for kind in (Change.NEW, Change.PERSISTING, Change.FLAPPING, Change.CLEARED):
            items = self._sections.by_change[kind]
            left += max(0, len(items) - CHANGE_LIMIT)
            rows += [
                [
                    self._change(item)[:1],
                    _cell(Span(item.host)),
                    _cell(Span(self._about(item)), *self._times(item)),
                    _cell(*self._then_and_now(item)),
                ]
                for item in items[:CHANGE_LIMIT]
            ]
        if not rows:
            yield _text(
                t("没有新增、持续、反复或消除的异常。", "No finding is new, persists, flaps or was cleared.")
            )
            return
        head = [
            t("变化", "Change"),
            t("主机", "Host"),
            t("项目", "Check"),
            t("上一轮 → 本轮", "Last round → now"),
        ]
        yield _table([0.9, 1.3, 3.2, 2.8], head, rows)
        if left:
            yield _text(t(f"另有 {left} 条，见异常明细。", f"{left} more are among the findings."))
        note = "只有本轮亲眼看到恢复，才算“消除”；本轮没能检查到的旧异常不算消除。"
        yield _text(w.t(note, "Cleared means that this round saw it gone."))

    def _times(self, item: ReportItem) -> list[Span]:
        return [Span(" ".join(one["t"] for one in self._change(item)[1:]), "small")]

    def _then_and_now(self, item: ReportItem) -> Iterator[Span]:
        w = self._w
        if item.previous_verdict:
            yield Span(w.say(item.previous_verdict.label), item.previous_verdict.value)
        if item.previous is not None:
            yield Span(w.amount(item.previous, item.unit))
        yield Span("→")
        yield Span(w.say(item.verdict.label), item.verdict.value)
        if item.value is not None:
            yield Span(w.amount(item.value, item.unit))

    def _capacity(self) -> Iterator[Block]:
        if not self._sections.capacity:
            return
        t, w = self._w.t, self._w
        shown = self._sections.capacity[:CAPACITY_LIMIT]
        small = t("先满的在前，其余按占用排列", "first to be full, then the fullest")
        yield _heading(t("容量与预测", "Capacity and forecast"), small)
        drawn = [(item, self._outlook.chart(item)) for item in self._sections.foretold[:CHART_LIMIT]]
        charts = [self._figure(item, chart) for item, chart in drawn if chart]
        if charts:
            yield {"kind": "charts", "charts": charts}
        rows = [
            [
                _cell(Span(item.host)),
                _cell(Span(self._about(item))),
                _cell(Span(w.amount(item.value, item.unit), "bold")),
                _cell(Span(w.difference(item.value, item.previous) or "—")),
                self._told(item),
                _cell(Span(w.say(item.verdict.label), item.verdict.value)),
            ]
            for item in shown
        ]
        head = [t("主机", "Host"), t("项目", "Check"), t("本轮", "Now"), t("变化", "Change")]
        head += [t("到严重界限", "Critical limit"), t("状态", "Verdict")]
        yield _table([1.1, 2.3, 0.9, 0.8, 2.8, 0.8], head, rows, right=(2, 3))
        rest = len(self._sections.capacity) - len(shown)
        if rest:
            yield _text(
                t(f"其余 {rest} 项见 Excel 或网页版报告。", f"{rest} more are in the Excel or HTML report.")
            )
        yield _text(
            t(
                "预测按近期趋势外推，给出区间而非一天；数据不足以预测的，只写原因。",
                "Forecasts follow the recent trend and name a span, not a day. Where the data bear none, the "
                "reason is given instead.",
            )
        )

    def _told(self, item: ReportItem) -> Cell:
        forecast = item.forecast
        if forecast is None:
            return _cell(Span("—"))
        return _cell(
            Span(self._outlook.crossing(item), "bold" if forecast.earliest else "soft"),
            Span(self._outlook.ahead(item), "small"),
            Span(self._outlook.basis(item), "small"),
        )

    def _figure(self, item: ReportItem, chart: Chart) -> Block:
        title = _cell(Span(item.host, "bold"), Span(item.title), Span(item.subject))
        return {
            "title": title,
            "file": self._drawing(chart, FULL),
            "words": _soft(self._outlook.crossing(item) or chart.title),
        }

    def _drawing(self, chart: Chart | None, size: Size) -> str:
        if chart is None:
            return ""
        name = f"chart-{len(self.drawings) + 1}"
        self.drawings[name] = draw(chart, size, font=self._font)
        return name

    def _figures(self, title: str, items: Sequence[ReportItem], none: str) -> Iterator[Block]:
        t, w = self._w.t, self._w
        yield _heading(title)
        if not items:
            yield _text(none, warned=True)
            return
        head = [
            t("主机", "Host"),
            t("项目", "Check"),
            t("本轮", "Now"),
            t("上一轮", "Last"),
            t("状态", "Verdict"),
        ]
        rows = [
            [
                _cell(Span(item.host)),
                _cell(Span(self._about(item)), Span(w.say(item.reason), "small")),
                _cell(Span(w.amount(item.value, item.unit), "bold")),
                _cell(Span(w.amount(item.previous, item.unit))),
                _cell(Span(w.say(item.verdict.label), item.verdict.value)),
            ]
            for item in items
        ]
        yield _table([1.3, 4, 1.2, 1.2, 1], head, rows, right=(2, 3))

    def _hosts(self) -> Iterator[Block]:
        t, say = self._w.t, self._w.say
        yield _heading(
            t("主机一览", "Hosts"), t(f"{len(self._report.hosts)} 台", f"{len(self._report.hosts)}")
        )
        if not self._report.hosts:
            yield _text(t("本轮没有主机。", "This round had no host."), warned=True)
            return
        lost = t("未能检查", "not checked")
        rows = [
            [
                _cell(Span(host.name, "bold"), Span(host.address, "small")),
                _cell(Span(lost if host.failure else say(host.verdict.label), host.verdict.value)),
                *(_count(verdict, host.counts.get(verdict, 0)) for verdict in Verdict),
            ]
            for host in self._report.hosts
        ]
        head = [t("主机", "Host"), t("状态", "Verdict"), *(say(verdict.label) for verdict in Verdict)]
        numbers = range(2, len(Verdict) + 2)
        yield _table([2.2, 1.5, *[0.9] * len(Verdict)], head, rows, right=numbers)

    def _signatures(self) -> Iterator[Block]:
        report, t = self._report, self._w.t
        made = f"{self._w.when(report.generated_at)} ({report.timezone})"
        yield _text(
            t(
                f"完成率 = 已检 ÷ 应检，只舍不入。完整清单（{len(report.items)} 条）在 Excel 与网页版报告中。"
                f"报告生成于 {made}，Wardround {report.version}；计划摘要 {report.plan_digest}",
                f"Coverage is done ÷ due, never rounded up. The complete list ({len(report.items)} lines) is "
                f"in the Excel and HTML reports. Made at {made}, Wardround {report.version}; "
                f"plan {report.plan_digest}",
            )
        )
        yield _heading(t("签字确认", "Signatures"))
        choice = t("□ 确认　□ 退回　评价 ____", "□ confirmed  □ returned  rating ____")
        anchor = report.anchor
        place = t("事件链位置", "Place in the chain of events")
        told = t(
            "签字时记录库的事件链停在这里，全文：", "where the log of events stood for this sheet; in full:"
        )
        yield {
            "kind": "sign",
            "columns": [
                {"who": t("巡检人", "Inspected by"), "choice": " "},
                {"who": t("服务主管", "Service supervisor"), "choice": " "},
                {"who": t("院方确认", "For the hospital"), "choice": choice},
            ],
            "labels": [t("意见", "Opinion"), t("签字", "Signature"), t("日期", "Date")],
            "anchor": _cell(Span(f"{place} {anchor.short}", "bold"), Span(told, "soft")) if anchor else [],
            "full": str(anchor) if anchor else "",
        }

    def _about(self, item: ReportItem) -> str:
        metric = self._w.say(item.metric_title)
        parts = [
            item.title,
            f"· {metric}" if metric and metric != item.title else "",
            item.subject,
            item.code,
        ]
        return " ".join(part for part in parts if part)


def _heading(text: str, small: str = "") -> Block:
    return {"kind": "heading", "text": text, "small": small}


def _text(text: str, *, warned: bool = False) -> Block:
    return {"kind": "text", "spans": _cell(Span(text)), "warned": warned}


def _table(
    widths: Sequence[float], head: Sequence[str], rows: Sequence[Sequence[Cell]], right: Sequence[int] = ()
) -> Block:
    return {
        "kind": "table",
        "widths": list(widths),
        "head": list(head),
        "rows": [list(row) for row in rows],
        "right": list(right),
    }


def _count(verdict: Verdict, count: int) -> Cell:
    return _cell(Span(str(count), verdict.value if count else "soft"))


def _cell(*spans: Span) -> Cell:
    said = [Span(_soft(one.t), one.k) for one in spans if one.t]
    # What begins a cell needs no line of its own.
    return [
        asdict(Span(one.t, "soft") if one.k == "small" and not at else one) for at, one in enumerate(said)
    ]


def _soft(text: str, *, legible: bool = False) -> str:
    """`text` made legible, with places to break a line where it has none for too long."""
    shown = (text if legible else label(text)).translate(_CONTROLS)
    return _ENDLESS.sub(lambda found: f"{found[0]}\u200b", shown)
