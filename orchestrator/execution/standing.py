"""Where each host of a run stands, from plan, journal and rulings. Pure: the same after any crash."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.model.plan import Plan, PlannedCheck, PlannedPlay, PlannedStep
from orchestrator.model.ruling import Ruling, agreed, persons
from orchestrator.model.run import Attempt, Decision, TaskState
from orchestrator.model.runbook import Module

EVERY_HOST = ""
"""Stands for the host of a task that is done once for all: a pause."""

Task = PlannedCheck | PlannedStep


class Todo(StrEnum):
    """What is to be done next about one task on one host."""

    BEGIN = "begin"
    RECOVER = "recover"
    """It was intended, and nothing is known since: the host is asked what came of it."""
    RULE = "rule"
    """A person has to say what is to be taken for its outcome."""


@dataclass(frozen=True, slots=True)
class Next:
    """One task on one host that is not settled."""

    host: str
    task: Task
    todo: Todo
    number: int
    """Of the attempt: the one that is open, or the one to begin."""
    before: Attempt | None = None
    """The attempt that is open; for a ruling to retry, the one that was ruled on."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a run has come."""

    task: str
    """The task at which all hosts are, or are waited for; "" when the run is through."""
    next: tuple[Next, ...]
    """What is left of that task."""
    out: Mapping[str, TaskState]
    """Hosts that take no further part, and the state that put them out."""

    @property
    def through(self) -> bool:
        return not self.next


class Course:
    """The tasks of a plan in their order, each with whoever has a part in it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        tasks = {host.name: {task.id: task for task in host.tasks} for host in plan.hosts}
        self._plays = [
            (play, [(task, tuple(_parts(play, task, tasks))) for task in play.tasks]) for play in plan.plays
        ]

    def stand(self, attempts: Iterable[Attempt], rulings: Sequence[Ruling]) -> Standing:
        """Find the first task that is not settled on every host that has a part in it.

        Hosts wait for one another, as in Ansible: nobody is ahead while an outcome elsewhere is unknown. A
        play that has lost all its hosts ends the run, as there.

        Args:
            attempts: in the order in which they were intended.
        """
        latest = {(attempt.intent.host, attempt.intent.task): attempt for attempt in attempts}
        said = self._decisions(latest.values(), rulings)
        out: dict[str, TaskState] = {}
        for play, tasks in self._plays:
            for task, parts in tasks:
                left = []
                for host, planned in parts:
                    if host in out:
                        continue
                    attempt = latest.get((host, task))
                    decision = said.get(attempt.intent.token) if attempt else None
                    found = _next(host, planned, attempt, decision)
                    if isinstance(found, Next):
                        left.append(found)
                    elif found is not TaskState.OK:
                        out[host] = found
                if left:
                    return Standing(task, tuple(left), out)
                if play.hosts and all(host in out for host in play.hosts):
                    return Standing("", (), out)
        return Standing("", (), out)

    def _decisions(self, latest: Iterable[Attempt], rulings: Iterable[Ruling]) -> Mapping[str, Decision]:
        """By token of the attempt: what was decided about it."""
        given: dict[tuple[str, str, int], list[Ruling]] = {}
        for ruling in rulings:
            given.setdefault((ruling.host, ruling.task, ruling.number), []).append(ruling)
        if not given:
            return {}
        found = {}
        for attempt in latest:
            intent = attempt.intent
            words = given.get((intent.host, intent.task, intent.number), [])
            if decision := agreed(words, persons(self._plan, intent.host, intent.effect)):
                found[intent.token] = decision
        return found


def _parts(
    play: PlannedPlay, task: str, tasks: Mapping[str, Mapping[str, Task]]
) -> Iterator[tuple[str, Task]]:
    """Who has a part in a task. A pause is everybody's."""
    for name in play.hosts:
        planned = tasks[name].get(task)
        if planned is None:
            continue
        if isinstance(planned, PlannedStep) and planned.module is Module.PAUSE:
            yield EVERY_HOST, planned
            return
        yield name, planned


def _next(host: str, planned: Task, attempt: Attempt | None, decision: Decision | None) -> Next | TaskState:
    if attempt is None:
        return Next(host, planned, Todo.BEGIN, 1)
    number = attempt.intent.number
    if attempt.outcome is None:
        return Next(host, planned, Todo.RECOVER, number, attempt)
    state = attempt.outcome.state
    if state is TaskState.SKIPPED:
        return Next(host, planned, Todo.BEGIN, number + 1)
    if state is not TaskState.UNKNOWN:
        return state
    match decision:
        case Decision.DONE:
            return TaskState.OK
        case Decision.ABORT:
            return TaskState.UNKNOWN
        case Decision.RETRY:
            return Next(host, planned, Todo.BEGIN, number + 1, attempt)
    return Next(host, planned, Todo.RULE, number, attempt)
