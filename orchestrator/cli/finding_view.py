"""How findings and waivers look on a terminal, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from rich import box
from rich.table import Table

from orchestrator.cli.language import say, speak
from orchestrator.cli.local_time import iso, local
from orchestrator.cli.style import MARKS
from orchestrator.cli.summary import stdout
from orchestrator.cli.visible import one_line
from orchestrator.model.finding import FindingDetail, FindingLine
from orchestrator.model.waiver import Waiver


def finding_row(line: FindingLine) -> dict[str, object]:
    return {
        "number": line.number,
        "runbook": line.runbook,
        "host": line.host,
        "task": line.task,
        "metric": line.metric,
        "subject": line.subject,
        "verdict": line.verdict,
        "value": line.value,
        "state": line.state,
        "since": line.since.isoformat(),
        "last_seen": line.last_seen.isoformat(),
        "owner": line.owner,
        "due_at": iso(line.due_at),
        "overdue": line.overdue,
    }


def detail_row(found: FindingDetail) -> dict[str, object]:
    notes = [
        {
            "at": note.at.isoformat(),
            "author": note.author.name,
            "proof": note.author.proof,
            "act": note.act,
            "text": note.text,
            "owner": note.owner,
            "due_at": iso(note.due_at),
        }
        for note in found.notes
    ]
    ranged = found.samples
    return {
        **finding_row(found.line),
        "first_round": found.first_round,
        "last_round": found.last_round,
        "cleared_round": found.cleared_round,
        "closed_at": iso(found.closed_at),
        "closed_by": found.closed_by.name if found.closed_by else None,
        "notes": notes,
        "waivers": [waiver_row(one) for one in found.waivers],
        "samples": {"count": ranged.count, "least": ranged.least, "most": ranged.most, "unit": ranged.unit}
        if ranged
        else None,
        "others": list(found.others),
    }


def waiver_row(waiver: Waiver) -> dict[str, object]:
    return {
        "number": waiver.number,
        "runbook": waiver.runbook,
        "host": waiver.host,
        "task": waiver.task,
        "metric": waiver.metric,
        "subject": waiver.subject,
        "covers": waiver.covers,
        "reason": waiver.reason,
        "approver": waiver.approver.name,
        "proof": waiver.approver.proof,
        "approved_at": waiver.approved_at.isoformat(),
        "expires_at": waiver.expires_at.isoformat(),
        "ended_at": iso(waiver.ended_at),
    }


def print_findings(found: Sequence[FindingLine], timezone: ZoneInfo) -> None:
    """One line a finding. Nothing is said where there is none but that."""
    if not found:
        print(say("没有需要处理的发现", "no findings"))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in (
        say("编号", "number"),
        say("结论", "verdict"),
        say("项目", "what"),
        say("状态", "state"),
        say("始于", "since"),
        say("负责人", "owner"),
        say("期限", "due"),
    ):
        table.add_column(heading, overflow="fold")
    for line in found:
        late = say(" 超期", " overdue") if line.overdue else ""
        table.add_row(
            str(line.number),
            f"{MARKS[line.verdict]} {speak(line.verdict.label)}",
            one_line(line.what),
            speak(line.state.label),
            local(line.since, timezone),
            one_line(line.owner),
            (local(line.due_at, timezone) if line.due_at else "") + late,
        )
    stdout().print(table)


def print_detail(found: FindingDetail, timezone: ZoneInfo) -> None:
    """Everything about one finding, oldest first."""
    line = found.line
    print(f"#{line.number} {one_line(line.what)}  {speak(line.verdict.label)}  {speak(line.state.label)}")
    print(say("运行手册", "runbook") + f": {line.runbook}")
    if line.owner:
        print(say("负责人", "owner") + f": {one_line(line.owner)}")
    if line.due_at:
        late = say("（已超期）", " (overdue)") if line.overdue else ""
        print(say("期限", "due") + f": {local(line.due_at, timezone)}{late}")
    if ranged := found.samples:
        print(
            say("数值范围", "values")
            + f": {ranged.least:g} .. {ranged.most:g} {ranged.unit} ({ranged.count})"
        )
    if found.others:
        print(say("其他时候的编号", "at other times") + ": " + ", ".join(f"#{one}" for one in found.others))
    print(f"{local(line.since, timezone)}  {say('首次发现', 'first seen')} (#{found.first_round})")
    print(f"{local(line.last_seen, timezone)}  {say('最近一次看到', 'last seen')} (#{found.last_round})")
    if found.cleared_at:
        gone = say("检查证实消除", "seen gone")
        print(f"{local(found.cleared_at, timezone)}  {gone} (#{found.cleared_round})")
    for note in found.notes:
        given = f" → {one_line(note.owner)}" if note.owner else ""
        act, author = speak(note.act.label), speak(note.author.label)
        print(f"{local(note.at, timezone)}  {act}{given}  {one_line(note.text)}  {one_line(author)}")
    for waiver in found.waivers:
        print(waiver_sentence(waiver, timezone))


def print_waivers(waivers: Sequence[Waiver], timezone: ZoneInfo) -> None:
    """One line a waiver."""
    if not waivers:
        print(say("没有豁免", "no waivers"))
    for waiver in waivers:
        print(waiver_sentence(waiver, timezone))


def waiver_sentence(waiver: Waiver, timezone: ZoneInfo) -> str:
    parts = (waiver.host, waiver.task, waiver.metric, waiver.subject)
    place = one_line(" ".join(parts))
    end = local(waiver.ended_at or waiver.expires_at, timezone)
    until = say("已终止于", "ended") if waiver.ended_at else say("至", "until")
    covers = speak(waiver.covers.label)
    return (
        f"{say('豁免', 'waiver')} {waiver.number}  {place}  ≤ {covers}  {until} {end}  "
        f"{one_line(waiver.reason)}  {one_line(speak(waiver.approver.label))}"
    )
