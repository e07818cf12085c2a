"""A task that acts, resolved for one host."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.host import Host
from orchestrator.model.plan import PlannedStep
from orchestrator.model.runbook import ActionTask, Module
from orchestrator.planning.complaints import Complaint, Complaints
from orchestrator.planning.secrets import conceal, reveal
from orchestrator.planning.variables import Scope

READ_TIMEOUT = 600.0
"""Seconds for a command that only reads, where its task says nothing: nothing is lost when it is given up."""


@dataclass(frozen=True, slots=True)
class Step:
    """One task on one host."""

    planned: PlannedStep
    concealed: Mapping[str, object]
    """Values that the plan holds as templates: for the fingerprint."""


def plan_step(
    task: ActionTask, host: Host, scope: Scope, play: Mapping[str, object], complaints: Complaints
) -> Step | None:
    """The step, or None after complaining of all that is wrong."""
    arguments: dict[str, object] = {}
    concealed: dict[str, object] = {}
    # What a person accepted runs as it was accepted: nothing is filled into it.
    fixed = task.module.reaches and task.effect in (Effect.READ, Effect.IDEMPOTENT)
    wrong = False
    for name, template in task.arguments.items():
        if fixed:
            arguments[name] = template
            continue
        try:
            if task.module is Module.ASSERT and name == "that":
                arguments["conditions"] = _conditions(scope, template)
                continue
            found = scope.render(template)
            value = _written(found.value) if task.module.reaches else found.value
            if not found.secrets:
                arguments[name] = value
            elif task.module.reaches:
                arguments[name] = conceal(template, play)
                concealed[name] = reveal(arguments[name], host)
            else:
                raise _would_show(found.secrets)
        except InputError as error:
            wrong = True
            place = task.argument_positions.get(name, task.position)
            complaints.add(host.name, Complaint.of("parameter", f"{task.module}.{name}", error, place))
    if wrong or not _usable(task, {**arguments, **concealed}, host, complaints):
        return None
    effect = (task.effect or Effect.ONCE) if task.module.reaches else Effect.READ
    reads = task.module.reaches and effect is Effect.READ
    step = PlannedStep(
        id=task.id,
        title=task.title,
        module=task.module,
        arguments=arguments,
        effect=effect,
        verify=task.verify,
        timeout=READ_TIMEOUT if reads and task.timeout is None else task.timeout,
        secret=tuple(sorted(concealed)),
    )
    return Step(step, concealed)


def _conditions(scope: Scope, that: object) -> list[dict[str, object]]:
    """Each condition with what it comes to. All variables are known: nothing is learnt while it runs."""
    return [_condition(scope, str(one)) for one in (that if isinstance(that, list) else [that])]


def _condition(scope: Scope, text: str) -> dict[str, object]:
    found = scope.render(f"{{{{ {text} }}}}")
    if not isinstance(found.value, bool):
        raise InputError(
            Text(f"条件“{text}”的结果不是真或假", f"the condition '{text}' is neither true nor false"),
            Text("写成比较，例如 x | length > 0", "write a comparison, such as x | length > 0"),
        )
    return {"condition": text, "holds": found.value}


def _would_show(names: frozenset[str]) -> InputError:
    listed = ", ".join(sorted(names))
    return InputError(
        Text(f"会把保密变量 {listed} 写进计划和记录", f"would put the secret {listed} into plan and records"),
        Text("这里不能含有密码", "this must not hold secrets"),
    )


def _written(value: object) -> object:
    """Numbers of a rendered argument as text, as a command line holds them."""
    if isinstance(value, list):
        return [_written(one) for one in value]
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _usable(task: ActionTask, values: Mapping[str, object], host: Host, complaints: Complaints) -> bool:
    """Whether what templates gave can be handed to a shell."""
    good = True
    for name in ("cmd", "argv", "chdir"):
        if name in values and (wrong := _wrong(task.module, name, _written(values[name]))):
            good = False
            message = Text(
                f"{task.module}.{name} 渲染后{wrong.zh}", f"{task.module}.{name} renders to {wrong.en}"
            )
            place = task.argument_positions.get(name, task.position)
            hint = Text("检查所用的变量", "look at the variables it uses")
            complaints.add(host.name, Complaint("parameter", message, hint, place))
    return good


def _wrong(module: Module, name: str, value: object) -> Text | None:
    """What is wrong with a value; it is not quoted, for it may be secret."""
    parts = value if isinstance(value, list) and name == "argv" else [value]
    if not all(isinstance(part, str) for part in parts):
        return Text("不是文字", "what is no text")
    if any("\0" in str(part) for part in parts):
        return Text("含有 NUL 字符，任何 shell 都无法接收", "text with a NUL, which no shell can be given")
    if not parts or not str(parts[0]).strip():
        return Text("是空的", "nothing")
    if name == "chdir" and not str(value).startswith("/"):
        return Text("不是绝对路径", "a path that is not absolute")
    if name == "cmd" and module is not Module.SHELL:
        try:
            if not shlex.split(str(value)):
                return Text("是空的", "nothing")
        except ValueError:
            return Text("的引号没有成对", "text with a quote that is not closed")
    return None
