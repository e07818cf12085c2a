"""What a runbook says, and the plan that it comes to today, for a person to read before anything is done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from orchestrator.application.clock import Clock
from orchestrator.application.round_request import RoundRequest
from orchestrator.application.rounds import Rounds
from orchestrator.application.runbooks import find_runbook, read_all_acceptances
from orchestrator.documents.file import read_file
from orchestrator.documents.free_item import FreeItem, accepted_by, free_items
from orchestrator.documents.runbook import read_runbook
from orchestrator.errors import InvalidDocument, Refused
from orchestrator.gate.gate import admit
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Acceptance, Plan, PlannedCheck, PlannedPlay, PlannedStep
from orchestrator.model.runbook import ActionTask, Module, Runbook, Task
from orchestrator.model.shell_text import shell_text, within
from orchestrator.model.site import Site
from orchestrator.planning.secrets import as_written
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry


@dataclass(frozen=True, slots=True)
class Vouched:
    """A text that somebody must accept, and who did."""

    task: str
    """Id of its task."""
    what: str
    text: str
    digest: str
    effect: Effect
    """What the runbook takes it for."""
    acceptance: Acceptance | None
    """None: nobody has accepted it."""


@dataclass(frozen=True, slots=True)
class RunbookText:
    """A runbook as its file says."""

    runbook: Runbook
    effects: Mapping[str, Effect]
    """By task's id."""
    vouched: tuple[Vouched, ...]

    @property
    def unaccepted(self) -> bool:
        return any(item.acceptance is None for item in self.vouched)


@dataclass(frozen=True, slots=True)
class Doing:
    """What a task is on some hosts: the same on all of them."""

    hosts: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class PlanLine:
    """One task of a play."""

    id: str
    title: str
    what: str
    """The check's name, or the module's."""
    effect: Effect
    verify: str | None
    timeout: float | None
    doing: tuple[Doing, ...]


@dataclass(frozen=True, slots=True)
class GateWord:
    """What the gate would say at this moment."""

    passes: bool
    reason: Text
    hint: Text | None = None


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan for a person: without secrets, and nothing was done for it."""

    plan: Plan
    plays: tuple[tuple[PlannedPlay, tuple[PlanLine, ...]], ...]
    gate: GateWord


class Plans:
    """Reads runbooks and makes plans of them. No host is reached and nothing is recorded."""

    def __init__(self, site: Site, checks: Registry[CheckPlugin], rounds: Rounds, clock: Clock) -> None:
        """`rounds` makes the plans: it need not have an open database."""
        self._site = site
        self._checks = checks
        self._rounds = rounds
        self._clock = clock

    def read(self, name: str) -> RunbookText:
        """
        Raises:
            NotFound: there is no such runbook.
            InvalidDocument: it has errors, or names files that can't be used.
        """
        found = find_runbook(self._site, name)
        runbook = read_runbook(str(found.path), read_file(found.path), self._checks)
        items = free_items(runbook, self._checks)
        if faults := [item.fault for item in items if item.fault is not None]:
            raise InvalidDocument(faults)
        known = read_all_acceptances(self._site)
        tasks = [task for play in runbook.plays for task in play.tasks]
        return RunbookText(
            runbook,
            {task.id: self._effect(task) for task in tasks},
            tuple(_vouched(item, known) for item in items if item.effect is not Effect.ONCE),
        )

    def make(self, name: str, limit: str | None = None, inventory: Collection[Path] = ()) -> PlanView:
        """The plan that a run of it would begin with at this moment.

        Raises:
            NotFound, InvalidDocument, InvalidInventory: no plan can be made, and why.
        """
        request = RoundRequest(runbook=name, actor=PROGRAM, limit=limit, inventory=tuple(inventory))
        plan = asyncio.run(self._rounds.prepare(request)).plan
        plays = tuple((play, tuple(_lines(plan, play))) for play in plan.plays)
        return PlanView(plan, plays, self._ask_gate(plan))

    def _effect(self, task: Task) -> Effect:
        if isinstance(task, ActionTask):
            return task.effect or Effect.ONCE
        return self._checks.get(task.check).spec.effect

    def _ask_gate(self, plan: Plan) -> GateWord:
        """The permit is thrown away: it is worth nothing until somebody uses it up."""
        try:
            permit = admit(plan, self._clock())
        except Refused as refusal:
            return GateWord(False, refusal.message, refusal.hint)
        if permit.effect is Effect.READ:
            return GateWord(True, Text("全部只读", "it only reads"))
        return GateWord(True, Text("只改动测试主机", "it changes test hosts alone"))


def _vouched(item: FreeItem, known: Iterable[Acceptance]) -> Vouched:
    acceptance = accepted_by(item, known)
    return Vouched(item.task, item.parameter, item.text, item.digest, item.effect, acceptance)


def _lines(plan: Plan, play: PlannedPlay) -> Iterable[PlanLine]:
    hosts = {host.name: host for host in plan.hosts}
    for id_ in play.tasks:
        found = {name: task for name in play.hosts if (task := hosts[name].task(id_)) is not None}
        if not found:
            continue
        one = next(iter(found.values()))
        what = one.check if isinstance(one, PlannedCheck) else one.module
        verify = None if isinstance(one, PlannedCheck) else one.verify
        yield PlanLine(id_, one.title, what, one.effect, verify, one.timeout, _doing(found))


def _doing(found: Mapping[str, PlannedCheck | PlannedStep]) -> tuple[Doing, ...]:
    """Hosts that do the same stand together, in the order of the first of them."""
    texts: dict[str, list[str]] = {}
    for name, task in found.items():
        text = _check_text(task) if isinstance(task, PlannedCheck) else _step_text(task)
        texts.setdefault(text, []).append(name)
    return tuple(Doing(tuple(names), text) for text, names in texts.items())


def _check_text(check: PlannedCheck) -> str:
    parameters = {name: as_written(value) for name, value in check.parameters.items()}
    return ", ".join(f"{name}: {_json(value)}" for name, value in parameters.items())


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _step_text(step: PlannedStep) -> str:
    """What the host's `sh` is given, with the templates of what is secret; of others, what they come to."""
    arguments = {
        name: as_written(value) if name in step.secret else value for name, value in step.arguments.items()
    }
    match step.module:
        case Module.SCRIPT:
            return within(arguments.get("chdir"), str(arguments["cmd"]))
        case Module.COMMAND | Module.SHELL:
            # Words are split once a secret is filled in: until then the text stands as written.
            written = isinstance(arguments.get("argv"), list) or "cmd" not in step.secret
            return shell_text(step.module if written else Module.SHELL, arguments)
        case Module.DEBUG:
            return str(arguments["msg"])
        case Module.ASSERT:
            conditions = cast("list[dict[str, object]]", arguments["conditions"])
            return "\n".join(f"{'✓' if one['holds'] else '✗'} {one['condition']}" for one in conditions)
    return ", ".join(f"{name}: {value}" for name, value in arguments.items())
