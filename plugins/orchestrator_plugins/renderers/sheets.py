"""What each sheet of the workbook holds, drawn from the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.model.check import Layer
from orchestrator.model.conclusion import conclusion, headline
from orchestrator.model.report import ReportItem, RoundReport
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from orchestrator_plugins.renderers.outlook import Outlook, foretold
from orchestrator_plugins.renderers.sections import Sections
from orchestrator_plugins.renderers.sheet import Cell, Column, Sheet
from orchestrator_plugins.renderers.wording import Wording

Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheets:
    """The workbook of one report, for one reader."""

    report: RoundReport
    sections: Sections
    outlook: Outlook
    w: Wording

    def all(self) -> Iterator[Sheet]:
        """Every sheet in its place, also where it is empty: nobody has to wonder whether it is missing."""
        t = self.w.t
        yield Sheet(t("概要", "Summary"), self._columns((t("项目", "What"), 26), (t("内容", "Value"), 100)),
                    [*self._summary()], table=False)  # fmt: skip
        yield self._items(t("异常", "Findings"), self.report.findings)
        yield self._items(t("全部项目", "All checks"), self.report.items)
        yield Sheet(t("主机", "Hosts"), self._host_columns(), [*self._hosts()])
        yield Sheet(t("系统", "Systems"), self._system_columns(), [*self._systems()])
        yield Sheet(t("豁免", "Waivers"), self._waiver_columns(), [*self._waivers()])
        yield Sheet(t("容量预测", "Forecasts"), self._forecast_columns(), [*self._forecasts()])

    def _columns(self, *columns: tuple[str, float]) -> tuple[Column, ...]:
        return tuple(Column(title, width, wraps=width >= 40) for title, width in columns)

    def _summary(self) -> Iterator[Row]:
        report, t, say = self.report, self.w.t, self.w.say
        partial = t("（部分检查）", " (partial)") if report.partial else ""
        yield t("医院", "Hospital"), say(report.hospital)
        yield t("报告", "Report"), f"{report.title}{partial}"
        yield t("轮次", "Round"), report.round
        yield t("运行手册", "Runbook"), report.runbook
        yield t("结论", "Conclusion"), f"{say(headline(report))}{t('：', ': ')}{say(conclusion(report))}"
        yield t("状态", "State"), say(report.state.label)
        yield t("发起", "Started by"), say(report.actor.label)
        if report.single_user:
            yield (
                t("注意", "Note"),
                t("单用户演示模式，人名未经核实", "single-user demo mode, no name is proven"),
            )
        yield t("开始", "Started"), report.started_at
        yield t("结束", "Ended"), report.finished_at or t("未结束", "not ended")
        yield t("时区", "Time zone"), report.timezone
        yield t("对比轮次", "Compared with"), report.previous_round or t("无", "none")
        yield t("主机", "Hosts"), len(report.hosts)
        coverage = report.coverage
        yield t("应检", "Due"), coverage.due
        yield t("已检", "Done"), coverage.done
        yield t("完成率", "Coverage"), coverage.percent if coverage.due else "—"
        for layer in (None, *Layer):
            counts = report.counts if layer is None else report.matrix.get(layer, {})
            name = t("合计", "total") if layer is None else say(layer.label)
            for verdict in Verdict:
                yield f"{name} · {say(verdict.label)}", counts.get(verdict, 0)
        for change, items in self.sections.by_change.items():
            yield f"{t('变化', 'change')} · {say(change.label)}", len(items)
        yield t("程序版本", "Program"), report.version
        yield t("计划摘要", "Plan digest"), report.plan_digest
        yield t("事件链位置", "Chain of events"), str(report.anchor) if report.anchor else "—"
        yield t("报告生成于", "Made at"), report.generated_at

    def _items(self, name: str, items: tuple[ReportItem, ...]) -> Sheet:
        t = self.w.t
        columns = self._columns(
            (t("主机", "Host"), 18), (t("结论", "Verdict"), 9), (t("层次", "Layer"), 10),
            (t("编号", "Code"), 9), (t("项目", "Check"), 24), (t("指标", "Metric"), 16),
            (t("对象", "Subject"), 24), (t("实测", "Value"), 12), (t("单位", "Unit"), 8),
            (t("上一轮", "Last round"), 12), (t("预警界限", "Warning at"), 12),
            (t("严重界限", "Critical at"), 12), (t("界限依据", "Limits from"), 22),
            (t("变化", "Change"), 9), (t("近期次数", "Times"), 9),
            (t("自", "Since"), 19), (t("发现编号", "Finding"), 9), (t("责任人", "Owner"), 12),
            (t("限期", "Due"), 19), (t("逾期", "Overdue"), 8), (t("说明", "Reason"), 40),
            (t("影响系统", "Systems"), 40), (t("证据", "Evidence"), 60),
        )  # fmt: skip
        return Sheet(name, columns, [self._item(item) for item in items])

    def _item(self, item: ReportItem) -> Row:
        t, say = self.w.t, self.w.say
        return (
            item.host, item.verdict, say(item.layer.label),
            item.code, item.title, say(item.metric_title) or item.metric,
            item.subject, item.value, item.unit,
            item.previous, item.warn, item.crit,
            item.source, say(item.change.label) if item.change else None, item.flaps or None,
            item.since, item.finding, item.owner,
            item.due_at, t("已逾期", "overdue") if self.sections.overdue(item) else None, say(item.reason),
            self.w.names(item.affected), item.evidence,
        )  # fmt: skip

    def _host_columns(self) -> tuple[Column, ...]:
        t = self.w.t
        counts = [(self.w.say(verdict.label), 8.0) for verdict in Verdict]
        return self._columns(
            (t("主机", "Host"), 20), (t("地址", "Address"), 18), (t("分组", "Groups"), 28),
            (t("结论", "Verdict"), 9), *counts, (t("用时（秒）", "Seconds"), 10),
            (t("未能检查的原因", "Why not checked"), 44),
            (t("影响系统", "Systems"), 44),
        )  # fmt: skip

    def _hosts(self) -> Iterator[Row]:
        for host in self.report.hosts:
            failure = host.failure
            why = f"{self.w.say(failure.reason.label)}: {self.w.say(failure.detail)}" if failure else None
            counts = (host.counts.get(verdict, 0) for verdict in Verdict)
            groups, systems = ", ".join(host.groups), self.w.names(host.affected)
            yield host.name, host.address, groups, host.verdict, *counts, host.seconds, why, systems

    def _system_columns(self) -> tuple[Column, ...]:
        t = self.w.t
        return self._columns(
            (t("系统", "System"), 30), (t("合同序号", "Contract no."), 10), (t("等级", "Tier"), 7),
            (t("结论", "Verdict"), 9), (t("异常数", "Findings"), 9), (t("来自主机", "Because of"), 60),
        )  # fmt: skip

    def _systems(self) -> Iterator[Row]:
        for line in self.report.systems:
            one = line.component
            because = ", ".join(line.because)
            yield self.w.say(one.title), one.seq, one.tier.value, line.verdict, line.findings, because

    def _waiver_columns(self) -> tuple[Column, ...]:
        t = self.w.t
        return self._columns(
            (t("编号", "Number"), 8), (t("状态", "State"), 12), (t("主机", "Host"), 18),
            (t("任务", "Task"), 22),
            (t("指标", "Metric"), 16), (t("对象", "Subject"), 22), (t("至多", "Up to"), 9),
            (t("批准人", "Approved by"), 30), (t("批准于", "Approved"), 19), (t("到期", "Until"), 19),
            (t("终止于", "Ended"), 19), (t("理由", "Reason"), 50),
        )  # fmt: skip

    def _waivers(self) -> Iterator[Row]:
        t = self.w.t
        used = (item.waiver for item in self.sections.waived if item.waiver)
        states = {one.number: (one, t("生效中", "holds")) for one in used}
        states |= {one.number: (one, t("将到期", "will run out")) for one in self.sections.ending_waivers}
        states |= {one.number: (one, t("已失效", "ended")) for one in self.sections.ended_waivers}
        for number in sorted(states):
            yield self._waiver(*states[number])

    def _waiver(self, one: Waiver, state: str) -> Row:
        return (
            one.number, state, one.host, one.task, one.metric, one.subject, one.covers,
            self.w.say(one.approver.label), one.approved_at, one.expires_at, one.ended_at, one.reason,
        )  # fmt: skip

    def _forecast_columns(self) -> tuple[Column, ...]:
        t = self.w.t
        return self._columns(
            (t("主机", "Host"), 18), (t("项目", "Check"), 22), (t("对象", "Subject"), 24),
            (t("结论", "Verdict"), 9), (t("实测", "Value"), 10), (t("单位", "Unit"), 8),
            (t("上一轮", "Last round"), 10), (t("严重界限", "Critical at"), 12),
            (t("最早", "Earliest"), 19), (t("最晚", "Latest"), 19),
            (t("30 天后", "In 30 d"), 14), (t("60 天后", "In 60 d"), 14), (t("90 天后", "In 90 d"), 14),
            (t("样本", "Samples"), 8), (t("预测或不能预测的原因", "Forecast, or why there is none"), 46),
        )  # fmt: skip

    def _forecasts(self) -> Iterator[Row]:
        for item in self.sections.capacity:
            forecast = foretold(item)
            yield (
                item.host, item.title, item.subject, item.verdict,
                item.value, item.unit, item.previous, item.crit,
                forecast.earliest if forecast else None, forecast.latest if forecast else None,
                self.outlook.after(item, 30), self.outlook.after(item, 60), self.outlook.after(item, 90),
                item.forecast.samples if item.forecast else None, self.outlook.crossing(item),
            )  # fmt: skip
