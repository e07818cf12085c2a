"""Carries out a plan that the gate has let pass: all its hosts, some at a time."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from enum import Enum
from inspect import isawaitable

from orchestrator.errors import Exhausted, Refused, Unreachable
from orchestrator.execution.cancellation import Cancellation
from orchestrator.execution.inspector import STOPPED, inspect, own_fault
from orchestrator.execution.memory import stamp
from orchestrator.execution.parameters import Resolver
from orchestrator.execution.result import without_value
from orchestrator.execution.source import frozen_source
from orchestrator.execution.start import Started, start
from orchestrator.gate.ledger import Ledger
from orchestrator.gate.permit import Permit
from orchestrator.language import Text
from orchestrator.model.host import Host
from orchestrator.model.plan import Plan, PlannedHost
from orchestrator.model.round import HostFailure, HostOutcome, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.verdict import Verdict
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.reach.session import Reach, Session

OnOutcome = Callable[[HostOutcome], Awaitable[None] | None]

_VANGUARD = 3
"""Hosts that are visited first."""
_HEAD_START = 0.5
"""Seconds that they have this machine for themselves, at most: fifty logins at once keep two cores so busy
that the first result is a second away. Dead hosts among the first hold up the others no longer than this."""


Take = Callable[[], Awaitable[Sequence[PlannedHost]]]
"""Gives hosts that are to be visited next, and by nobody else; none: that was all."""


class Part(Enum):
    """What a worker is to a round, for the time when it ends early."""

    ALONE = "alone"
    """Nobody goes on with it: it ends, whoever stops it."""
    LEADS = "leads"
    """It ends when it is cancelled. Stopped itself, this worker leaves it as it stands to another."""
    HELPS = "helps"
    """Another worker ends it."""


async def execute(
    permit: Permit,
    plan: Plan,
    hosts: Mapping[str, Host],
    reach: Reach,
    checks: Registry[CheckPlugin],
    ledger: Ledger,
    clock: Callable[[], datetime],
    concurrency: int,
    host_timeout: float,
    remembered: Mapping[str, Sequence[str]],
    on_outcome: OnOutcome,
    source: Callable[[str], bytes],
) -> RoundState:
    """Redeem the permit and inspect every host of the plan.

    Args, returns and raises: as `visit`, and beside them

    Raises:
        Refused: the permit is not for this plan, has expired, or has been redeemed before.
    """
    require_inspection(plan)
    return await visit(
        start(permit, plan, clock(), ledger),
        hosts,
        reach,
        checks,
        clock,
        concurrency,
        host_timeout,
        remembered,
        on_outcome,
        source,
        _whole(plan),
        Cancellation(),
        Part.ALONE,
    )


async def visit(
    started: Started,
    hosts: Mapping[str, Host],
    reach: Reach,
    checks: Registry[CheckPlugin],
    clock: Callable[[], datetime],
    concurrency: int,
    host_timeout: float,
    remembered: Mapping[str, Sequence[str]],
    on_outcome: OnOutcome,
    source: Callable[[str], bytes],
    take: Take,
    cancellation: Cancellation,
    part: Part,
) -> RoundState:
    """Inspect the hosts that `take` gives, until it gives none.

    Sessions stay open: they are the reach's, which keeps them warm for another round until it is closed.

    Args:
        hosts: by name; where the plan's hosts are and how they are reached.
        remembered: host -> `HostOutcome.commands` of an earlier round.
        on_outcome: called with each host's outcome as it comes, one at a time, exactly once a host.
        source: a site file of the plan by its path there. What it gives must be what was planned.
        take: asked again when all that it gave is under way; one call at a time.
        cancellation: the round's. Then hosts under way are reported with what was collected; and, unless we
            only help, all that `take` still gives as `not_run`.

    Returns:
        COMPLETED, or CANCELLED when it was cancelled. A task that is alone is cancelled likewise by
        cancelling the task that runs this; a second cancellation ends it at once.

    Raises:
        StoreError, Fenced: `on_outcome` could not store an outcome, or `take` gave none for it.
        CancelledError: the task was cancelled, and is not alone: what was under way is not reported.
    """
    walk = _Walk(started.plan, hosts, reach, checks, clock, host_timeout, remembered, source, take)
    reporter = asyncio.create_task(walk.report(on_outcome))
    walking = asyncio.create_task(walk.visit_all(min(concurrency, len(started.plan.hosts))))
    called = asyncio.create_task(cancellation.wait_for_it())
    left = False
    try:
        try:
            await asyncio.wait({reporter, called}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            left = part is not Part.ALONE
        whole = reporter.done() or _came_to_its_end(walking)
        if not reporter.done():
            walk.stop(silently=left)
            await _end([walking])
            if not left and part is not Part.HELPS:
                await walk.write_off()
            walk.close()
        await reporter
        if not walking.cancelled():
            await walking
    finally:
        walk.stop(silently=True)
        called.cancel()
        await _end([walking, reporter])
    if left and not whole:
        raise asyncio.CancelledError
    return RoundState.COMPLETED if whole else RoundState.CANCELLED


def require_inspection(plan: Plan) -> None:
    """
    Raises:
        Refused: it is of another kind, or holds tasks that act. Only its checks would be looked at, and the
            rest passed over in silence.
    """
    if plan.kind is not Kind.INSPECTION or plan.actions:
        raise Refused(
            Text(f"{plan.runbook} 不是巡检", f"{plan.runbook} is no inspection"),
            Text(f"用 wardround run start {plan.runbook}", f"use wardround run start {plan.runbook}"),
        )


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    alive = [task for task in tasks if not task.done()]
    for task in alive:
        task.cancel()
    if alive:  # else a cancellation that comes now would hit a round that is complete
        await asyncio.gather(*alive, return_exceptions=True)


def _whole(plan: Plan) -> Take:
    left = [plan.hosts]

    async def take() -> Sequence[PlannedHost]:
        return left.pop() if left else ()

    return take


def _came_to_its_end(walking: asyncio.Task[None]) -> bool:
    return walking.done() and not walking.cancelled() and walking.exception() is None


class _Walk:
    """The walk over the hosts: each walker takes the next one, and outcomes leave in one row."""

    def __init__(
        self,
        plan: Plan,
        hosts: Mapping[str, Host],
        reach: Reach,
        checks: Registry[CheckPlugin],
        clock: Callable[[], datetime],
        host_timeout: float,
        remembered: Mapping[str, Sequence[str]],
        source: Callable[[str], bytes],
        take: Take,
    ) -> None:
        self._plan = plan
        self._hosts = hosts
        self._reach = reach
        self._checks = checks
        self._clock = clock
        self._host_timeout = host_timeout
        self._remembered = remembered
        self._source = frozen_source(plan, source)
        self._take = take
        self._taking = asyncio.Lock()
        self._taken: deque[PlannedHost] = deque()
        self._no_more = False
        self._outcomes: asyncio.Queue[HostOutcome | None] = asyncio.Queue()
        self._stopping = False
        self._silent = False
        self._seen = asyncio.Event()
        """Set once the first host is done."""
        self._resolver = Resolver()
        self._stamps: dict[tuple[int, ...], str] = {}
        """By the `id`s of a host's checks, which the plan holds: most hosts have the same."""

    def stop(self, *, silently: bool) -> None:
        """No walker takes another host. Silently: nothing more is reported, as if nobody had come."""
        self._stopping = True
        self._silent = self._silent or silently

    def close(self) -> None:
        """Nothing comes after what was reported so far."""
        self._outcomes.put_nowait(None)

    async def visit_all(self, walkers: int) -> None:
        """Raises what `take` raises; then the hosts under way count as not visited."""
        tasks = [asyncio.create_task(self._visit_hosts(number)) for number in range(walkers)]
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            if not self._stopping:
                self.stop(silently=True)
                self.close()
            await _end(tasks)
            raise
        self.close()

    async def report(self, on_outcome: OnOutcome) -> None:
        """Hand each host's outcome on. A walk goes on meanwhile, so that slow storing holds up no host."""
        while (outcome := await self._outcomes.get()) is not None:
            told = on_outcome(outcome)
            if isawaitable(told):
                await told

    async def write_off(self) -> None:
        """The hosts that nobody came to."""
        while hosts := self._taken or await self._take():
            for planned in hosts:
                self._report(self._unseen(planned, Verdict.NOT_RUN, STOPPED, self._clock(), 0.0))
            self._taken.clear()

    async def _visit_hosts(self, number: int) -> None:
        """What the walker of that number does."""
        if number >= _VANGUARD:
            await self._vanguard_back()
        while not self._stopping and (planned := await self._next()) is not None:
            await self._visit(planned)
            self._seen.set()

    async def _next(self) -> PlannedHost | None:
        if not self._taken:
            async with self._taking:
                if not self._taken and not self._no_more:
                    self._taken.extend(hosts := await self._take())
                    self._no_more = not hosts
        return self._taken.popleft() if self._taken else None

    def _report(self, outcome: HostOutcome) -> None:
        if not self._silent:
            self._outcomes.put_nowait(outcome)

    async def _vanguard_back(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_HEAD_START):
                await self._seen.wait()

    async def _visit(self, planned: PlannedHost) -> None:
        """Exactly one outcome leaves, whatever happens."""
        started_at, began = self._clock(), time.monotonic()
        verdict, failure = Verdict.UNKNOWN, None
        try:
            session = await self._reach.connect(self._hosts[planned.name])
        except Unreachable as error:
            reason, failure = error.message, HostFailure(error.reason, error.message, error.hint)
        except Exhausted as error:
            # Nothing is known of the host: it is not lost.
            reason = error.message
        except asyncio.CancelledError:
            verdict, reason = Verdict.NOT_RUN, STOPPED
        except Exception as error:  # noqa: BLE001 - our own fault must cost one host, not the round
            reason = own_fault(error)
        else:
            self._report(await self._inspect(planned, session, started_at))
            return
        seconds = time.monotonic() - began
        self._report(self._unseen(planned, verdict, reason, started_at, seconds, failure))

    async def _inspect(self, planned: PlannedHost, session: Session, now: datetime) -> HostOutcome:
        return await inspect(
            planned,
            self._hosts[planned.name],
            session,
            self._checks,
            source=self._source,
            now=now,
            seconds=self._host_timeout,
            mark=self._stamp(planned),
            remembered=self._remembered.get(planned.name, ()),
            resolver=self._resolver,
        )

    def _stamp(self, planned: PlannedHost) -> str:
        key = tuple(map(id, planned.checks))
        if key not in self._stamps:
            self._stamps[key] = stamp(self._plan, planned)
        return self._stamps[key]

    def _unseen(
        self,
        planned: PlannedHost,
        verdict: Verdict,
        reason: Text,
        started_at: datetime,
        seconds: float,
        failure: HostFailure | None = None,
    ) -> HostOutcome:
        return HostOutcome(
            host=planned.name,
            groups=planned.groups,
            failure=failure,
            results=tuple(without_value(check, verdict, reason) for check in planned.checks),
            started_at=started_at,
            seconds=seconds,
            batches=0,
            commands=tuple(self._remembered.get(planned.name, ())),
        )
