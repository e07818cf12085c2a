"""Reads a runbook: bytes to a `Runbook`, or everything that is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePath

from orchestrator.documents.action_part import ActionPart, read_action
from orchestrator.documents.check_part import CheckPart, read_check
from orchestrator.documents.findings import Findings
from orchestrator.documents.node import ListNode, MapNode, Node, ScalarNode, child, items
from orchestrator.documents.runbook_model import LONGEST_CHECK, PlayModel, RunbookModel, TaskModel, advise
from orchestrator.documents.template import check_templates
from orchestrator.documents.validation import validate
from orchestrator.documents.yaml import require_yaml
from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import ActionTask, CheckTask, Kind, Module, Play, Runbook, Task
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

_CHECK = "check"
_TASK_KEYS = frozenset(field.alias or name for name, field in TaskModel.model_fields.items())
_Place = tuple[int, int]
"""Number of a play, and of a task in it."""
_Parts = Mapping[_Place, CheckPart | ActionPart]


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
    _refuse_folder(root, PurePath(path).parent.name, findings)
    model = validate(RunbookModel, root, findings, advise=advise, where="play")
    parts = _read_parts(root, checks, findings)
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
    """One file is of one kind: by it the gate decides."""
    kinds = [kind for play in root.items if isinstance(kind := child(play, "kind"), ScalarNode)]
    for kind in kinds[1:]:
        if kind.value != kinds[0].value and kind.value in set(Kind):
            findings.add(
                kind.position,
                "mixed-kinds",
                Text(
                    f"一个文件只能是一种：前面的 play 是 {kinds[0].text}",
                    f"a file is of one kind, and the first play is {kinds[0].text}",
                ),
                Text("拆成两个文件", "make it two files"),
            )


def _refuse_folder(root: ListNode, folder: str, findings: Findings) -> None:
    """By its folder a runbook is found and listed, by its kind the gate decides: they must not differ."""
    kind = child(root.items[0], "kind") if root.items else None
    if not isinstance(kind, ScalarNode) or kind.value not in set(Kind):
        return
    if folder in set(Kind) and folder != kind.value:
        findings.add(
            kind.position,
            "kind-of-folder",
            Text(
                f"文件在 {folder} 文件夹中，kind 却是 {kind.value}",
                f"the file lies in the folder {folder}, and its kind is {kind.value}",
            ),
            Text(
                f"改成 kind: {folder}，或把文件移到 {kind.value} 文件夹",
                f"write kind: {folder}, or move the file to the folder {kind.value}",
            ),
        )


def _tasks(root: ListNode) -> Mapping[_Place, Node]:
    return {
        (number, index): task
        for number, play in enumerate(root.items)
        for index, task in enumerate(items(child(play, "tasks")))
    }


def _read_parts(root: ListNode, checks: Registry[CheckPlugin], findings: Findings) -> _Parts:
    parts: dict[_Place, CheckPart | ActionPart] = {}
    for at, task in _tasks(root).items():
        if isinstance(task, MapNode) and (part := _part(task, _kind(root, at), checks, findings)):
            parts[at] = part
    for play in root.items:
        if variables := child(play, "vars"):
            check_templates(variables, findings)
    return parts


def _part(
    task: MapNode, kind: str, checks: Registry[CheckPlugin], findings: Findings
) -> CheckPart | ActionPart | None:
    modules = [key for key in task.entries if key == _CHECK or key in set(Module)]
    if len(modules) != 1:
        _refuse_modules(task, modules, findings)
        return None
    entry = task.entries[modules[0]]
    if modules[0] != _CHECK:
        if kind == Kind.INSPECTION:
            findings.add(
                entry.key,
                "not-in-inspection",
                Text(
                    f"巡检里只能有 check: 任务，不能有 {modules[0]}",
                    f"an inspection has check: tasks alone, no {modules[0]}",
                ),
                Text("用 check: {command: ...}，或换一种 kind", "use check: {command: ...}, or another kind"),
            )
        return read_action(task, Module(modules[0]), findings)
    _check_check(task, findings)
    if not isinstance(entry.value, MapNode):
        return None
    return read_check(entry.value, checks, findings, reads=kind == Kind.INSPECTION)


def _refuse_modules(task: MapNode, modules: list[str], findings: Findings) -> None:
    known = ", ".join((_CHECK, *Module))
    if modules:
        findings.add(
            task.entries[modules[1]].key,
            "several-modules",
            Text(
                f"一个任务只做一件事，这里有 {'、'.join(modules)}",
                f"a task does one thing; here are {', '.join(modules)}",
            ),
            Text("拆成几个任务", "make a task of each"),
        )
    elif task.entries.keys() <= _TASK_KEYS:
        # Whatever else stands there is refused, and is likely what should have been one of these.
        findings.add(
            task.position,
            "missing-module",
            Text("任务没有写要做什么", "the task does not say what to do"),
            Text(f"写其中一个：{known}", f"write one of {known}"),
        )


def _check_check(task: MapNode, findings: Findings) -> None:
    for key in ("effect", "verify"):
        if key in task.entries:
            findings.add(
                task.entries[key].key,
                "check-effect",
                Text(f"检查自己知道它的作用，不能写 {key}", f"a check knows its own effect: no {key}"),
                Text(f"删去 {key}", f"remove {key}"),
            )
    timeout = child(task, "timeout")
    if (
        isinstance(timeout, ScalarNode)
        and isinstance(timeout.value, float | int)
        and timeout.value > LONGEST_CHECK
    ):
        findings.add(
            timeout.position,
            "invalid-value",
            Text(
                f"检查的 timeout 不能大于 {LONGEST_CHECK}",
                f"a check's timeout must be at most {LONGEST_CHECK}",
            ),
        )


def _kind(root: ListNode, at: _Place) -> str:
    kind = child(root.items[at[0]], "kind")
    return str(kind.value) if isinstance(kind, ScalarNode) else ""


def _ids(root: ListNode, parts: _Parts, findings: Findings) -> Mapping[_Place, str]:
    """Each task's id: the author's, or the check's or module's name with the next free number."""
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
            name = part.name if isinstance(part, CheckPart) else part.module
            ids[at] = _free_id(name.replace("_", "-"), taken)
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
    parts: _Parts,
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


def _task(task: TaskModel, part: CheckPart | ActionPart, id: str, position: Position) -> Task:  # noqa: A002
    if isinstance(part, ActionPart):
        return ActionTask(
            id=id,
            title=task.name or id,
            module=part.module,
            arguments=part.arguments,
            effect=task.effect if part.module.reaches else Effect.READ,
            verify=task.verify,
            timeout=task.timeout,
            position=position,
            argument_positions=part.argument_positions,
        )
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
