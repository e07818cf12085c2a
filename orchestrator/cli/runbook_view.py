"""Shows a runbook as its file says, and the plan that it comes to."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from orchestrator.application.plans import Doing, GateWord, PlanLine, PlanView, RunbookText, Vouched
from orchestrator.cli.language import say, speak
from orchestrator.cli.style import coloured
from orchestrator.cli.visible import one_line, visible
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import ActionTask, Play, Task

EFFECTS = {
    Effect.READ: Text("只读", "read"),
    Effect.IDEMPOTENT: Text("幂等", "idempotent"),
    Effect.ONCE: Text("仅一次", "once"),
}
_COLOURS = {Effect.READ: "green", Effect.IDEMPOTENT: "yellow", Effect.ONCE: "red"}
_NAMED = 12
"""Hosts that are named before the rest is only counted."""


def print_runbook(text: RunbookText) -> None:
    runbook = text.runbook
    click.echo(f"{one_line(runbook.title)}  {speak(runbook.kind.label)}  {runbook.path}")
    click.echo(f"sha256 {runbook.sha256}")
    for play in runbook.plays:
        _print_play(play, text)
    if text.unaccepted:
        click.echo()
        click.echo(
            say(
                f"尚有内容未被认可：wardround runbook accept {runbook.name}",
                f"some of it is not accepted yet: wardround runbook accept {runbook.name}",
            )
        )


def runbook_row(text: RunbookText) -> dict[str, object]:
    runbook = text.runbook
    return {
        "name": runbook.name,
        "title": runbook.title,
        "kind": runbook.kind,
        "path": runbook.path,
        "sha256": runbook.sha256,
        "plays": [
            {
                "name": play.name,
                "hosts": play.hosts,
                "vars": dict(play.variables),
                "tasks": [_task_row(task, text) for task in play.tasks],
            }
            for play in runbook.plays
        ],
    }


def print_plan(view: PlanView) -> None:
    plan = view.plan
    click.echo(f"{one_line(plan.title)}  {speak(plan.kind.label)}  {_effect(plan.effect)}")
    click.echo(say(f"摘要 {plan.digest}", f"digest {plan.digest}"))
    click.echo()
    click.echo(say(f"主机 {len(plan.hosts)} 台", f"hosts: {len(plan.hosts)}"))
    for host in plan.hosts:
        said = one_line(host.environment) or say("未标 environment", "no environment")
        secrets = say("  用到保密变量", "  uses secrets") if host.secrets else ""
        click.echo(f"  {host.name}  {host.address}  {said}{secrets}")
    for play, lines in view.plays:
        click.echo()
        click.echo(f"{one_line(play.name)}  [{_hosts(play.hosts)}]")
        for number, line in enumerate(lines, 1):
            _print_line(number, line, play.hosts)
    click.echo()
    click.echo(_gate(view.gate))


def plan_row(view: PlanView) -> dict[str, object]:
    plan = view.plan
    return {
        "runbook": plan.runbook,
        "title": plan.title,
        "kind": plan.kind,
        "effect": plan.effect,
        "digest": plan.digest,
        "hosts": [
            {
                "name": host.name,
                "address": host.address,
                "environment": host.environment,
                "groups": list(host.groups),
                "uses_secrets": bool(host.secrets),
            }
            for host in plan.hosts
        ],
        "plays": [
            {"name": play.name, "hosts": list(play.hosts), "tasks": [_line_row(line) for line in lines]}
            for play, lines in view.plays
        ],
        "documents": dict(plan.documents),
        "versions": dict(plan.versions),
        "gate": {
            "passes": view.gate.passes,
            "reason": _both(view.gate.reason),
            "hint": view.gate.hint and _both(view.gate.hint),
        },
    }


def _print_play(play: Play, text: RunbookText) -> None:
    click.echo()
    click.echo(f"{one_line(play.name)}  [{one_line(play.hosts)}]")
    if play.variables:
        _indented(f"vars: {_written(play.variables)}")
    for number, task in enumerate(play.tasks, 1):
        _head(number, task.id, task.title, _what(task), text.effects[task.id], task.timeout)
        for name, value in {**task.arguments, **_limits(task)}.items():
            _indented(f"{name}: {_written(value)}")
        for item in text.vouched:
            if item.task == task.id:
                _print_vouched(item)


def _print_vouched(item: Vouched) -> None:
    effect = _effect(item.effect)
    if item.acceptance is None:
        click.echo(f"       ✗ {item.what} {effect}: " + say("尚未被认可", "nobody has accepted it"))
        return
    by, reason = one_line(item.acceptance.by), one_line(item.acceptance.reason)
    said = say(f"{by} 认可：{reason}", f"accepted by {by}: {reason}")
    click.echo(f"       ✓ {item.what} {effect}: {said}")


def _print_line(number: int, line: PlanLine, hosts: Sequence[str]) -> None:
    _head(number, line.id, line.title, line.what, line.effect, line.timeout)
    for doing in line.doing:
        if not _everywhere(doing, hosts):
            click.echo(f"       [{_hosts(doing.hosts)}]")
        if doing.text:
            _indented(doing.text)
    if line.verify is not None:
        _indented(f"verify: {line.verify}")


def _head(number: int, id_: str, title: str, what: str, effect: Effect, timeout: float | None) -> None:
    limit = "" if timeout is None else say(f"  时限 {timeout:g} 秒", f"  within {timeout:g} s")
    name = one_line(title) if title != id_ else ""
    click.echo(f"  {number:>2}. {id_}  {name}{'  ' if name else ''}{what}  {_effect(effect)}{limit}")


def _indented(text: str) -> None:
    for line in visible(text.rstrip()).split("\n"):
        click.echo(f"       {line}")


def _everywhere(doing: Doing, hosts: Sequence[str]) -> bool:
    return len(doing.hosts) == len(hosts)


def _hosts(names: Sequence[str]) -> str:
    named = ", ".join(names[:_NAMED])
    if len(names) <= _NAMED:
        return named
    return say(f"{named} 等 {len(names)} 台", f"{named} and {len(names) - _NAMED} more")


def _effect(effect: Effect) -> str:
    word = speak(EFFECTS[effect])
    return click.style(word, fg=_COLOURS[effect]) if coloured(sys.stdout) else word


def _gate(gate: GateWord) -> str:
    reason = one_line(speak(gate.reason))
    if gate.passes:
        return say(f"此刻提交，闸门放行：{reason}", f"asked now, the gate lets it pass: {reason}")
    hint = f" ({one_line(speak(gate.hint))})" if gate.hint else ""
    return say(f"此刻提交，闸门拒绝：{reason}{hint}", f"asked now, the gate refuses it: {reason}{hint}")


def _limits(task: Task) -> dict[str, object]:
    """What settles how it went."""
    if isinstance(task, ActionTask):
        return {} if task.verify is None else {"verify": task.verify}
    return {
        " ".join(filter(None, (word, metric))): limit.text
        for word, limits in (("warn", task.warn), ("crit", task.crit))
        for metric, limit in limits.items()
    }


def _what(task: Task) -> str:
    return task.module if isinstance(task, ActionTask) else task.check


def _task_row(task: Task, text: RunbookText) -> dict[str, object]:
    row: dict[str, object] = {
        "id": task.id,
        "title": task.title,
        "what": _what(task),
        "arguments": dict(task.arguments),
        "effect": text.effects[task.id],
        "timeout": task.timeout,
        "accepted": [_vouched_row(item) for item in text.vouched if item.task == task.id],
    }
    return row | {"verify": task.verify} if isinstance(task, ActionTask) else row


def _vouched_row(item: Vouched) -> dict[str, object]:
    given = item.acceptance
    return {
        "what": item.what,
        "text": item.text,
        "digest": item.digest,
        "as": item.effect,
        "effect": given and given.effect,
        "by": given and given.by,
        "reason": given and given.reason,
    }


def _line_row(line: PlanLine) -> dict[str, object]:
    return {
        "id": line.id,
        "title": line.title,
        "what": line.what,
        "effect": line.effect,
        "verify": line.verify,
        "timeout": line.timeout,
        "on": [{"hosts": list(doing.hosts), "text": doing.text} for doing in line.doing],
    }


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _both(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
