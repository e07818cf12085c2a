"""Running an inspection round, from a name to its record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from orchestrator.application.clock import Clock
from orchestrator.application.inventory_memory import inventory_memory
from orchestrator.application.recorder import Recorder, ThreadedLedger
from orchestrator.application.round_request import OnProgress, RoundRequest
from orchestrator.application.runbooks import Documents, find_runbook, read_catalogue, read_documents
from orchestrator.errors import Refused
from orchestrator.execution.round import execute, require_inspection
from orchestrator.gate.gate import admit
from orchestrator.model.host import Host
from orchestrator.model.plan import Plan
from orchestrator.model.round import RoundState
from orchestrator.model.site import Site
from orchestrator.planning.plan import make_plan
from orchestrator.planning.tasks import only_tasks
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.reach.inventory import read_inventory
from orchestrator.reach.session import Reach
from orchestrator.records.lock import round_lock
from orchestrator.records.masking import Masker
from orchestrator.records.memory import remembered
from orchestrator.records.rounds import open_round, record_refusal, settle_interrupted
from orchestrator.records.site_key import site_key
from orchestrator.records.store import Store
from orchestrator.records.waivers import waivers_for_round


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
    ) -> None:
        """`versions` names all that executes a plan; `wardround` is among them."""
        self._site = site
        self._checks = checks
        self._versions = versions
        self._clock = clock

    async def run(
        self, reach: Reach, request: RoundRequest, on_progress: OnProgress, records: Executor
    ) -> tuple[int, RoundState]:
        """Run one round; returns its number and how it ended. Cancelled, it ends with what was collected.

        Raises:
            NotFound, InvalidDocument, InvalidInventory, Refused, Busy: nothing was reached.
            StoreError: the records can't be written; the round stops.
        """
        name = find_runbook(self._site, request.runbook).name
        with round_lock(self._site.state, name, request.actor.name, self._clock()):
            return await self._run(reach, request, on_progress, records)

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

    async def _run(
        self, reach: Reach, request: RoundRequest, on_progress: OnProgress, records: Executor
    ) -> tuple[int, RoundState]:
        prepared = await self.prepare(request)
        plan = prepared.plan
        loop = asyncio.get_running_loop()
        try:
            require_inspection(plan)
            permit = admit(plan, self._clock())
        except Refused as refusal:
            await loop.run_in_executor(
                records, record_refusal, plan, request.actor, refusal.message, self._clock()
            )
            raise
        salt = site_key(self._site.state)
        secrets = {secret for host in prepared.hosts.values() for secret in host.secrets}
        recorder = Recorder(plan, Masker(secrets, salt), records, on_progress)
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
                ThreadedLedger(records),
                self._clock,
                self._site.concurrency,
                self._site.host_timeout,
                memory,
                recorder.take,
                files.__getitem__,
            )
        finally:
            await recorder.finish(state, self._clock)
        return recorder.number, state
