"""A task's arguments to a check's parameters: rendered for one host, held against what the check takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from orchestrator.errors import InputError, Position
from orchestrator.language import Text
from orchestrator.model.host import Host
from orchestrator.model.near_name import near_names
from orchestrator.model.runbook import CheckTask
from orchestrator.planning.complaints import Complaint, Complaints
from orchestrator.planning.secrets import conceal, reveal
from orchestrator.planning.variables import Scope
from orchestrator.plugin.check import CheckPlugin


@dataclass(frozen=True, slots=True)
class Parameters:
    """One task's parameters on one host."""

    planned: Mapping[str, object]
    """As the plan holds them."""
    concealed: Mapping[str, object]
    """Values that the plan holds as templates: for the fingerprint."""


def render_parameters(
    task: CheckTask,
    plugin: CheckPlugin,
    host: Host,
    scope: Scope,
    play: Mapping[str, object],
    complaints: Complaints,
) -> Parameters | None:
    """The parameters, or None after complaining of each that is wrong."""
    planned: dict[str, object] = {}
    concealed: dict[str, object] = {}
    wrong = []
    for name, template in task.arguments.items():
        try:
            if name in plugin.spec.secret:
                planned[name] = conceal(template, play)
                concealed[name] = reveal(planned[name], host)
            elif name in plugin.spec.free:
                planned[name] = _as_accepted(template)
            else:
                planned[name] = _shown(scope, template)
        except InputError as error:
            wrong.append(Complaint.of("parameter", f"{task.check}.{name}", error, _place(task, name)))
    if not wrong:
        wrong.extend(_not_taken(task, plugin, {**planned, **concealed}))
    for complaint in wrong:
        complaints.add(host.name, complaint)
    if wrong:
        return None
    return Parameters(planned, {name: value for name, value in concealed.items() if value != planned[name]})


def _shown(scope: Scope, template: object) -> object:
    found = scope.render(template)
    if found.secrets:
        names = ", ".join(sorted(found.secrets))
        raise InputError(
            Text(
                f"会把保密变量 {names} 写进计划和记录", f"would put the secret {names} into plan and records"
            ),
            Text("这个参数不能含有密码", "this parameter must not hold secrets"),
        )
    value: object = found.value
    return value


def _as_accepted(text: object) -> object:
    """What a second person accepted is what runs: no variable may change it afterwards.

    Nothing is rendered, so a shell's `${#name}` is no comment of Jinja's.
    """
    if isinstance(text, str) and ("{{" in text or "{%" in text):
        raise InputError(
            Text("放行的是原文，其中不能有模板", "it is accepted as it is written, and can hold no template"),
            Text(
                "写成固定文本；按主机不同的值改用专门的检查项",
                "write fixed text, or use a check made for values that differ by host",
            ),
        )
    return text


def _not_taken(task: CheckTask, plugin: CheckPlugin, values: Mapping[str, object]) -> Iterator[Complaint]:
    try:
        plugin.Parameters.model_validate(values)
    except ValidationError as error:
        known = list(plugin.Parameters.model_fields)
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            name = str(found["loc"][0]) if found["loc"] else ""
            path = ".".join(str(part) for part in found["loc"]) or "*"
            said = _SAID.get(found["type"]) or _said(found, hidden=name in plugin.spec.secret or not name)
            yield Complaint(
                "parameter",
                Text(f"{task.check}.{path}：{said.zh}", f"{task.check}.{path}: {said.en}"),
                _hint(name, known) if found["type"] == "extra_forbidden" else None,
                _place(task, name),
            )


_SAID = {
    "missing": Text("缺少这个参数", "this parameter is missing"),
    "extra_forbidden": Text("没有这个参数", "there is no such parameter"),
}


def _said(found: ErrorDetails, hidden: bool) -> Text:
    """What pydantic says. It may quote the value; of one that may hold a secret, only the kind is said."""
    said = found["type"] if hidden else found["msg"]
    return Text(f"值不合要求：{said}", said)


def _hint(name: str, known: list[str]) -> Text:
    near = near_names(name, known, 1) or known
    listed = ", ".join(near)
    return Text(f"可用参数：{listed}", f"it takes {listed}")


def _place(task: CheckTask, name: str) -> Position:
    return task.argument_positions.get(name, task.position)
