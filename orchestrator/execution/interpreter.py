"""Carries a plan out task by task, from wherever its journal stands to its next wait or its end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from orchestrator.errors import CannotTell, Exhausted, InputError, SpoolError, Unreachable
from orchestrator.execution.action import command_text
from orchestrator.execution.cancellation import Cancellation
from orchestrator.execution.inspector import inspect
from orchestrator.execution.launching import Attempted, Launching
from orchestrator.execution.output import TAIL, output_path
from orchestrator.execution.run_journal import RunJournal
from orchestrator.execution.standing import EVERY_HOST, Course, Next, Standing, Todo
from orchestrator.execution.start import Started
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.host import Host
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost, PlannedStep
from orchestrator.model.question import Command, CommandAnswer, CommandEnd
from orchestrator.model.round import CheckResult
from orchestrator.model.ruling import Ruling
from orchestrator.model.run import Attempt, Intent, RunEventKind, RunState, TaskOutcome, TaskState, Wait
from orchestrator.model.runbook import Module
from orchestrator.model.verdict import Verdict
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.reach.launcher import open_spool, sweep
from orchestrator.reach.session import Reach, Session
from orchestrator.records.masking import Masker

HOST_PAUSE = timedelta(seconds=30)
"""Until a host is asked again that may have something of ours under way."""
SPOOL_DAYS = 30
"""How long a host keeps what a launched command wrote. That its token was used is never forgotten."""
READ_TIMEOUT = 600.0
"""Seconds for a command that only reads, where its task says nothing."""


@dataclass(frozen=True, slots=True)
class Leg:
    """What a leg works with."""

    number: int
    started: Started
    hosts: Mapping[str, Host]
    reach: Reach
    checks: Registry[CheckPlugin]
    journal: RunJournal
    masker: Masker
    cancellation: Cancellation
    source: Callable[[str], bytes]
    """A file of the frozen plan, by its path beside the runbook."""
    told_output: Callable[[Intent], Awaitable[dict[str, int]]]
    """How much of an attempt's output whoever follows knows already."""
    state: Path
    clock: Callable[[], datetime]
    concurrency: int
    host_timeout: float

    @property
    def plan(self) -> Plan:
        return self.started.plan


@dataclass(frozen=True, slots=True)
class LegEnd:
    """Where a leg stopped: the run is over, or waits."""

    state: RunState | None
    """None: it waits."""
    wait: Wait | None = None
    reason: Text | None = None
    until: datetime | None = None
    counts: Mapping[str, int] | None = None
    """Of task states over all hosts, when it is over."""


class Interpreter:
    """One leg of one run."""

    def __init__(self, leg: Leg, attempts: Sequence[Attempt], rulings: Sequence[Ruling]) -> None:
        """`attempts` in the order in which they were intended."""
        self._leg = leg
        self._course = Course(leg.plan)
        self._attempts = {_place(attempt.intent): attempt for attempt in attempts}
        self._rulings = rulings
        self._spools: dict[str, str] = {}
        self._turns = asyncio.Semaphore(leg.concurrency)

    async def advance(self) -> LegEnd:
        """Go on to the next wait or the end.

        Raises:
            Fenced: another worker has the run.
            StoreError: the journal can't be written, and so nothing more may happen.
        """
        try:
            return await self._advance()
        finally:
            await self._leg.journal.settle()

    async def _advance(self) -> LegEnd:
        while True:
            standing = self._course.stand(self._attempts.values(), self._rulings)
            todo = [one for one in standing.next if one.todo is not Todo.RULE]
            if self._leg.cancellation.requested:
                todo = [one for one in todo if one.todo is Todo.RECOVER and one.host != EVERY_HOST]
            if standing.through or not todo:
                end = self._end(standing)
                if end.state is not None:
                    await self._sweep()
                return end
            if not any(one.todo is Todo.RECOVER for one in todo):
                data = {"title": todo[0].task.title, "hosts": len(todo)}
                self._leg.journal.note(RunEventKind.TASK, "", standing.task, data)
            ends = await self._all(todo)
            if waits := [end for end in ends if end is not None]:
                return min(waits, key=_sooner)

    async def _all(self, todo: Sequence[Next]) -> list[LegEnd | None]:
        """Do one task on all hosts that have it before them. When one of them ends the leg, so do all."""
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._one(one)) for one in todo]
        except BaseExceptionGroup as errors:
            raise _first(errors) from None
        return [task.result() for task in tasks]

    async def _one(self, one: Next) -> LegEnd | None:
        async with self._turns:
            task = one.task
            if isinstance(task, PlannedCheck):
                return self._enter(one, await self._checked(one, task))
            if task.module is Module.PAUSE:
                return await self._pause(one, task)
            if not task.module.reaches:
                return self._enter(one, _said(one, task))
            if task.effect is Effect.READ:
                return self._enter(one, await self._read(one, task))
            return await self._launched(one, task)

    # Tasks that leave nothing behind: written down once they are over.

    async def _checked(self, one: Next, check: PlannedCheck) -> TaskOutcome:
        leg = self._leg
        host = leg.hosts[one.host]
        try:
            session = await leg.reach.connect(host)
        except (Unreachable, Exhausted) as error:
            return self._unreached(one, error)
        planned = next(found for found in leg.plan.hosts if found.name == one.host)
        outcome = await inspect(
            _alone(planned, check),
            host,
            session,
            leg.checks,
            source=leg.source,
            now=leg.clock(),
            seconds=leg.host_timeout,
        )
        if outcome.failure is not None:
            return _outcome(one, TaskState.UNREACHABLE, outcome.failure.detail, outcome.seconds)
        return _judged(one, outcome.results[0], outcome.seconds)

    async def _read(self, one: Next, step: PlannedStep) -> TaskOutcome:
        began = time.monotonic()
        host = self._leg.hosts[one.host]
        try:
            command = Command(command_text(step, host, self._leg.source), step.timeout or READ_TIMEOUT)
            session = await self._leg.reach.connect(host)
            answer = (await session.ask([command]))[command]
        except (Unreachable, Exhausted) as error:
            return self._unreached(one, error)
        except (InputError, CannotTell) as error:
            return _outcome(one, TaskState.FAILED, error.message)
        return _answered(one, cast("CommandAnswer", answer), time.monotonic() - began)

    def _unreached(self, one: Next, error: Unreachable | Exhausted) -> TaskOutcome:
        return _outcome(one, TaskState.UNREACHABLE, error.message)

    def _enter(self, one: Next, outcome: TaskOutcome) -> LegEnd | None:
        masked = self._masked(outcome)
        intent = self._intent(one, "")
        self._leg.journal.enter(intent, masked)
        self._know(intent, masked)
        return None

    # A pause: begun once for all hosts, and over when its time has come.

    async def _pause(self, one: Next, step: PlannedStep) -> LegEnd | None:
        if one.before is None:
            intent = self._intent(one, "")
            await self._leg.journal.intend(intent)
            self._know(intent, None)
            return None  # the next turn finds it under way
        until = one.before.intended_at + _length(step)
        if self._leg.clock() < until:
            return LegEnd(
                None,
                Wait.TIME,
                Text(f"暂停：{step.title}", f"pause: {step.title}"),
                until,
            )
        outcome = _outcome(one, TaskState.OK, None, _length(step).total_seconds())
        self._leg.journal.conclude(outcome)
        self._know(one.before.intent, outcome)
        return None

    # What must happen once: written down before it leaves.

    async def _launched(self, one: Next, step: PlannedStep) -> LegEnd | None:
        try:
            text = command_text(step, self._leg.hosts[one.host], self._leg.source)
        except (InputError, CannotTell) as error:
            if one.todo is Todo.BEGIN:
                return self._enter(one, _outcome(one, TaskState.FAILED, error.message))
            text = ""  # it is only asked back
        if one.before is not None:
            return await self._recover(one, step, text, one.before)
        return await self._begin(one, step, text)

    async def _begin(self, one: Next, step: PlannedStep, text: str) -> LegEnd | None:
        try:
            session = await self._connect(one.host)
            spool = await self._spool(one.host, session)
        except (Unreachable, Exhausted) as error:
            return self._enter(one, self._unreached(one, error))
        except SpoolError as error:
            return self._enter(one, _outcome(one, TaskState.FAILED, error.message))
        if self._leg.cancellation.requested:
            return None
        intent = self._intent(one, spool)
        launching = self._launching(one, Attempted(intent, text, step.timeout, step.verify))
        await self._leg.journal.intend(intent)
        self._know(intent, None)
        return await self._settle(one, intent, await launching.start())

    async def _recover(self, one: Next, step: PlannedStep, text: str, before: Attempt) -> LegEnd | None:
        """Ask back what came of an attempt. One that a person wants done again is asked for as well: that
        it is known by now is better than to do it twice."""
        intent = before.intent
        told = await self._leg.told_output(intent)
        launching = self._launching(one, Attempted(intent, text, step.timeout, step.verify), told)
        outcome = await launching.recover()
        if one.todo is Todo.RECOVER or outcome is None:
            return await self._settle(one, intent, outcome)
        if outcome.state in (TaskState.UNKNOWN, TaskState.SKIPPED):
            return await self._begin(replace(one, before=None), step, text)
        return await self._settle(one, intent, outcome)

    async def _settle(self, one: Next, intent: Intent, outcome: TaskOutcome | None) -> LegEnd | None:
        if outcome is None:
            return LegEnd(
                None,
                Wait.HOST,
                Text(
                    f"{one.host} 现在无法访问，其上的 {one.task.title} 结果待查",
                    f"{one.host} can't be asked now what came of {one.task.title}",
                ),
                self._leg.clock() + HOST_PAUSE,
            )
        kept = replace(outcome, output=str(self._path(intent).relative_to(self._leg.state)))
        kept = self._masked(kept)
        self._leg.journal.conclude(kept)
        self._know(intent, kept)
        return None

    def _launching(self, one: Next, attempted: Attempted, told: dict[str, int] | None = None) -> Launching:
        leg = self._leg
        return Launching(
            attempted,
            lambda: self._connect(one.host),
            leg.journal,
            leg.masker,
            leg.cancellation,
            self._path(attempted.intent),
            told,
        )

    async def _connect(self, host: str) -> Session:
        return await self._leg.reach.connect(self._leg.hosts[host])

    async def _spool(self, host: str, session: Session) -> str:
        if host not in self._spools:
            self._spools[host] = await open_spool(session)
        return self._spools[host]

    def _path(self, intent: Intent) -> Path:
        return output_path(self._leg.state, self._leg.number, intent.host, intent.task, intent.number)

    def _intent(self, one: Next, spool: str) -> Intent:
        number = one.number
        return Intent(one.host, one.task.id, number, one.task.effect, secrets.token_hex(16), spool)

    def _know(self, intent: Intent, outcome: TaskOutcome | None) -> None:
        now = self._leg.clock()
        place = _place(intent)
        began = self._attempts[place].intended_at if place in self._attempts else now
        self._attempts[place] = Attempt(intent, outcome, began, None if outcome is None else now)

    def _masked(self, outcome: TaskOutcome) -> TaskOutcome:
        masker = self._leg.masker
        return replace(
            outcome,
            reason=None if outcome.reason is None else masker.mask_text(outcome.reason),
            stdout=masker.mask(outcome.stdout)[-TAIL:],
            stderr=masker.mask(outcome.stderr)[-TAIL:],
        )

    async def _sweep(self) -> None:
        """Clear what is long over out of the spools that this leg has used."""

        async def sweep_one(host: str) -> None:
            with suppress(Unreachable, Exhausted, SpoolError):  # the next run there does it
                await sweep(await self._connect(host), SPOOL_DAYS)

        await asyncio.gather(*(sweep_one(host) for host in self._spools))

    def _end(self, standing: Standing) -> LegEnd:
        """How it stands when there is nothing that can be done now."""
        unruled = [one for one in standing.next if one.todo is Todo.RULE]
        if unruled and not self._leg.cancellation.requested:
            places = ", ".join(f"{one.host} {one.task.id}" for one in unruled)
            return LegEnd(
                None,
                Wait.RULING,
                Text(f"结果未知，须由人裁定：{places}", f"outcome unknown, a person has to rule: {places}"),
            )
        self._end_pause(standing)
        counts = Counter(
            attempt.outcome.state.value for attempt in self._attempts.values() if attempt.outcome is not None
        )
        state, reason = self._final(standing, unruled)
        return LegEnd(state, reason=reason, counts=dict(counts))

    def _end_pause(self, standing: Standing) -> None:
        """One that a cancellation found under way: there is nobody to ask back what came of it."""
        for one in standing.next:
            if one.host == EVERY_HOST and one.before is not None:
                outcome = _outcome(one, TaskState.STOPPED, None)
                self._leg.journal.conclude(outcome)
                self._know(one.before.intent, outcome)

    def _final(self, standing: Standing, unruled: Sequence[Next]) -> tuple[RunState, Text | None]:
        lost = sorted(
            {host for host, state in standing.out.items() if state is TaskState.UNKNOWN}
            | {one.host for one in unruled}
        )
        if lost:
            named = ", ".join(lost)
            return RunState.UNKNOWN, Text(
                f"结果未知的主机：{named}", f"nobody knows what happened on {named}"
            )
        if self._leg.cancellation.requested and not (standing.through and not standing.out):
            return RunState.CANCELLED, None
        if standing.out:
            named = ", ".join(sorted(standing.out))
            return RunState.FAILED, Text(f"失败的主机：{named}", f"failed on {named}")
        return RunState.SUCCEEDED, None


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _sooner(end: LegEnd) -> float:
    return end.until.timestamp() if end.until else float("inf")


def _place(intent: Intent) -> tuple[str, str, int]:
    return intent.host, intent.task, intent.number


def _alone(planned: PlannedHost, check: PlannedCheck) -> PlannedHost:
    return replace(planned, checks=(check,), steps=())


def _outcome(one: Next, state: TaskState, reason: Text | None, seconds: float = 0.0) -> TaskOutcome:
    return TaskOutcome(one.host, one.task.id, one.number, state, reason=reason, seconds=seconds)


def _length(step: PlannedStep) -> timedelta:
    given = cast("Mapping[str, float]", step.arguments)
    return timedelta(seconds=given.get("seconds", 0), minutes=given.get("minutes", 0))


def _said(one: Next, step: PlannedStep) -> TaskOutcome:
    """Of `debug` and `assert`: nothing is asked of the host."""
    arguments = step.arguments
    if step.module is Module.DEBUG:
        return replace(_outcome(one, TaskState.OK, None), stdout=f"{arguments['msg']}\n")
    conditions = cast("list[dict[str, object]]", arguments["conditions"])
    wrong = [str(condition["condition"]) for condition in conditions if not condition["holds"]]
    if not wrong:
        return replace(_outcome(one, TaskState.OK, None), stdout=str(arguments.get("success_msg") or ""))
    listed = "; ".join(wrong)
    said = str(arguments.get("fail_msg") or "")
    reason = Text(f"条件不成立：{listed} {said}".rstrip(), f"does not hold: {listed} {said}".rstrip())
    return _outcome(one, TaskState.FAILED, reason)


def _answered(one: Next, answer: CommandAnswer, seconds: float) -> TaskOutcome:
    state = TaskState.FAILED
    reason: Text | None = Text(f"退出码 {answer.rc}", f"exit status {answer.rc}")
    match answer.end:
        case CommandEnd.EXITED if answer.rc == 0:
            state, reason = TaskState.OK, None
        case CommandEnd.TIMED_OUT:
            reason = Text("超过时限，已结束", "it took too long and was ended")
        case CommandEnd.NOT_STARTED:
            reason = Text("没有开始", "it was not started")
        case CommandEnd.KILLED_SHELL:
            state = TaskState.UNKNOWN
            reason = Text(
                "它结束了执行它的 shell，退出码不得而知", "it took its shell down: no status is known"
            )
    return replace(
        _outcome(one, state, reason, seconds),
        rc=answer.rc,
        stdout=answer.stdout.decode("utf-8", "replace"),
        stderr=answer.stderr.decode("utf-8", "replace"),
    )


_VERDICTS = {
    Verdict.OK: TaskState.OK,
    Verdict.WARN: TaskState.OK,
    Verdict.SKIPPED: TaskState.OK,
    Verdict.CRIT: TaskState.FAILED,
    Verdict.UNKNOWN: TaskState.UNKNOWN,
    Verdict.NOT_RUN: TaskState.UNKNOWN,
}


def _judged(one: Next, result: CheckResult, seconds: float) -> TaskOutcome:
    lines = [
        " ".join(
            str(part)
            for part in (
                judgement.observation.metric,
                judgement.observation.subject,
                judgement.observation.value,
                judgement.unit,
                judgement.verdict,
            )
            if part != ""
        )
        for judgement in result.judgements
    ]
    state = _VERDICTS[result.verdict]
    reason = result.reason
    if reason is None and state is TaskState.FAILED:
        reason = Text("检查结果为 crit", "the check's verdict is crit")
    return replace(_outcome(one, state, reason, seconds), stdout="\n".join(lines))
