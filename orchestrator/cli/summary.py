"""Shows a round to the person at the terminal: the conclusion first, then what needs them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from orchestrator.cli.language import say, speak
from orchestrator.cli.style import COLOURS, MARKS, coloured
from orchestrator.cli.visible import one_line
from orchestrator.model.conclusion import conclusion, headline, tone
from orchestrator.model.forecast import Forecast, fills_within
from orchestrator.model.foretelling import Foretelling
from orchestrator.model.report import Change, ReportItem, RoundReport
from orchestrator.model.round import RoundLine
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver

EVIDENCE_WIDTH = 100
_SOON = 7
"""Days: what is foretold to be full within them is a warning of its own (domain.md 3.2, LNX05)."""


def print_summary(report: RoundReport, path: Path | None) -> None:
    """The round in one screen; `path` is where its report lies."""
    console = stdout()
    verdict = tone(report)
    console.print(
        Styled.assemble(
            (f"{MARKS[verdict]} {speak(headline(report))}", COLOURS[verdict]),
            f"  {one_line(report.title)} #{report.round}  {one_line(speak(report.hospital))}",
        )
    )
    console.print(speak(conclusion(report)), soft_wrap=True)
    console.print(_matrix(report))
    if report.findings:
        console.print(_findings(report.findings))
    if report.cleared:
        console.print(_cleared(report.cleared), soft_wrap=True)
    for item in report.items:
        if item.forecast is not None and fills_within(item.forecast, _SOON, report.started_at):
            told = Styled(f"! {_foretold(item, item.forecast, report)}", COLOURS[Verdict.WARN])
            console.print(told, soft_wrap=True)
    for waiver in report.waivers:
        console.print(_waiver(waiver, report), soft_wrap=True)
    if path is not None:
        console.print(Styled(f"{say('报告', 'Report')}: {path}", no_wrap=True, overflow="ignore"))


def _foretold(item: ReportItem, forecast: Forecast, report: RoundReport) -> str:
    name = one_line(f"{item.host} {item.title} {item.subject}")
    told = Foretelling(forecast, item.crit, item.unit, report.started_at, ZoneInfo(report.timezone))
    return f"{name}: {speak(told.crossing)} ({speak(told.basis)})"


def stdout() -> Console:
    """A console on standard output that never breaks a line of data when it is piped.

    What hosts wrote is no markup: `[/data]` in a log line would be taken for an end tag that has no start.
    """
    shown = coloured(sys.stdout)
    return Console(
        file=sys.stdout,
        force_terminal=shown,
        no_color=not shown,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if sys.stdout.isatty() else 160,
    )


def _matrix(report: RoundReport) -> Table:
    verdicts = [verdict for verdict in Verdict if any(row.get(verdict) for row in report.matrix.values())]
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(say("层", "layer"))
    for verdict in verdicts:
        table.add_column(speak(verdict.label), justify="right", style=COLOURS[verdict])
    for layer, row in report.matrix.items():
        table.add_row(speak(layer.label), *(str(row.get(verdict, 0)) for verdict in verdicts))
    return table


def _findings(findings: tuple[ReportItem, ...]) -> Table:
    table = Table(
        box=box.SIMPLE, pad_edge=False, title=say("需要处理", "What needs you"), title_justify="left"
    )
    for heading in (
        say("结论", "verdict"),
        say("主机", "host"),
        say("项目", "check"),
        say("值", "value"),
        say("变化", "change"),
        say("说明", "note"),
    ):
        table.add_column(heading, overflow="fold")
    for item in findings:
        table.add_row(
            Styled(f"{MARKS[item.verdict]} {speak(item.verdict.label)}", COLOURS[item.verdict]),
            one_line(item.host),
            one_line(f"{item.title} {item.subject}"),
            one_line(_value(item)),
            _change(item),
            _note(item),
        )
    return table


def _change(item: ReportItem) -> str:
    if item.change is None or item.change is Change.FIRST:
        return ""
    times = say(f"（近期 {item.flaps} 次）", f" ({item.flaps} times)") if item.flaps else ""
    return speak(item.change.label) + times


def _cleared(cleared: tuple[ReportItem, ...]) -> Styled:
    names = "; ".join(one_line(f"{item.host} {item.title} {item.subject}") for item in cleared)
    return Styled(f"✓ {say('上一轮以来消除', 'Cleared since the last round')}: {names}", COLOURS[Verdict.OK])


def _waiver(waiver: Waiver, report: RoundReport) -> Styled:
    end = waiver.ended_at or waiver.expires_at
    holds = waiver.holds(report.started_at)
    said = say("豁免即将到期", "Waiver ends soon") if holds else say("豁免已失效", "Waiver has run out")
    place = one_line(f"{waiver.host} {waiver.task} {waiver.metric} {waiver.subject}")
    at = f"{end.astimezone(ZoneInfo(report.timezone)):%Y-%m-%d %H:%M}"
    text = f"{MARKS[Verdict.WAIVED]} {said}: {waiver.number} {place} {at} ({one_line(waiver.reason)})"
    return Styled(text, COLOURS[Verdict.WAIVED if holds else Verdict.WARN])


def _value(item: ReportItem) -> str:
    if item.value is None:
        return ""
    value = f"{item.value:g}" if isinstance(item.value, float) else item.value
    limit = item.crit if item.verdict is Verdict.CRIT else item.warn
    shown = f"{value}{item.unit}"
    return f"{shown} ({limit})" if limit else shown


def _note(item: ReportItem) -> str:
    line = one_line(speak(item.reason) if item.reason else item.evidence)
    return line if len(line) <= EVIDENCE_WIDTH else line[: EVIDENCE_WIDTH - 1] + "…"


def print_rounds(rounds: Sequence[RoundLine], *, as_json: bool) -> None:
    """A list of rounds, newest first."""
    if as_json:
        rows = [
            {**asdict(line), "state": str(line.state), "started_at": line.started_at.isoformat()}
            for line in rounds
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in (
        say("编号", "number"),
        say("运行手册", "runbook"),
        say("状态", "state"),
        say("开始", "started"),
        say("完成/应检", "done/due"),
        say("严重", "critical"),
        say("预警", "warnings"),
        say("不可达", "unreachable"),
        say("执行者", "by"),
    ):
        table.add_column(heading)
    for line in rounds:
        table.add_row(
            str(line.number),
            one_line(f"{line.runbook} {line.title}"),
            speak(line.state.label),
            f"{line.started_at:%Y-%m-%d %H:%M}",
            f"{line.done}/{line.due}",
            *(str(count or "") for count in (line.crit, line.warn, line.hosts_unreachable)),
            one_line(speak(line.actor.label)),
        )
    stdout().print(table)


def print_hosts(report: RoundReport) -> None:
    """One line a host: reached, or why not."""
    for host in report.hosts:
        mark = MARKS[Verdict.UNKNOWN if host.failure else Verdict.OK]
        note = one_line(speak(host.failure.detail)) if host.failure else f"{host.seconds:.2f} s"
        print(f"{mark} {one_line(host.name)}\t{host.address}\t{note}")
