"""Running an inspection round, from a name to its record."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from orchestrator.application.clock import Clock
from orchestrator.application.runbooks import Documents, find_runbook, read_catalogue, read_documents
from orchestrator.errors import Refused
from orchestrator.execution.round import execute
from orchestrator.gate.gate import admit
from orchestrator.model.actor import Actor
from orchestrator.model.host import Host
from orchestrator.model.plan import Plan
from orchestrator.model.round import HostOutcome, Progress, RoundLine, RoundState
from orchestrator.model.site import Site
from orchestrator.model.verdict import Verdict, worst
from orchestrator.model.waiver import Waiver
from orchestrator.planning.plan import make_plan
from orchestrator.planning.tasks import only_tasks
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.reach.inventory import read_inventory
from orchestrator.reach.session import Reach
from orchestrator.records.database import disconnect
from orchestrator.records.ledger import RecordedLedger
from orchestrator.records.lock import round_lock
from orchestrator.records.masking import Masker, mask_outcome
from orchestrator.records.memory import remember, remembered
from orchestrator.records.rounds import (
    close_round,
    list_rounds,
    open_round,
    record_outcomes,
    record_refusal,
    settle_abandoned,
    settle_interrupted,
)
from orchestrator.records.site_key import site_key
from orchestrator.records.store import Store
from orchestrator.records.waivers import waivers_for_round
from orchestrator.records.waiving import waive

OnProgress = Callable[[Progress], None]
_GROUP = 50
"""Outcomes that are stored in one transaction when they come faster than the disk takes them."""


@dataclass(frozen=True, slots=True)
class RoundRequest:
    """What a face or a schedule asks for."""

    runbook: str
    actor: Actor
    """Who or what starts it, for the record."""
    limit: str | None = None
    """An Ansible host pattern that narrows the runbook's own."""
    inventory: tuple[Path, ...] = ()
    """Instead of the site's."""
    tasks: tuple[str, ...] = ()
    """Ids of the only tasks to run, for a recheck; none: all."""

    @property
    def partial(self) -> bool:
        return self.limit is not None or bool(self.tasks)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, and what is needed to carry it out. The hosts carry secrets."""

    documents: Documents
    plan: Plan
    hosts: Mapping[str, Host]


class Rounds:
    """Inspection rounds of one site, whose database is open."""

    def __init__(
        self,
        site: Site,
        checks: Registry[CheckPlugin],
        versions: Mapping[str, str],
        clock: Clock,
        open_reach: Callable[[], Reach],
    ) -> None:
        """`versions` names all that executes a plan; `wardround` is among them."""
        self._site = site
        self._checks = checks
        self._versions = versions
        self._clock = clock
        self._open_reach = open_reach

    def run(self, request: RoundRequest, on_progress: OnProgress) -> int:
        """Run one round and return its number. Ctrl-C ends it as cancelled, with what was collected.

        Raises:
            NotFound, InvalidDocument, InvalidInventory, Refused, Busy: nothing was reached.
            StoreError: the records can't be written; the round stops.
        """
        try:
            return asyncio.run(self._run_once(request, on_progress))
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None  # stopped by a signal before there was a round to cancel

    def list(self, runbook: str | None, limit: int) -> tuple[RoundLine, ...]:
        """The latest rounds, newest first; one whose process is gone shows as interrupted."""
        settle_abandoned(self._site.state, self._clock())
        return tuple(
            RoundLine(
                number=row.number,
                runbook=row.runbook,
                title=row.title,
                state=row.round_state,
                actor=row.started_by,
                started_at=row.started_at.astimezone(self._site.timezone),
                hosts=row.hosts,
                hosts_unreachable=row.hosts_unreachable,
                due=row.due,
                done=row.done,
                warn=row.warn,
                crit=row.crit,
            )
            for row in list_rounds(runbook, limit)
        )

    async def run_with(self, reach: Reach, request: RoundRequest, on_progress: OnProgress) -> int:
        """`run` over connections that are kept, for who runs round after round."""
        name = find_runbook(self._site, request.runbook).name
        with (
            round_lock(self._site.state, name, request.actor.name, self._clock()),
            _records_thread() as records,
        ):
            return await self._run(reach, request, on_progress, records)

    async def _run_once(self, request: RoundRequest, on_progress: OnProgress) -> int:
        reach = self._open_reach()
        try:
            with _ended_by_signals():
                return await self.run_with(reach, request, on_progress)
        finally:
            await reach.close()

    async def prepare(self, request: RoundRequest) -> Prepared:
        """Documents and inventory to a plan. Nothing is reached, nothing is recorded."""
        documents = read_documents(self._site, request.runbook, self._checks)
        runbook = only_tasks(documents.runbook, request.tasks)
        inventory = await read_inventory(
            request.inventory or self._site.inventory,
            tuple(dict.fromkeys(play.hosts for play in runbook.plays)),
            request.limit,
            self._site.vault_password_file,
            self._site.state / "cache",
        )
        # The report needs the systems: their errors must not come after the round.
        read_catalogue(self._site, None if request.inventory else {*inventory.hosts, *inventory.groups})
        plan, hosts = make_plan(
            runbook,
            inventory,
            documents.thresholds,
            self._checks,
            documents.digests,
            self._versions,
            site_key(self._site.state),
            self._site.connect_timeout,
        )
        return Prepared(documents, plan, hosts)

    async def _run(
        self, reach: Reach, request: RoundRequest, on_progress: OnProgress, records: ThreadPoolExecutor
    ) -> int:
        prepared = await self.prepare(request)
        plan = prepared.plan
        loop = asyncio.get_running_loop()
        try:
            permit = admit(plan, self._clock())
        except Refused as refusal:
            await loop.run_in_executor(
                records, record_refusal, plan, request.actor, refusal.message, self._clock()
            )
            raise
        salt = site_key(self._site.state)
        secrets = {secret for host in prepared.hosts.values() for secret in host.secrets}
        recorder = _Recorder(plan, Masker(secrets, salt), records, on_progress)
        # A recheck asks little: what it asked must not stand in for what a whole round asks.
        recorder.remembers = not request.tasks
        await loop.run_in_executor(records, settle_interrupted, plan.runbook, self._clock())
        memory = await loop.run_in_executor(records, remembered, plan)
        frozen = Store(self._site.state).freeze(plan, prepared.documents.files)
        files = Store(self._site.state).thaw(frozen)
        recorder.number = await loop.run_in_executor(
            records,
            partial(open_round, partial=request.partial),
            plan,
            request.actor,
            self._clock(),
            self._versions["wardround"],
            frozen,
        )
        state = RoundState.INTERRUPTED
        try:
            names = {host.name for host in plan.hosts}
            recorder.waivers = await loop.run_in_executor(
                records, waivers_for_round, recorder.number, plan.runbook, names, self._clock()
            )
            state = await execute(
                permit,
                plan,
                prepared.hosts,
                reach,
                self._checks,
                _ThreadedLedger(records),
                self._clock,
                self._site.concurrency,
                self._site.host_timeout,
                memory,
                recorder.take,
                files.__getitem__,
            )
        finally:
            await recorder.finish(state, self._clock)
        return recorder.number


class _Recorder:
    """Stores outcomes in a thread of their own, in groups when they come faster than the disk takes them."""

    def __init__(
        self, plan: Plan, masker: Masker, records: ThreadPoolExecutor, on_progress: OnProgress
    ) -> None:
        self.number = 0
        self.remembers = True
        self.waivers: Sequence[Waiver] = ()
        self._plan = plan
        self._masker = masker
        self._records = records
        self._on_progress = on_progress
        self._waiting: list[HostOutcome] = []
        self._storing: asyncio.Task[None] | None = None
        self._counts: Counter[Verdict] = Counter()
        self._hosts_done = 0

    def take(self, outcome: HostOutcome) -> asyncio.Task[None] | None:
        """Store it soon. What is returned is to be awaited: an earlier outcome could not be stored."""
        if any(waiver.host == outcome.host for waiver in self.waivers):
            outcome = waive(mask_outcome(outcome, self._masker), self.waivers)
        self._waiting.append(outcome)
        self._tell(outcome)
        if self._storing is not None and self._storing.done() and self._storing.exception():
            return self._storing
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._store())
        return None

    async def finish(self, state: RoundState, clock: Clock) -> None:
        """Store what waits, and close the round. A round that can't be closed is found interrupted later."""
        if self._storing is not None:
            await self._storing
        await self._in_thread(close_round, self.number, state, clock())

    async def _store(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:_GROUP], self._waiting[_GROUP:]
            await self._in_thread(record_outcomes, self.number, group, self._masker)
            if self.remembers:
                await self._in_thread(remember, self._plan, group, self._masker)

    async def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        # Shielded: a cancelled round still stores what it has collected.
        loop = asyncio.get_running_loop()
        await asyncio.shield(loop.run_in_executor(self._records, work, *arguments))

    def _tell(self, outcome: HostOutcome) -> None:
        self._hosts_done += 1
        self._counts.update(result.verdict for result in outcome.results)
        self._on_progress(
            Progress(
                host=outcome.host,
                verdict=worst(result.verdict for result in outcome.results),
                failure=outcome.failure,
                hosts_done=self._hosts_done,
                hosts_all=len(self._plan.hosts),
                counts=dict(self._counts),
            )
        )


class _ThreadedLedger:
    """The recorded ledger, asked in the records' thread: Django refuses to work beneath an event loop."""

    def __init__(self, records: ThreadPoolExecutor) -> None:
        self._records = records

    def redeem(self, permit_id: str, plan_digest: str, at: datetime) -> None:
        self._records.submit(RecordedLedger().redeem, permit_id, plan_digest, at).result()


@contextmanager
def _records_thread() -> Iterator[ThreadPoolExecutor]:
    """One thread for all that a round records, so that it holds one connection and closes it."""
    with ThreadPoolExecutor(1, thread_name_prefix="records") as records:
        try:
            yield records
        finally:
            records.submit(disconnect).result()


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A terminal that is closed and a service that is stopped end a round as Ctrl-C does."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    signals = (signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        with suppress(ValueError, RuntimeError):  # not the main thread
            loop.add_signal_handler(number, task.cancel if task else lambda: None)
    try:
        yield
    finally:
        for number in signals:
            with suppress(ValueError, RuntimeError):
                loop.remove_signal_handler(number)
