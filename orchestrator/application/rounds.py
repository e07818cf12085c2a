"""Running an inspection round, from a name to its record: from its beginning, or where another left it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from orchestrator.application.clock import Clock
from orchestrator.application.inventory_memory import inventory_memory
from orchestrator.application.recorder import Recorder, ThreadedLedger
from orchestrator.application.round_request import RoundRequest
from orchestrator.application.runbooks import Documents, find_runbook, read_catalogue, read_documents
from orchestrator.application.shares import Place, Shares
from orchestrator.errors import InputError, Refused
from orchestrator.execution.cancellation import Cancellation
from orchestrator.execution.round import Part, require_inspection, visit
from orchestrator.execution.start import Started, resume, start
from orchestrator.gate.gate import admit
from orchestrator.model.host import Host
from orchestrator.model.plan import Plan
from orchestrator.model.round import RoundState
from orchestrator.model.run import Run
from orchestrator.model.site import Site
from orchestrator.model.waiver import Waiver
from orchestrator.planning.plan import make_plan
from orchestrator.planning.tasks import only_tasks
from orchestrator.planning.thaw import find_hosts, thaw_plan
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.reach.inventory import LOCALHOST, read_inventory
from orchestrator.reach.session import Reach
from orchestrator.records.hand import Hand
from orchestrator.records.lock import round_lock
from orchestrator.records.masking import Masker
from orchestrator.records.memory import remembered
from orchestrator.records.round_shares import Share, open_shared_round
from orchestrator.records.rounds import (
    close_round,
    get_round,
    record_refusal,
    runs_beside,
    settle_interrupted,
)
from orchestrator.records.site_key import site_key
from orchestrator.records.store import Store
from orchestrator.records.waivers import standing_waivers, waivers_for_round

Returned = TypeVar("Returned")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan, and what is needed to carry it out. The hosts carry secrets."""

    documents: Documents
    plan: Plan
    hosts: Mapping[str, Host]


@dataclass(frozen=True, slots=True)
class Thawed:
    """What was planned and permitted when a run began, and the hosts as they are now, with their secrets."""

    started: Started
    hosts: Mapping[str, Host]
    files: Mapping[str, bytes]


class Rounds:
    """Inspection rounds of one site, whose database is open."""

    def __init__(
        self,
        site: Site,
        checks: Registry[CheckPlugin],
        versions: Mapping[str, str],
        clock: Clock,
    ) -> None:
        """`versions` names all that executes a plan; `wardround` is among them."""
        self._site = site
        self._checks = checks
        self._versions = versions
        self._clock = clock
        self._at_work: set[Place] = set()

    async def carry_out(
        self, reach: Reach, run: Run, request: RoundRequest, hand: Hand, cancellation: Cancellation,
        records: Executor, *, alone: bool,
    ) -> tuple[int, RoundState] | None:  # fmt: skip
        """Run the round of a run, or go on with it where another worker left it. Cancelled, it ends with what
        was collected.

        Args:
            hand: of the worker that has the run.
            alone: nobody goes on with it, so that stopped it ends too.

        Returns:
            Its number and how it ended; None: cancelled before there was one.

        Raises:
            NotFound, InvalidDocument, InvalidInventory, Refused, Busy: nothing was reached.
            StoreError: the records can't be written; the round stops.
            Fenced: another worker has the run.
        """
        number, fenced = run.round, False
        if number is None:
            name = find_runbook(self._site, request.runbook).name
        else:
            row = await _in(records, get_round, number)
            name = row.runbook
            fenced = row.round_state is RoundState.RUNNING and not await _in(records, runs_beside, number)
        with round_lock(self._site.state, name, request.actor.name, self._clock(), fenced=fenced):
            opened = None
            if number is not None:
                state = (await _in(records, get_round, number)).round_state
                if state not in (RoundState.RUNNING, RoundState.INTERRUPTED):
                    return number, state
                if state is RoundState.RUNNING:
                    opened = await self._reopen(number, run, request, hand, records)
            if opened is None and not cancellation.requested:
                opened = await self._open(request, hand, cancellation, records)
            if opened is None:
                return None
            part = Part.ALONE if alone else Part.LEADS
            return opened.number, await self._lead(reach, opened, hand, cancellation, records, part)

    async def help(
        self, reach: Reach, run: Run, request: RoundRequest, hand: Hand, cancellation: Cancellation,
        records: Executor,
    ) -> None:  # fmt: skip
        """Take part in the round of a run that another worker has, until nothing is left of it.

        Raises:
            Refused: its permit was not used up for its plan, or its hosts are others by now.
            NotFound, InvalidInventory, StoreError, Fenced: as `carry_out`.
        """
        if run.round is None:
            return
        thawed = await self.thaw(run, request, records)
        plan = thawed.started.plan
        require_inspection(plan)
        opened = _Opened(run.round, thawed, None, not request.tasks)
        names = {host.name for host in plan.hosts}
        waivers = await _in(records, standing_waivers, plan.runbook, names, self._clock())
        recorder, visiting = await self._visiting(
            reach, opened, waivers, hand, cancellation, records, Part.HELPS
        )
        try:
            await visiting
        finally:
            await recorder.leave()

    async def thaw(self, run: Run, request: RoundRequest, records: Executor) -> Thawed:
        """What a run was begun with; of the documents nothing is read again.

        Raises:
            Refused, InvalidInventory, NotFound, StoreError: as `resume`, `find_hosts`, `read_inventory` and
                `Store`.
        """
        store = Store(self._site.state)
        content = await asyncio.to_thread(store.plan, run.frozen)
        plan = thaw_plan(content, run.plan_digest)
        started = resume(plan, run.permit, ThreadedLedger(records))
        files = await asyncio.to_thread(store.thaw, run.frozen)
        inventory = await read_inventory(
            request.inventory or self._site.inventory,
            # By no pattern: so one answer of Ansible's does for all runs, whatever hosts they are about.
            tuple(host.name for host in plan.hosts if host.name in LOCALHOST),
            None,
            self._site.vault_password_file,
            inventory_memory(self._site),
        )
        key = site_key(self._site.state)
        hosts = find_hosts(plan, inventory, self._checks, key, self._site.connect_timeout)
        return Thawed(started, hosts, files)

    async def prepare(self, request: RoundRequest) -> Prepared:
        """Documents and inventory to a plan. Nothing is reached, nothing is recorded."""
        documents = read_documents(self._site, request.runbook, self._checks)
        runbook = only_tasks(documents.runbook, request.tasks)
        inventory = await read_inventory(
            request.inventory or self._site.inventory,
            tuple(dict.fromkeys(play.hosts for play in runbook.plays)),
            request.limit,
            self._site.vault_password_file,
            inventory_memory(self._site),
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

    async def _open(
        self, request: RoundRequest, hand: Hand, cancellation: Cancellation, records: Executor
    ) -> _Opened | None:
        """Plan, ask the gate, freeze, use the permit up, and open the round: in this order."""
        prepared = await _unless(cancellation, self.prepare(request))
        if prepared is None:
            return None
        plan = prepared.plan
        try:
            require_inspection(plan)
            permit = admit(plan, self._clock())
        except Refused as refusal:
            await _in(records, record_refusal, plan, request.actor, refusal.message, self._clock())
            raise
        await _in(records, settle_interrupted, plan.runbook, self._clock())
        store = Store(self._site.state)
        frozen = store.freeze(plan, prepared.documents.files)
        files = store.thaw(frozen)
        started = start(permit, plan, self._clock(), ThreadedLedger(records))
        number, first = await _in(
            records,
            partial(open_shared_round, partial=request.partial),
            *(hand, plan, started.permit, request.actor, self._clock()),
            *(self._versions["wardround"], frozen),
        )
        return _Opened(number, Thawed(started, prepared.hosts, files), first, not request.tasks)

    async def _reopen(
        self, number: int, run: Run, request: RoundRequest, hand: Hand, records: Executor
    ) -> _Opened | None:
        """None: it can't be gone on with, and is over."""
        try:
            thawed = await self.thaw(run, request, records)
        except InputError:
            await _in(records, close_round, number, RoundState.INTERRUPTED, self._clock(), hand)
            return None
        return _Opened(number, thawed, None, not request.tasks)

    async def _lead(
        self, reach: Reach, opened: _Opened, hand: Hand, cancellation: Cancellation, records: Executor,
        part: Part,
    ) -> RoundState:  # fmt: skip
        plan = opened.thawed.started.plan
        names = {host.name for host in plan.hosts}
        waivers = await _in(records, waivers_for_round, opened.number, plan.runbook, names, self._clock())
        recorder, visiting = await self._visiting(reach, opened, waivers, hand, cancellation, records, part)
        ended = False
        try:
            state = await visiting
            await recorder.finish(state, self._clock)
            ended = True
        finally:
            if not ended and part is Part.ALONE:
                await recorder.finish(RoundState.INTERRUPTED, self._clock)
            elif not ended:
                await recorder.leave()
        return state

    async def _visiting(
        self, reach: Reach, opened: _Opened, waivers: Sequence[Waiver], hand: Hand,
        cancellation: Cancellation, records: Executor, part: Part,
    ) -> tuple[Recorder, Awaitable[RoundState]]:  # fmt: skip
        thawed, plan = opened.thawed, opened.thawed.started.plan
        secrets = {secret for host in thawed.hosts.values() for secret in host.secrets}
        masker = Masker(secrets, site_key(self._site.state))
        memory = await _in(records, remembered, plan)
        shares = Shares(plan, opened.number, hand, records, self._at_work, opened.first)
        recorder = Recorder(
            plan, opened.number, hand, shares, masker, waivers, records, remembers=opened.remembers
        )
        return recorder, visit(
            thawed.started,
            thawed.hosts,
            reach,
            self._checks,
            self._clock,
            self._site.concurrency,
            self._site.host_timeout,
            memory,
            recorder.take,
            thawed.files.__getitem__,
            shares.take,
            cancellation,
            part,
        )


@dataclass(frozen=True, slots=True)
class _Opened:
    """A round under way."""

    number: int
    thawed: Thawed
    first: Share | None
    """The hosts that are ours from the beginning."""
    remembers: bool
    """A recheck asks little: what it asked must not stand in for what a whole round asks."""


async def _unless(cancellation: Cancellation, work: Awaitable[Returned]) -> Returned | None:
    """What comes of it; None when the cancellation comes first."""
    working = asyncio.ensure_future(work)
    called = asyncio.create_task(cancellation.wait_for_it())
    try:
        await asyncio.wait({working, called}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        called.cancel()
        await asyncio.gather(working, called, return_exceptions=True)


async def _in(records: Executor, work: Callable[..., Returned], *arguments: object) -> Returned:
    loop = asyncio.get_running_loop()
    return await asyncio.shield(loop.run_in_executor(records, partial(work, *arguments)))
