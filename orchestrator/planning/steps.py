"""A task that acts, resolved for one host."""

from __future__ import annotations

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
    wrong = False
    for name, template in task.arguments.items():
        try:
            if task.module is Module.ASSERT and name == "that":
                arguments["conditions"] = _conditions(scope, template)
                continue
            found = scope.render(template)
            if not found.secrets:
                arguments[name] = found.value
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
    step = PlannedStep(
        id=task.id,
        title=task.title,
        module=task.module,
        arguments=arguments,
        effect=(task.effect or Effect.ONCE) if task.module.reaches else Effect.READ,
        verify=task.verify,
        timeout=task.timeout,
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


def _usable(task: ActionTask, values: Mapping[str, object], host: Host, complaints: Complaints) -> bool:
    """Whether what templates gave is text without NUL: no shell can be told of one."""
    good = True
    for name in ("cmd", "chdir", "argv"):
        for value in _texts(values.get(name, [])):
            if not isinstance(value, str) or "\0" in value or not value.strip():
                good = False
                complaints.add(
                    host.name,
                    Complaint(
                        "parameter",
                        Text(
                            f"{task.module}.{name} 渲染后不是可用的文字",
                            f"{task.module}.{name} does not render to usable text",
                        ),
                        Text("检查所用的变量", "look at the variables it uses"),
                        task.argument_positions.get(name, task.position),
                    ),
                )
    return good


def _texts(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
