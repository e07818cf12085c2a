"""Reads a runbook: bytes to a `Runbook`, or everything that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePath

from orchestrator.documents.check_part import CheckPart, read_check
from orchestrator.documents.findings import Findings
from orchestrator.documents.node import ListNode, MapNode, Node, ScalarNode, child, items
from orchestrator.documents.runbook_model import PlayModel, RunbookModel, TaskModel, advise
from orchestrator.documents.template import check_templates
from orchestrator.documents.validation import validate
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.runbook import CheckTask, Kind, Play, Runbook
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

_Place = tuple[int, int]
"""Number of a play, and of a task in it."""


def read_runbook(path: str, data: bytes, checks: Registry[CheckPlugin]) -> Runbook:
    """The runbook in `data`; `path` names it in messages and in the result.

    Raises:
        InvalidDocument: with all that is wrong.
    """
    findings = Findings(path)
    root = require_yaml(path, data, findings)
    if not isinstance(root, ListNode):
        findings.add(root.position, "wrong-type", *_no_list(root))
        raise findings.error()
    _refuse_kinds(root, findings)
    model = validate(RunbookModel, root, findings, advise=advise, where="play")
    parts = _read_checks(root, checks, findings)
    ids = _ids(root, parts, findings)
    if model is None or findings.diagnostics:
        raise findings.error()
    plays = model.root
    return Runbook(
        name=PurePath(path).stem,
        path=path,
        title=plays[0].name,
        kind=plays[0].kind,
        plays=tuple(_play(number, play, root, parts, ids) for number, play in enumerate(plays)),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def _no_list(root: Node) -> tuple[Text, Text]:
    if isinstance(root, ScalarNode) and "：" in root.text:
        hint = Text("冒号是全角的，改成半角冒号加空格 “: ”", "the colon is full-width; write ': '")
    else:
        hint = Text("第一行以 “- name: ” 开头", "the first line begins with '- name: '")
    return Text("运行手册须是 play 的列表", "a runbook is a list of plays"), hint


def _refuse_kinds(root: ListNode, findings: Findings) -> None:
    """End at once for kinds that can't run yet: each of their tasks would be one more error.

    Raises:
        InvalidDocument: there is such a play.
    """
    later = False
    for play in root.items:
        kind = child(play, "kind")
        if isinstance(kind, ScalarNode) and kind.value in set(Kind) - {Kind.INSPECTION}:
            later = True
            findings.add(
                kind.position,
                "not-supported-yet",
                Text(f"kind: {kind.value} 还不支持", f"kind: {kind.value} is not supported yet"),
                Text("目前只能运行 kind: inspection（巡检）", "today only kind: inspection can run"),
            )
    if later:
        raise findings.error()


def _tasks(root: ListNode) -> Mapping[_Place, Node]:
    return {
        (number, index): task
        for number, play in enumerate(root.items)
        for index, task in enumerate(items(child(play, "tasks")))
    }


def _read_checks(
    root: ListNode, checks: Registry[CheckPlugin], findings: Findings
) -> Mapping[_Place, CheckPart]:
    parts = {}
    for at, task in _tasks(root).items():
        node = child(task, "check")
        if isinstance(node, MapNode) and (part := read_check(node, checks, findings)):
            parts[at] = part
    for play in root.items:
        if variables := child(play, "vars"):
            check_templates(variables, findings)
    return parts


def _ids(root: ListNode, parts: Mapping[_Place, CheckPart], findings: Findings) -> Mapping[_Place, str]:
    """Each task's id: the author's, or the check's name with the next free number."""
    given: dict[str, Position] = {}
    ids: dict[_Place, str] = {}
    for at, task in _tasks(root).items():
        value = child(task, "id")
        if not isinstance(value, ScalarNode) or not isinstance(value.value, str):
            continue
        ids[at] = value.value
        if value.value in given:
            findings.add(
                value.position,
                "duplicate-id",
                Text(f"编号“{value.value}”重复", f"the id '{value.value}' is there twice"),
                Text(
                    f"第 {given[value.value].line} 行已用过", f"line {given[value.value].line} has it already"
                ),
            )
        given.setdefault(value.value, value.position)
    taken = set(given)
    for at, part in parts.items():
        if at not in ids:
            ids[at] = _free_id(part.name.replace("_", "-"), taken)
            taken.add(ids[at])
    return ids


def _free_id(name: str, taken: set[str]) -> str:
    number = 1
    candidate = name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def _play(
    number: int,
    play: PlayModel,
    root: ListNode,
    parts: Mapping[_Place, CheckPart],
    ids: Mapping[_Place, str],
) -> Play:
    nodes = _tasks(root)
    return Play(
        name=play.name,
        hosts=play.hosts if isinstance(play.hosts, str) else ",".join(play.hosts),
        variables=dict(play.vars),
        tasks=tuple(
            _task(task, parts[number, index], ids[number, index], nodes[number, index].position)
            for index, task in enumerate(play.tasks)
        ),
        position=root.items[number].position,
    )


def _task(task: TaskModel, part: CheckPart, id: str, position: Position) -> CheckTask:  # noqa: A002
    return CheckTask(
        id=id,
        title=task.name or part.spec.title.zh,
        check=part.name,
        arguments=part.arguments,
        warn=part.warn,
        crit=part.crit,
        layer=part.layer,
        unit=part.unit,
        timeout=task.timeout,
        position=position,
        argument_positions=part.argument_positions,
    )
