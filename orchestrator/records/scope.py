"""What a round set out to look at: what its results are held against, and what they need not repeat."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.model.check import Layer
from orchestrator.model.plan import Plan, PlannedCheck

NO_SCOPE = '{"tasks":[],"kinds":[],"hosts":[]}'
"""Of a round whose details were removed."""


@dataclass(frozen=True, slots=True)
class Task:
    """One check of the runbook, as far as a report names it."""

    id: str
    title: str
    check: str
    code: str
    layer: Layer


@dataclass(frozen=True, slots=True)
class ScopeHost:
    """One planned host with its tasks, in order."""

    name: str
    address: str
    groups: tuple[str, ...]
    tasks: Mapping[str, Task]
    """By id."""


def write_scope(plan: Plan) -> str:
    """Compact JSON: tasks once, each distinct list of groups and tasks once, and a short line a host."""
    tasks: dict[Task, int] = {}
    kinds: dict[tuple[tuple[str, ...], tuple[int, ...]], int] = {}
    shared: dict[int, tuple[int, ...]] = {}  # hosts that share their checks share one tuple of them
    hosts = []
    for host in plan.hosts:
        numbers = shared.get(id(host.checks))
        if numbers is None:
            numbers = tuple(tasks.setdefault(_task(check), len(tasks)) for check in host.checks)
            shared[id(host.checks)] = numbers
        kind = kinds.setdefault((host.groups, numbers), len(kinds))
        hosts.append((host.name, host.address, kind))
    rows = [(task.id, task.title, task.check, task.code, task.layer) for task in tasks]
    return json.dumps(
        {"tasks": rows, "kinds": list(kinds), "hosts": hosts}, ensure_ascii=False, separators=(",", ":")
    )


def read_scope(text: str) -> tuple[ScopeHost, ...]:
    """What `write_scope` wrote; hosts in the plan's order."""
    content = json.loads(text)
    tasks = [
        Task(name, title, check, code, Layer(layer)) for name, title, check, code, layer in content["tasks"]
    ]
    kinds = [
        (tuple(groups), {tasks[number].id: tasks[number] for number in numbers})
        for groups, numbers in content["kinds"]
    ]
    return tuple(ScopeHost(name, address, *kinds[kind]) for name, address, kind in content["hosts"])


def _task(check: PlannedCheck) -> Task:
    return Task(check.id, check.title, check.check, check.code, check.layer)
