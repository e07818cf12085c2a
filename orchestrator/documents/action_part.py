"""Reads a task that acts: its module and arguments, its effect, and how an unknown outcome is settled."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.documents.action_model import ARGUMENTS, FREE_FORM, ONE_OF
from orchestrator.documents.findings import Findings
from orchestrator.documents.node import Entry, MapNode, Node, ScalarNode, plain
from orchestrator.documents.template import check_conditions, check_templates, holds_template, wants_filling
from orchestrator.documents.validation import validate
from orchestrator.errors import Position
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.runbook import Module

VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class ActionPart:
    """What a task does, read."""

    module: Module
    arguments: Mapping[str, object]
    argument_positions: Mapping[str, Position]
    """Of `verify` too."""


def read_action(task: MapNode, module: Module, findings: Findings) -> ActionPart | None:
    """None, with findings, where its arguments can't be used."""
    arguments = _arguments(task.entries[module], module, findings)
    if arguments is None:
        return None
    model = validate(ARGUMENTS[module], arguments, findings, templates=module.reaches, where=module)
    if model is None and not holds_template(arguments):
        return None
    _check_choice(module, arguments, findings)
    if module.reaches:
        _check_acting(task, module, arguments, findings)
    else:
        _check_resting(task, module, arguments, findings)
    positions = {key: entry.value.position for key, entry in arguments.entries.items()}
    if VERIFY in task.entries:
        positions[VERIFY] = task.entries[VERIFY].value.position
    return ActionPart(
        module=module,
        arguments={key: plain(entry.value) for key, entry in arguments.entries.items()},
        argument_positions=positions,
    )


def _arguments(entry: Entry, module: Module, findings: Findings) -> MapNode | None:
    node = entry.value
    if isinstance(node, MapNode):
        return node
    if module in FREE_FORM and isinstance(node, ScalarNode) and isinstance(node.value, str):
        return MapNode(node.position, {"cmd": Entry(node.position, node)})
    known = ", ".join(ARGUMENTS[module].model_fields)
    findings.add(
        node.position,
        "wrong-type",
        Text(f"{module} 的参数须写成“键: 值”", f"arguments of {module} are 'key: value'"),
        Text(f"可用：{known}", f"known: {known}"),
    )
    return None


def _check_choice(module: Module, arguments: MapNode, findings: Findings) -> None:
    if module not in ONE_OF:
        return
    one, other = ONE_OF[module]
    if (one in arguments.entries) == (other in arguments.entries):
        findings.add(
            arguments.position,
            "one-of-two",
            Text(f"{one} 与 {other} 须写且只写一个", f"write either {one} or {other}"),
            Text("有空格的参数用 argv", "argv is for arguments that hold spaces")
            if module is Module.COMMAND
            else Text("例：pause: {minutes: 5}", "as in pause: {minutes: 5}"),
        )


def _check_acting(task: MapNode, module: Module, arguments: MapNode, findings: Findings) -> None:
    effect, verify = task.entries.get("effect"), task.entries.get(VERIFY)
    claimed = effect.value.value if effect and isinstance(effect.value, ScalarNode) else None
    for entry in arguments.entries.values():
        if claimed not in (Effect.READ, Effect.IDEMPOTENT):
            check_templates(entry.value, findings)
        elif wants_filling(entry.value):
            _refuse_template(entry.value, findings)
    if verify is not None and wants_filling(verify.value):
        _refuse_template(verify.value, findings)
    _check_words(module, arguments, findings)


def _check_words(module: Module, arguments: MapNode, findings: Findings) -> None:
    """Quotes that don't close are found here, not on the host."""
    if module is Module.SHELL or "cmd" not in arguments.entries:
        return
    node = arguments.entries["cmd"].value
    if not isinstance(node, ScalarNode) or not isinstance(node.value, str) or wants_filling(node):
        return
    try:
        shlex.split(node.value)
    except ValueError:
        findings.add(
            node.position,
            "unclosed-quote",
            Text("引号没有成对", "a quote is not closed"),
            Text("参数里含引号时改用 argv 或 shell", "use argv or shell where arguments hold quotes"),
        )


def _check_resting(task: MapNode, module: Module, arguments: MapNode, findings: Findings) -> None:
    """Of a module that leaves hosts alone."""
    for key, entry in arguments.entries.items():
        check = check_conditions if (module, key) == (Module.ASSERT, "that") else check_templates
        check(entry.value, findings)
    for key in ("effect", VERIFY, "timeout"):
        if key in task.entries:
            findings.add(
                task.entries[key].key,
                "no-effect",
                Text(f"{module} 不在主机上做事，不能写 {key}", f"{module} does nothing on a host: no {key}"),
                Text(f"删去 {key}", f"remove {key}"),
            )


def _refuse_template(node: Node, findings: Findings) -> None:
    """What a person accepted must be what runs, so nothing may be filled into it later."""
    findings.add(
        node.position,
        "free-template",
        Text("经认可的命令里不能写模板", "a command that is accepted can't hold a template"),
        Text(
            "写成固定文本；要用变量就删去 effect（按 once 处理）",
            "write fixed text, or remove effect (it counts as once) to use variables",
        ),
    )
