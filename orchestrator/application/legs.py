"""Advancing a run by one leg: from where its journal stands to its next wait or its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from orchestrator.application.clock import Clock
from orchestrator.application.recorder import ThreadedLedger, records_thread
from orchestrator.application.round_request import RoundRequest
from orchestrator.application.rounds import Rounds
from orchestrator.errors import Busy, InputError, OrchestratorError, Refused
from orchestrator.execution.cancellation import Cancellation
from orchestrator.execution.interpreter import Interpreter, Leg, LegEnd
from orchestrator.execution.run_journal import RunJournal
from orchestrator.execution.source import frozen_source
from orchestrator.execution.standing import EVERY_HOST
from orchestrator.execution.start import Started, start
from orchestrator.gate.gate import admit
from orchestrator.language import Text
from orchestrator.model.effect import Effect
from orchestrator.model.host import Host
from orchestrator.model.lease import COMMAND, fence_of
from orchestrator.model.plan import Plan
from orchestrator.model.round import RoundState
from orchestrator.model.run import Intent, Priority, Run, RunRequest, RunState, TaskState, Wait
from orchestrator.model.runbook import Kind
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.reach.session import Reach
from orchestrator.records.hand import Hand
from orchestrator.records.host_claims import claim_hosts
from orchestrator.records.journal import attempts
from orchestrator.records.leases import list_leases
from orchestrator.records.masking import Masker
from orchestrator.records.postings import post_leg
from orchestrator.records.process import surely_gone
from orchestrator.records.round_shares import rounds_to_help
from orchestrator.records.rounds import settle_abandoned
from orchestrator.records.rulings import rulings
from orchestrator.records.run_log import told_output
from orchestrator.records.runs import (
    finish_run,
    get_run,
    make_run_wait,
    record_plan,
    refuse_run,
    run_request,
    take_run,
)
from orchestrator.records.site_key import site_key
from orchestrator.records.store import Store

WATCH_SECONDS = 0.5
"""How often a leg looks whether its run is to be cancelled."""
_MENDING = timedelta(minutes=2)
"""Until a run that can't go on as things are is tried again."""
_BUSY = timedelta(seconds=15)
"""Until an inspection is tried again whose runbook another process has in hand."""
_AGAIN_SECONDS = 15.0
"""Until a round that could not be taken part in is looked at again."""

_log = logging.getLogger(__name__)
Returned = TypeVar("Returned")


class Legs:
    """What a worker's engine calls. It holds the one way to the hosts and the one thread for the records."""

    def __init__(
        self,
        site: Site,
        checks: Registry[CheckPlugin],
        rounds: Rounds,
        clock: Clock,
        reach: Reach,
        records: Executor,
        executor: str,
        foresee: Callable[[int], object] | None = None,
    ) -> None:
        """
        Args:
            executor: the worker's name for the record.
            foresee: builds the report of a round, which keeps what costs most of it. None where somebody
                waits for the round, and builds its report next.
        """
        self._site = site
        self._checks = checks
        self._rounds = rounds
        self._clock = clock
        self._reach = reach
        self._records = records
        self._executor = executor
        self._foresee = foresee
        self._helping: dict[int, asyncio.Task[None]] = {}
        """By the number of the round."""
        self._left = False

    async def advance(self, number: int) -> None:
        """Advance a run. Delivered twice, or for a run that is over, it does nothing.

        Raises:
            Fenced: another worker has taken it meanwhile.
            StoreError: the records can't be written; it is to be delivered again.
        """
        before = await self._do(get_run, number)
        if _gone(before.executor, self._executor) and await self._do(_is_inspected_elsewhere, before):
            # Whoever waits for it there goes on with it: looked at again, in case they are killed.
            rank, now = Priority.of(before.kind).rank, self._clock()
            await self._do(post_leg, number, "command", rank, now, now + _BUSY)
            return
        run = await self._do(take_run, number, self._executor, self._clock(), fence_of(self._executor))
        if run is None:
            return
        if run.kind is Kind.INSPECTION and _gone(before.executor, self._executor):
            # Whoever waited for it is gone. Begun anew by itself, hours later, it would surprise everybody.
            reason = Text("发起它的命令已结束", "the command that waited for it is gone")
            await self._finish(run, LegEnd(RunState.FAILED, reason=reason, counts={}))
            await self._do(settle_abandoned, self._site.state, self._clock())
            return
        cancellation = Cancellation()
        if run.cancel_requested_at is not None:
            cancellation.request()
        watcher = asyncio.create_task(self._watch(number, cancellation))
        try:
            await self._advance(run, cancellation)
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher

    async def look_around(self) -> None:
        """Take part in the rounds of other workers in which there is something to be done.

        Raises:
            StoreError: the records can't be read.
        """
        fence = fence_of(self._executor)
        for number, run in await self._do(rounds_to_help, self._executor, fence):
            if number not in self._helping and not self._left:
                self._helping[number] = asyncio.create_task(self._help(number, run, fence))

    async def leave(self) -> None:
        """Take part in no round any more. What was under way there is left to others."""
        self._left = True
        tasks = list(self._helping.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _help(self, number: int, run_number: int, fence: int) -> None:
        cancellation = Cancellation()
        watcher = asyncio.create_task(self._watch(run_number, cancellation))
        try:
            run = await self._do(get_run, run_number)
            request = _as_round(await self._do(run_request, run_number))
            hand = Hand(run_number, fence, None)
            await self._rounds.help(self._reach, run, request, hand, cancellation, self._records)
        except OrchestratorError as error:
            _log.warning("round %s goes on without this worker: %s", number, error)
            await asyncio.sleep(_AGAIN_SECONDS)
        except Exception:  # noqa: BLE001 - our own fault in one round must not end the worker
            _log.exception("round %s goes on without this worker", number)
            await asyncio.sleep(_AGAIN_SECONDS)
        finally:
            watcher.cancel()
            del self._helping[number]

    async def _advance(self, run: Run, cancellation: Cancellation) -> None:
        if cancellation.requested and not run.frozen:
            reason = Text("开始前取消", "cancelled before it began")
            await self._finish(run, LegEnd(RunState.CANCELLED, reason=reason, counts={}))
        elif run.kind is Kind.INSPECTION:
            await self._inspect(run, cancellation)
        else:
            await self._carry_out(run, cancellation)

    async def _carry_out(self, run: Run, cancellation: Cancellation) -> None:
        try:
            started, hosts, files = await (self._resume(run) if run.frozen else self._begin(run))
        except InputError as error:
            await (self._lay_down(run, error, cancellation) if run.frozen else self._refuse(run, error))
            return
        if others := await self._claim(run, started.plan):
            if cancellation.requested:  # what changes a host holds its claim from beginning to end
                await self._finish(run, LegEnd(RunState.CANCELLED, counts={}))
                return
            named = ", ".join(f"{host} (#{number})" for host, number in sorted(others.items()))
            reason = Text(f"主机正被其他执行改动：{named}", f"another run changes these hosts: {named}")
            await self._wait(run, LegEnd(None, Wait.OTHER_RUN, reason), others)
            return
        end = await self._interpret(run, started, hosts, files, cancellation)
        await (self._wait(run, end) if end.state is None else self._finish(run, end))

    async def _begin(self, run: Run) -> tuple[Started, Mapping[str, Host], Mapping[str, bytes]]:
        """Plan, ask the gate, freeze, and use the permit up: in this order, and only then is it a run."""
        request = await self._do(run_request, run.number)
        prepared = await self._rounds.prepare(_as_round(request))
        plan = prepared.plan
        permit = admit(plan, self._clock())
        store = Store(self._site.state)
        frozen = await asyncio.to_thread(store.freeze, plan, prepared.documents.files)
        started = start(permit, plan, self._clock(), ThreadedLedger(self._records))
        await self._do(record_plan, run.number, run.epoch, plan, frozen, permit.id, self._clock())
        return started, prepared.hosts, await asyncio.to_thread(store.thaw, frozen)

    async def _resume(self, run: Run) -> tuple[Started, Mapping[str, Host], Mapping[str, bytes]]:
        request = _as_round(await self._do(run_request, run.number))
        thawed = await self._rounds.thaw(run, request, self._records)
        return thawed.started, thawed.hosts, thawed.files

    async def _claim(self, run: Run, plan: Plan) -> Mapping[str, int]:
        changed = [
            host.name for host in plan.hosts if any(task.effect is not Effect.READ for task in host.tasks)
        ]
        return await self._do(claim_hosts, run.number, changed) if changed else {}

    async def _interpret(
        self,
        run: Run,
        started: Started,
        hosts: Mapping[str, Host],
        files: Mapping[str, bytes],
        cancellation: Cancellation,
    ) -> LegEnd:
        secrets = {secret for host in hosts.values() for secret in host.secrets}
        leg = Leg(
            number=run.number,
            started=started,
            hosts=hosts,
            reach=self._reach,
            checks=self._checks,
            journal=RunJournal(run.number, run.epoch, self._records, self._clock),
            masker=Masker(secrets, site_key(self._site.state)),
            cancellation=cancellation,
            source=frozen_source(started.plan, files.__getitem__),
            told_output=partial(self._told, run.number),
            state=self._site.state,
            clock=self._clock,
            concurrency=self._site.concurrency,
            host_timeout=self._site.host_timeout,
        )
        known = await self._do(attempts, run.number)
        said = await self._do(rulings, run.number)
        return await Interpreter(leg, known, said).advance()

    async def _inspect(self, run: Run, cancellation: Cancellation) -> None:
        """A round. Broken off, it is gone on with: hosts that have results are not asked again."""
        request = _as_round(await self._do(run_request, run.number))
        hand = Hand(run.number, fence_of(self._executor), run.epoch)
        alone = self._executor.startswith(COMMAND)
        try:
            ended = await self._rounds.carry_out(
                self._reach, run, request, hand, cancellation, self._records, alone=alone
            )
        except Busy as error:
            until = self._clock() + _BUSY
            await self._wait(run, LegEnd(None, Wait.OTHER_RUN, error.message, until))
            return
        except InputError as error:
            if run.round is None:
                await self._refuse(run, error)
            else:  # hosts were asked before it was broken off
                await self._finish(run, LegEnd(RunState.FAILED, reason=_reason(error), counts={}))
            return
        if ended is None:
            await self._finish(run, LegEnd(RunState.CANCELLED, counts={}))
            return
        number, state = ended
        if state is RoundState.CANCELLED and not cancellation.requested:
            raise asyncio.CancelledError  # whoever waited for it has left, and nobody goes on with it
        succeeded = state is RoundState.COMPLETED
        await self._finish(run, LegEnd(RunState.SUCCEEDED if succeeded else RunState.CANCELLED, counts={}))
        await self._look_ahead(number)

    async def _look_ahead(self, number: int) -> None:
        """Work the forecasts of a round out while nobody waits for its report. In a thread of its own: other
        runs' journals go on being written meanwhile."""
        if self._foresee is None:
            return
        with records_thread() as aside:
            try:
                await asyncio.get_running_loop().run_in_executor(aside, self._foresee, number)
            except OrchestratorError as error:
                _log.warning("the report of round %s can't be built yet: %s", number, error)

    async def _refuse(self, run: Run, error: OrchestratorError) -> None:
        await self._do(refuse_run, run.number, run.epoch, _reason(error), self._clock())

    async def _lay_down(self, run: Run, error: OrchestratorError, cancellation: Cancellation) -> None:
        """A run that was begun can't go on as things are. It waits for that to be mended, unless it is
        refused for good; while something of it may be under way on a host it has not failed in any case."""
        known = await self._do(attempts, run.number)
        latest = {(one.intent.host, one.intent.task): one for one in known if one.intent.host != EVERY_HOST}
        unsettled = [one for one in latest.values() if one.outcome is None]
        reason = _reason(error)
        mendable = unsettled or not isinstance(error, Refused)
        if mendable and not cancellation.requested:
            await self._wait(run, LegEnd(None, Wait.HOST, reason, self._clock() + _MENDING))
            return
        lost = [one for one in latest.values() if one.outcome and one.outcome.state is TaskState.UNKNOWN]
        state = RunState.UNKNOWN if unsettled or lost else RunState.FAILED
        await self._finish(run, LegEnd(state, reason=reason, counts={}))

    async def _wait(self, run: Run, end: LegEnd, claimed: Mapping[str, int] | None = None) -> None:
        wait, reason = end.wait or Wait.TIME, end.reason or Text("", "")
        await self._do(make_run_wait, run.number, run.epoch, wait, reason, self._clock(), end.until, claimed)

    async def _finish(self, run: Run, end: LegEnd) -> None:
        state = end.state or RunState.UNKNOWN
        await self._do(finish_run, run.number, run.epoch, state, end.reason, self._clock(), end.counts or {})

    async def _watch(self, number: int, cancellation: Cancellation) -> None:
        while not cancellation.requested:
            await asyncio.sleep(WATCH_SECONDS)
            with suppress(OrchestratorError):  # the database is away: asked again
                if (await self._do(get_run, number)).cancel_requested_at is not None:
                    cancellation.request()

    async def _told(self, number: int, intent: Intent) -> dict[str, int]:
        return await self._do(told_output, number, intent.host, intent.task, intent.number)

    async def _do(self, work: Callable[..., Returned], *arguments: object) -> Returned:
        loop = asyncio.get_running_loop()
        return await asyncio.shield(loop.run_in_executor(self._records, partial(work, *arguments)))


def _reason(error: OrchestratorError) -> Text:
    if error.hint is None:
        return error.message
    return Text(f"{error.message.zh} ({error.hint.zh})", f"{error.message.en} ({error.hint.en})")


def _gone(before: str, now: str) -> bool:
    """Whether a run was begun within a command, and that is not the one that is to have it now."""
    return before.startswith(COMMAND) and before != now


def _is_inspected_elsewhere(run: Run) -> bool:
    """Whether a command has a round in hand, and lives."""
    leases = [one for one in list_leases() if one.executor == run.executor and not one.dead]
    alive = any(not surely_gone(one.life) for one in leases)
    return alive and run.kind is Kind.INSPECTION and not run.state.over


def _as_round(request: RunRequest) -> RoundRequest:
    return RoundRequest(
        runbook=request.runbook,
        actor=request.actor,
        limit=request.limit,
        inventory=tuple(map(Path, request.inventory)),
        tasks=request.tasks,
    )
