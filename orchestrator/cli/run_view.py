"""Shows runs to the person at the terminal: events as they come, a run from its first failure, a list."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from shlex import quote
from zoneinfo import ZoneInfo

import click
from rich import box
from rich.table import Table

from orchestrator.application.runs import RunView
from orchestrator.cli.exit_code import ExitCode
from orchestrator.cli.language import say, speak
from orchestrator.cli.local_time import iso
from orchestrator.cli.style import coloured
from orchestrator.cli.summary import stdout
from orchestrator.cli.visible import one_line, visible
from orchestrator.language import Text
from orchestrator.model.ruling import OpenOutcome
from orchestrator.model.run import Attempt, Run, RunEvent, RunEventKind, RunState, TaskState, Wait
from orchestrator.model.verdict import Verdict

_MARKS = {
    TaskState.OK: ("✓", "green"),
    TaskState.FAILED: ("✗", "red"),
    TaskState.UNREACHABLE: ("✗", "red"),
    TaskState.UNKNOWN: ("?", "magenta"),
    TaskState.STOPPED: ("■", "yellow"),
    TaskState.SKIPPED: ("-", "bright_black"),
    TaskState.INTENDED: ("…", "cyan"),
}
_STATE_COLOURS = {
    RunState.SUCCEEDED: "green",
    RunState.FAILED: "red",
    RunState.REFUSED: "red",
    RunState.UNKNOWN: "magenta",
    RunState.WAITING: "yellow",
    RunState.CANCELLING: "yellow",
    RunState.CANCELLED: "yellow",
}
_TROUBLE = (TaskState.FAILED, TaskState.UNREACHABLE, TaskState.UNKNOWN, TaskState.STOPPED)


def of_run(run: Run) -> ExitCode:
    """The exit code of a run, as it stands."""
    match run.state:
        case RunState.SUCCEEDED:
            return ExitCode.OK
        case RunState.FAILED:
            return ExitCode.FINDINGS
        case RunState.REFUSED:
            return ExitCode.USAGE
        case RunState.CANCELLED:
            return ExitCode.CANCELLED
    return ExitCode.UNKNOWN


def print_event(event: RunEvent) -> None:
    """One event in a line or a few; what says nothing to a person is left out."""
    told = _told(event)
    if told is not None:
        click.echo(told)


def event_row(event: RunEvent) -> dict[str, object]:
    return {
        "run": event.run,
        "sequence": event.sequence,
        "at": event.at.isoformat(),
        "kind": event.kind,
        "host": event.host,
        "task": event.task,
        **event.data,
    }


def run_row(run: Run) -> dict[str, object]:
    return {
        "number": run.number,
        "runbook": run.runbook,
        "title": run.title,
        "kind": run.kind,
        "state": run.state,
        "wait": run.wait,
        "reason": _both(run.reason),
        "until": iso(run.until),
        "actor": run.actor.name,
        "proof": run.actor.proof,
        "requested_at": run.requested_at.isoformat(),
        "started_at": iso(run.started_at),
        "finished_at": iso(run.finished_at),
        "limit": run.limit,
        "hosts": run.hosts,
        "effect": run.effect,
        "plan": run.plan_digest,
        "permit": run.permit,
        "round": run.round,
        "executor": run.executor,
        "cancel_requested_at": iso(run.cancel_requested_at),
        "cancel_requested_by": run.cancel_requested_by or None,
        "schedule": run.schedule or None,
        "due_at": iso(run.due_at),
        "retry_of": run.retry_of,
        "last_event": run.last_event,
    }


def view_row(view: RunView) -> dict[str, object]:
    return {
        **run_row(view.run),
        "attempts": [_attempt_row(attempt) for attempt in view.attempts],
        "rulings": [
            {
                "host": ruling.host,
                "task": ruling.task,
                "attempt": ruling.number,
                "decision": ruling.decision,
                "by": ruling.by.name,
                "proof": ruling.by.proof,
                "reason": ruling.reason,
                "at": ruling.at.isoformat(),
            }
            for ruling in view.rulings
        ],
    }


def print_runs(runs: Sequence[Run], timezone: ZoneInfo, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([run_row(run) for run in runs], ensure_ascii=False, indent=2))
        return
    if not runs:
        click.echo(say("还没有执行过", "no runs yet"))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in (
        say("编号", "number"),
        say("状态", "state"),
        say("运行手册", "runbook"),
        say("发起人", "asked by"),
        say("发起时间", "asked at"),
        say("说明", "why"),
    ):
        table.add_column(heading, overflow="fold")
    for run in runs:
        table.add_row(
            str(run.number),
            _state(run),
            one_line(run.runbook),
            one_line(run.schedule or run.actor.name),
            _local(run.requested_at, timezone),
            one_line(speak(run.reason)) if run.reason else "",
        )
    stdout().print(table)


def print_run(view: RunView, outcomes: Sequence[OpenOutcome], timezone: ZoneInfo) -> None:
    """A run from what needs somebody: why it stands as it does, its first failure, then everything else."""
    run = view.run
    click.echo(f"#{run.number} {_paint(_state(run), run.state)}  {one_line(run.title or run.runbook)}")
    if run.reason is not None:
        click.echo(visible(speak(run.reason)))
    asked = say("发起", "asked for")
    click.echo(f"{asked}: {_local(run.requested_at, timezone)}  {one_line(speak(run.actor.label))}")
    if run.finished_at is not None:
        click.echo(f"{say('结束', 'ended')}: {_local(run.finished_at, timezone)}")
    if run.cancel_requested_at is not None:
        by = one_line(run.cancel_requested_by)
        click.echo(
            f"{say('请求取消', 'cancel asked for')}: {_local(run.cancel_requested_at, timezone)}  {by}"
        )
    if run.round is not None:
        click.echo(
            say(f"巡检结果：wardround round show {run.round}", f"the round: wardround round show {run.round}")
        )
    if (first := _first_trouble(view)) is not None:
        click.echo()
        _print_trouble(first)
    for one in outcomes:
        _print_open(run, one)
    if view.attempts:
        stdout().print(_attempts(view))
    for ruling in view.rulings:
        click.echo(
            f"{_local(ruling.at, timezone)}  {one_line(ruling.by.name)}  {ruling.host} {ruling.task}  "
            f"{speak(ruling.decision.label)}  {one_line(ruling.reason)}"
        )


def _print_open(run: Run, one: OpenOutcome) -> None:
    """Who has ruled what, and the command for whoever rules next."""
    if one.decision is not None:
        return
    intent = one.attempt.intent
    place = f"{quote(intent.host)} {quote(intent.task)}"
    if one.said is not None:
        click.echo(one_line(f"{intent.host} {intent.task}: {speak(one.said)}"))
    click.echo(
        say("裁定：", "rule on it: ")
        + f"wardround run rule {run.number} {place} --decision retry|done|abort --reason ..."
    )


def _first_trouble(view: RunView) -> Attempt | None:
    return next((one for one in view.attempts if one.outcome and one.outcome.state in _TROUBLE), None)


def _print_trouble(attempt: Attempt) -> None:
    outcome = attempt.outcome
    if outcome is None:
        return
    mark, colour = _MARKS[outcome.state]
    place = f"{one_line(attempt.intent.host)}  {one_line(attempt.intent.task)}"
    why = f"  {one_line(speak(outcome.reason))}" if outcome.reason else ""
    click.echo(_colour(f"{mark} {place}  {speak(outcome.state.label)}{why}", colour))
    for text in (outcome.stderr, outcome.stdout):
        for line in visible(text).splitlines()[-20:]:
            click.echo(f"    {line}")
    if outcome.output:
        click.echo(
            say(f"    完整输出：{outcome.output}.out/.err", f"    all of it: {outcome.output}.out/.err")
        )


def _attempts(view: RunView) -> Table:
    table = Table(box=box.SIMPLE, pad_edge=False)
    for heading in (
        say("任务", "task"),
        say("主机", "host"),
        say("结果", "outcome"),
        say("秒", "s"),
        say("说明", "why"),
    ):
        table.add_column(heading, overflow="fold")
    for attempt in view.attempts:
        outcome = attempt.outcome
        state = outcome.state if outcome else TaskState.INTENDED
        again = f" ({attempt.intent.number})" if attempt.intent.number > 1 else ""
        table.add_row(
            one_line(attempt.intent.task) + again,
            one_line(attempt.intent.host),
            f"{_MARKS[state][0]} {speak(state.label)}",
            f"{outcome.seconds:.1f}" if outcome else "",
            one_line(speak(outcome.reason)) if outcome and outcome.reason else "",
        )
    return table


def _told(event: RunEvent) -> str | None:
    data, host, task = event.data, one_line(event.host), one_line(event.task)
    match event.kind:
        case RunEventKind.TASK:
            return _colour(f"▶ {one_line(str(data['title']))}  [{task}]", "cyan")
        case RunEventKind.OUTPUT:
            return "\n".join(f"    {host} │ {line}" for line in visible(str(data["text"])).splitlines())
        case RunEventKind.OUTCOME:
            state = TaskState(str(data["state"]))
            mark, colour = _MARKS[state]
            why = _reason(data.get("reason"))
            told = f"{mark} {host or say('全部', 'all')}  {task}  {speak(state.label)}"
            return _colour(f"{told}  {one_line(why)}" if why else told, colour)
        case RunEventKind.RESUMED:
            return say("… 继续执行", "… goes on")
        case RunEventKind.WAITS:
            return _colour(
                f"… {speak(Wait(str(data['wait'])).label)}: {one_line(_reason(data['reason']))}", "yellow"
            )
        case RunEventKind.RULED:
            by, why = one_line(str(data["by"])), one_line(str(data["reason"]))
            return f"{by}: {host} {task} → {data['decision']}  {why}"
        case RunEventKind.CANCEL_REQUESTED:
            return say(f"… {data['by']} 请求取消", f"… {data['by']} asks for it to be cancelled")
        case RunEventKind.REFUSED:
            return _colour(visible(_reason(data["reason"])), "red")
        case RunEventKind.FINISHED:
            state_of_run = RunState(str(data["state"]))
            why = _reason(data.get("reason"))
            told = speak(state_of_run.label) + (f"  {one_line(why)}" if why else "")
            return _colour(told, _STATE_COLOURS.get(state_of_run, "white"))
        case RunEventKind.PROGRESS:
            return f"{data['done']}/{data['hosts']}  {host}  {speak(Verdict(str(data['verdict'])).label)}"
    return None


def _reason(stored: object) -> str:
    return speak(Text(*stored)) if isinstance(stored, list) else ""


def _attempt_row(attempt: Attempt) -> dict[str, object]:
    intent, outcome = attempt.intent, attempt.outcome
    return {
        "host": intent.host,
        "task": intent.task,
        "attempt": intent.number,
        "effect": intent.effect,
        "state": outcome.state if outcome else TaskState.INTENDED,
        "rc": outcome.rc if outcome else None,
        "reason": _both(outcome.reason) if outcome else None,
        "stdout": outcome.stdout if outcome else "",
        "stderr": outcome.stderr if outcome else "",
        "output": outcome.output or None if outcome else None,
        "intended_at": attempt.intended_at.isoformat(),
        "ended_at": iso(attempt.ended_at),
        "seconds": round(outcome.seconds, 3) if outcome else None,
    }


def _both(text: Text | None) -> dict[str, str] | None:
    return None if text is None else {"zh": text.zh, "en": text.en}


def _local(at: datetime, timezone: ZoneInfo) -> str:
    return f"{at.astimezone(timezone):%Y-%m-%d %H:%M:%S}"


def _state(run: Run) -> str:
    return speak(run.wait.label) if run.state is RunState.WAITING and run.wait else speak(run.state.label)


def _paint(text: str, state: RunState) -> str:
    return _colour(text, _STATE_COLOURS.get(state, "white"))


def _colour(text: str, colour: str) -> str:
    return click.style(text, fg=colour) if coloured(sys.stdout) else text
