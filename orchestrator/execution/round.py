"""Carries out a plan that the gate has let pass: all its hosts, some at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from inspect import isawaitable

from orchestrator.errors import Exhausted, Refused, Unreachable
from orchestrator.execution.inspector import STOPPED, inspect, own_fault
from orchestrator.execution.memory import stamp
from orchestrator.execution.parameters import Resolver
from orchestrator.execution.result import without_value
from orchestrator.execution.source import frozen_source
from orchestrator.gate.ledger import Ledger, redeem
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

    Sessions stay open: they are the reach's, which keeps them warm for another round until it is closed.

    Args:
        hosts: by name; where the plan's hosts are and how they are reached.
        remembered: host -> `HostOutcome.commands` of an earlier round.
        on_outcome: called with each host's outcome as it comes, one at a time, exactly once a host.
        source: a site file of the plan by its path there. What it gives must be what was planned.

    Returns:
        COMPLETED, or CANCELLED when the task that runs this was cancelled: then hosts under way have been
        reported with what was collected, and all else as `not_run`. A second cancellation ends it at once.

    Raises:
        Refused: the permit is not for this plan, has expired, or has been redeemed before.
        StoreError: `on_outcome` could not store an outcome; the round ends with it.
    """
    require_inspection(plan)
    redeem(permit, plan, clock(), ledger)
    walk = _Walk(plan, hosts, reach, checks, clock, host_timeout, remembered, source)
    reporter = asyncio.create_task(walk.report(on_outcome))
    walkers = [
        asyncio.create_task(walk.inspect_hosts(number)) for number in range(min(concurrency, len(plan.hosts)))
    ]
    try:
        await asyncio.shield(reporter)
        await asyncio.gather(*walkers)
    except asyncio.CancelledError:
        if reporter.done():
            return RoundState.COMPLETED
        walk.stop()
        await _end(walkers)
        walk.report_rest()
        await reporter
        return RoundState.CANCELLED
    finally:
        walk.stop()
        await _end([*walkers, reporter])
    return RoundState.COMPLETED


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


class _Walk:
    """The walk over a plan's hosts: each walker takes the next one, and outcomes leave in one row."""

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
    ) -> None:
        self._plan = plan
        self._hosts = hosts
        self._reach = reach
        self._checks = checks
        self._clock = clock
        self._host_timeout = host_timeout
        self._remembered = remembered
        self._source = frozen_source(plan, source)
        self._waiting = iter(plan.hosts)
        self._outcomes: asyncio.Queue[HostOutcome] = asyncio.Queue()
        self._stopping = False
        self._seen = asyncio.Event()
        """Set once the first host is done."""
        self._resolver = Resolver()
        self._stamps: dict[tuple[int, ...], str] = {}
        """By the `id`s of a host's checks, which the plan holds: most hosts have the same."""

    def stop(self) -> None:
        """No walker takes another host."""
        self._stopping = True

    async def inspect_hosts(self, number: int) -> None:
        """What the walker of that number does."""
        if number >= _VANGUARD:
            await self._vanguard_back()
        while not self._stopping and (planned := next(self._waiting, None)) is not None:
            await self._visit(planned)
            self._seen.set()

    async def report(self, on_outcome: OnOutcome) -> None:
        """Hand each host's outcome on. A walk goes on meanwhile, so that slow storing holds up no host."""
        for _ in self._plan.hosts:
            told = on_outcome(await self._outcomes.get())
            if isawaitable(told):
                await told

    def report_rest(self) -> None:
        """The hosts that nobody came to."""
        for planned in self._waiting:
            self._outcomes.put_nowait(self._unseen(planned, Verdict.NOT_RUN, STOPPED, self._clock(), 0.0))

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
            self._outcomes.put_nowait(await self._inspect(planned, session, started_at))
            return
        seconds = time.monotonic() - began
        self._outcomes.put_nowait(self._unseen(planned, verdict, reason, started_at, seconds, failure))

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
