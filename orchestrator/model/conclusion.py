"""The few words that a round comes down to: what a director reads in five seconds."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.language import Text
from orchestrator.model.report import RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.verdict import Verdict

_COMMA = Text("、", ", ")


def tone(report: RoundReport) -> Verdict:
    """The verdict in whose colour the round as a whole is shown. `ok` only when all that was due was seen."""
    if report.counts.get(Verdict.CRIT):
        return Verdict.CRIT
    if not _complete(report):
        return Verdict.UNKNOWN
    return Verdict.WARN if report.counts.get(Verdict.WARN) else Verdict.OK


def headline(report: RoundReport) -> Text:
    """The round in one phrase."""
    if report.coverage.due == 0:
        return Text("没有检查任何项目", "Nothing was checked")
    match tone(report):
        case Verdict.CRIT if _complete(report):
            return Text("有严重异常", "Critical findings")
        case Verdict.CRIT:
            return Text("有严重异常，且检查不完整", "Critical findings, and incomplete")
        case Verdict.UNKNOWN:
            return Text("检查不完整", "Incomplete")
        case Verdict.WARN:
            return Text("有预警", "Warnings")
        case _:
            return Text("正常", "Normal")


def conclusion(report: RoundReport) -> Text:
    """The round in one sentence. All numbers are checks, so that they add up with the coverage."""
    clauses = [_coverage(report), _findings(report), _unseen(report)]
    said = [clause for clause in clauses if clause is not None]
    state = _state(report)
    return Text(
        zh=state.zh + "；".join(clause.zh for clause in said) + "。",
        en=state.en + "; ".join(clause.en for clause in said) + ".",
    )


def _complete(report: RoundReport) -> bool:
    lost = any(host.failure for host in report.hosts)
    seen = report.coverage.done == report.coverage.due > 0
    return report.state is RoundState.COMPLETED and seen and not lost


def _state(report: RoundReport) -> Text:
    if report.details_removed_at:
        day = f"{report.details_removed_at:%Y-%m-%d}"
        return Text(
            f"本轮的明细已于 {day} 按保留期清除，只保留计数。",
            f"The round's details were removed on {day}, as retention says; its counts are left. ",
        )
    match report.state:
        case RoundState.COMPLETED if report.partial:
            return Text("本轮只检查了部分主机或项目。", "The round was narrowed to some hosts or checks. ")
        case RoundState.COMPLETED:
            return Text("", "")
        case RoundState.RUNNING:
            return Text(
                "本轮尚未结束，以下是目前的结果。",
                "The round is still running; this is what is known so far. ",
            )
        case RoundState.CANCELLED | RoundState.INTERRUPTED:
            return Text(
                f"本轮{report.state.label.zh}，结果不完整。",
                f"The round was {report.state.label.en} and its results are incomplete. ",
            )


def _coverage(report: RoundReport) -> Text:
    due, done, percent = report.coverage.due, report.coverage.done, report.coverage.percent
    if due == 0:
        return Text("没有应检项目，本轮不能说明任何情况", "No check was due, so this round says nothing")
    if done == due:
        return Text(f"应检 {due} 项，全部完成", f"{_checks(due)} due, all done")
    return Text(f"应检 {due} 项，完成 {done} 项（{percent}）", f"{_checks(due)} due, {done} done ({percent})")


def _findings(report: RoundReport) -> Text | None:
    if report.coverage.done == 0:
        return None
    counts = report.counts
    crit, warn, waived = (counts.get(one, 0) for one in (Verdict.CRIT, Verdict.WARN, Verdict.WAIVED))
    said = [
        *([Text(f"严重 {crit}", f"{crit} critical")] if crit else []),
        *([Text(f"预警 {warn}", f"{warn} warning{_s(warn)}")] if warn else []),
        *([Text(f"已豁免 {waived}", f"{waived} waived")] if waived else []),
    ]
    if not crit and not warn:
        whole = report.coverage.done == report.coverage.due
        said.insert(
            0,
            Text("未发现异常", "nothing wrong was found")
            if whole
            else Text("已检项目未发现异常", "nothing wrong was found in what was checked"),
        )
    return _list(said)


def _unseen(report: RoundReport) -> Text | None:
    lost = sum(1 for host in report.hosts if host.failure)
    unseen = report.coverage.due - report.coverage.done
    said = [
        *([Text(f"{lost} 台主机未能检查", f"{lost} host{_s(lost)} could not be checked")] if lost else []),
        *([Text(f"共 {unseen} 项没有结果", f"{_checks(unseen)} gave no result")] if unseen else []),
    ]
    if not said:
        return None
    listed = _list(said, Text("，", " and "))
    return Text(f"{listed.zh}，不能视为正常", f"{listed.en}: they must not be taken as normal")


def _list(texts: Sequence[Text], comma: Text = _COMMA) -> Text:
    return Text(comma.zh.join(text.zh for text in texts), comma.en.join(text.en for text in texts))


def _checks(count: int) -> str:
    return f"{count} check{_s(count)}"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
