"""A whole plan, host by host: bounded, cancellable, and every check accounted for."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.errors import Refused, StoreError, Unreachable, UnreachableReason
from orchestrator.execution.cancellation import Cancellation
from orchestrator.execution.memory import stamp
from orchestrator.execution.round import Part, execute, visit
from orchestrator.execution.start import start
from orchestrator.gate.gate import admit
from orchestrator.language import Text
from orchestrator.model.host import Host
from orchestrator.model.observation import Observation
from orchestrator.model.plan import Plan, PlannedHost
from orchestrator.model.round import HostOutcome, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.verdict import Verdict
from orchestrator.planning.digest import plan_digest
from orchestrator.planning.thaw import thaw_plan
from orchestrator.plugin.check import Ask
from orchestrator.reach.session import Session
from orchestrator.records.store import Store
from tests.inspections import NOW, CannedSession, GivenChecks, check, host, planned_host, prints

REFUSED = Unreachable(
    "b", UnreachableReason.REFUSED, Text("拒绝连接", "connection refused"), Text("启动", "start it")
)
NO_FILES: Mapping[str, bytes] = {}
PLUGINS = {"x": prints("a"), "y": prints("a")}


class OncePerPermit:
    """A ledger in memory."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def redeem(self, permit_id: str, plan_digest: str, at: datetime) -> None:
        if permit_id in self.used:
            raise Refused(Text("许可已使用", "the permit was used before"))
        self.used.add(permit_id)

    def redeemed_for(self, permit_id: str) -> str | None:
        raise NotImplementedError


@dataclass
class CannedReach:
    """Connects to canned sessions. A host whose session is an exception can't be reached so; None hangs."""

    sessions: Mapping[str, Session | Exception | None] = field(default_factory=dict)
    connecting: list[str] = field(default_factory=list)
    asking: set[str] = field(default_factory=set)
    most_asking: int = 0

    async def connect(self, host: Host) -> Session:
        self.connecting.append(host.name)
        session = self.sessions.get(host.name, CannedSession({"a": "1"}))
        if isinstance(session, Exception):
            raise session
        if session is None:
            await asyncio.Event().wait()
        return _Counted(session, self, host.name)

    async def close(self) -> None: ...


@dataclass
class _Counted:
    """A session that counts among those asking while it is asked."""

    session: Any
    reach: CannedReach
    name: str

    async def ask(self, questions: Any) -> Any:
        self.reach.asking.add(self.name)
        self.reach.most_asking = max(self.reach.most_asking, len(self.reach.asking))
        try:
            await asyncio.sleep(0)
            return await self.session.ask(questions)
        finally:
            self.reach.asking.discard(self.name)

    async def close(self) -> None: ...


def plan_of(
    *names: str, checks: Iterable[str] = ("x", "y"), documents: Mapping[str, str] | None = None
) -> Plan:
    hosts = tuple(planned_host(*checks, name=name) for name in names)
    plan = Plan("morning", "早巡检", Kind.INSPECTION, hosts, documents or {}, {}, "")
    return replace(plan, digest=plan_digest(plan))


async def walked(plan: Plan, reach: CannedReach, **changes: Any) -> tuple[RoundState, list[HostOutcome]]:
    outcomes: list[HostOutcome] = []
    given: dict[str, Any] = {
        "permit": admit(plan, NOW), "hosts": {item.name: host(item.name) for item in plan.hosts},
        "checks": GivenChecks(PLUGINS), "ledger": OncePerPermit(), "clock": lambda: NOW, "concurrency": 4,
        "host_timeout": 30.0, "remembered": {}, "on_outcome": outcomes.append, "source": {}.__getitem__,
    }  # fmt: skip
    state = await execute(plan=plan, reach=reach, **{**given, **changes})
    return state, outcomes


def verdicts(outcomes: Iterable[HostOutcome]) -> Mapping[str, list[Verdict]]:
    return {outcome.host: [result.verdict for result in outcome.results] for outcome in outcomes}


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


async def test_every_host_is_inspected() -> None:
    state, outcomes = await walked(plan_of("a", "b", "c"), CannedReach())
    assert state is RoundState.COMPLETED
    assert verdicts(outcomes) == {name: [Verdict.OK] * 2 for name in "abc"}


async def test_no_more_hosts_are_asked_at_a_time_than_allowed() -> None:
    reach = CannedReach()
    await walked(plan_of(*"abcdefgh"), reach, concurrency=3)
    assert reach.most_asking == 3


async def test_an_unreachable_host_is_one_failure_and_its_checks_carry_that_one_reason() -> None:
    state, outcomes = await walked(plan_of("a", "b"), CannedReach({"b": REFUSED}))
    lost = next(outcome for outcome in outcomes if outcome.host == "b")
    assert state is RoundState.COMPLETED
    assert lost.failure is not None
    assert (lost.failure.reason, lost.failure.hint) == (UnreachableReason.REFUSED, REFUSED.hint)
    assert {(result.verdict, result.reason) for result in lost.results} == {
        (Verdict.UNKNOWN, REFUSED.message)
    }
    assert verdicts(outcomes)["a"] == [Verdict.OK, Verdict.OK]


async def test_a_host_that_hangs_holds_up_no_other() -> None:
    sessions = {"a": CannedSession(hangs=True)}
    state, outcomes = await walked(plan_of(*"abcd"), CannedReach(sessions), concurrency=2, host_timeout=0.3)
    assert state is RoundState.COMPLETED
    assert [outcome.host for outcome in outcomes] == ["b", "c", "d", "a"]
    assert verdicts(outcomes)["a"] == [Verdict.UNKNOWN, Verdict.UNKNOWN]


async def test_a_few_hosts_are_visited_before_all_others_so_that_a_first_result_comes_early() -> None:
    reach = CannedReach()
    task = asyncio.create_task(walked(plan_of(*"abcdefgh"), reach, concurrency=8))
    await until(lambda: reach.asking)
    assert reach.connecting == ["a", "b", "c"]
    _, outcomes = await task
    assert {outcome.host for outcome in outcomes} == set("abcdefgh")


async def test_first_hosts_that_never_answer_do_not_keep_the_others_from_being_visited() -> None:
    outcomes: list[HostOutcome] = []
    reach = CannedReach(dict.fromkeys("abc"))
    task = asyncio.create_task(walked(plan_of(*"abcdef"), reach, concurrency=6, on_outcome=outcomes.append))
    await until(lambda: len(outcomes) == 3)
    assert {outcome.host for outcome in outcomes} == set("def")
    task.cancel()
    await task


async def test_a_fault_of_our_own_while_connecting_costs_one_host() -> None:
    _, outcomes = await walked(plan_of("a", "b"), CannedReach({"a": ZeroDivisionError()}))
    assert verdicts(outcomes) == {"a": [Verdict.UNKNOWN] * 2, "b": [Verdict.OK] * 2}
    assert "our own fault (ZeroDivisionError)" in str(outcomes[0].results[0].reason)


async def test_a_host_that_the_worker_does_not_know_is_unknown() -> None:
    plan = plan_of("a", "b")
    _, outcomes = await walked(plan, CannedReach(), hosts={"a": host("a")})
    assert verdicts(outcomes)["b"] == [Verdict.UNKNOWN] * 2


async def test_a_cancelled_round_reports_what_it_has_and_the_rest_as_not_run() -> None:
    outcomes: list[HostOutcome] = []
    reach = CannedReach({"b": CannedSession(hangs=True), "c": None})
    task = asyncio.create_task(walked(plan_of(*"abcde"), reach, concurrency=2, on_outcome=outcomes.append))
    await until(lambda: outcomes and reach.connecting == ["a", "b", "c"])
    task.cancel()
    state, _ = await task
    assert state is RoundState.CANCELLED
    assert verdicts(outcomes) == {
        "a": [Verdict.OK] * 2, **{name: [Verdict.NOT_RUN] * 2 for name in "bcde"}
    }  # fmt: skip
    assert not reach.asking


async def test_cancelling_before_anything_began_reports_every_check_as_not_run() -> None:
    outcomes: list[HostOutcome] = []
    task = asyncio.create_task(walked(plan_of(*"abc"), CannedReach(), on_outcome=outcomes.append))
    await asyncio.sleep(0)
    task.cancel()
    state, _ = await task
    assert state is RoundState.CANCELLED
    assert verdicts(outcomes) == {name: [Verdict.NOT_RUN] * 2 for name in "abc"}


async def test_a_second_cancellation_ends_a_round_whose_outcomes_can_not_be_stored() -> None:
    async def never(outcome: HostOutcome) -> None:
        await asyncio.Event().wait()

    reach = CannedReach()
    task = asyncio.create_task(walked(plan_of("a"), reach, on_outcome=never))
    await until(lambda: reach.connecting)
    task.cancel()
    await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_outcome_that_can_not_be_stored_ends_the_round_with_that_error() -> None:
    async def full(outcome: HostOutcome) -> None:
        raise StoreError(Text("磁盘已满", "the disk is full"))

    reach = CannedReach({"b": CannedSession(hangs=True)})
    with pytest.raises(StoreError):
        await walked(plan_of("a", "b"), reach, on_outcome=full)
    assert not reach.asking


async def test_outcomes_are_handed_on_one_at_a_time() -> None:
    under_way, most = 0, 0

    async def slow(outcome: HostOutcome) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    await walked(plan_of(*"abcdef"), CannedReach(), on_outcome=slow)
    assert most == 1


async def test_a_permit_is_good_for_one_round_only() -> None:
    plan, ledger = plan_of("a"), OncePerPermit()
    permit = admit(plan, NOW)
    await walked(plan, CannedReach(), permit=permit, ledger=ledger)
    reach = CannedReach()
    with pytest.raises(Refused):
        await walked(plan, reach, permit=permit, ledger=ledger)
    assert not reach.connecting


@pytest.mark.parametrize(
    "changes",
    [
        {"permit": admit(plan_of("another"), NOW)},
        {"clock": lambda: NOW + timedelta(days=1)},
    ],
    ids=["for another plan", "expired"],
)
async def test_no_host_is_reached_without_a_permit_that_holds(changes: Mapping[str, Any]) -> None:
    reach = CannedReach()
    with pytest.raises(Refused):
        await walked(plan_of("a"), reach, **changes)
    assert not reach.connecting


async def test_a_second_round_of_the_same_plan_sends_last_times_commands_ahead() -> None:
    def chain(ask: Ask) -> Iterable[Observation]:
        ask.run("a")
        yield Observation("value", float(ask.run("b").stdout))

    plan, checks = plan_of("h", checks=["x"]), GivenChecks({"x": check(chain)})
    reach = CannedReach({"h": CannedSession({"a": "", "b": "2"})})
    _, [first] = await walked(plan, reach, checks=checks)
    _, [second] = await walked(plan, reach, checks=checks, remembered={"h": first.commands})
    assert (first.batches, second.batches) == (2, 1)
    changed = plan_of("h", checks=["x"], documents={"morning.yml": "changed"})
    _, [third] = await walked(changed, reach, checks=checks, remembered={"h": first.commands})
    assert third.batches == 2


async def test_a_host_that_could_not_be_reached_keeps_its_remembered_commands() -> None:
    _, [outcome] = await walked(plan_of("b"), CannedReach({"b": REFUSED}), remembered={"b": ("m", "10 a")})
    assert outcome.commands == ("m", "10 a")


async def test_a_site_file_is_used_only_if_it_is_the_one_that_was_planned() -> None:
    files = {"files/test_web.py": b"accepted", "other.py": b"tampered"}
    read: list[bytes] = []

    def observe(ask: Ask) -> Iterable[Observation]:
        read.append(ask.file("files/test_web.py"))
        ask.file("other.py")
        return []

    documents = {"files/test_web.py": hashlib.sha256(b"accepted").hexdigest()}
    plan = plan_of("a", checks=["x"], documents=documents)
    _, [outcome] = await walked(
        plan, CannedReach(), checks=GivenChecks({"x": check(observe)}), source=files.__getitem__
    )
    assert read == [b"accepted"]
    assert str(outcome.results[0].reason) == "the file other.py is not the one that was planned"


async def visited(part: Part, stop: Callable[[asyncio.Task[RoundState], Cancellation], object]) -> set[str]:
    """The hosts of which an outcome is told when `b` hangs, `c` to `e` are left, and it is stopped so."""
    outcomes: list[HostOutcome] = []
    reach = CannedReach({"b": CannedSession(hangs=True)})
    plan, cancellation = plan_of(*"abcde"), Cancellation()
    shares = [plan.hosts[:2], plan.hosts[2:]]

    async def take() -> Sequence[PlannedHost]:
        if len(shares) == 1 and not cancellation.requested:
            await asyncio.Event().wait()
        return shares.pop(0) if shares else ()

    started = start(admit(plan, NOW), plan, NOW, OncePerPermit())
    hosts = {item.name: host(item.name) for item in plan.hosts}
    task = asyncio.create_task(
        visit(
            started, hosts, reach, GivenChecks(PLUGINS), lambda: NOW, 2, 30.0, {}, outcomes.append,
            NO_FILES.__getitem__, take, cancellation, part,
        )
    )  # fmt: skip
    await until(lambda: len(outcomes) == 1 and "b" in reach.asking)
    stop(task, cancellation)
    await asyncio.wait([task])
    assert task.cancelled() or task.result() is RoundState.CANCELLED
    return {outcome.host for outcome in outcomes}


async def test_who_leads_a_round_that_is_cancelled_accounts_for_every_host() -> None:
    assert await visited(Part.LEADS, lambda task, cancellation: cancellation.request()) == set("abcde")


async def test_who_helps_with_a_round_that_is_cancelled_accounts_for_its_own_hosts() -> None:
    assert await visited(Part.HELPS, lambda task, cancellation: cancellation.request()) == set("ab")


@pytest.mark.parametrize("part", [Part.LEADS, Part.HELPS])
async def test_a_worker_that_is_stopped_says_nothing_of_what_it_had_under_way(part: Part) -> None:
    assert await visited(part, lambda task, cancellation: task.cancel()) == {"a"}


async def test_a_round_for_which_no_hosts_can_be_had_any_more_ends_with_that_error() -> None:
    async def take() -> Sequence[PlannedHost]:
        raise StoreError(Text("数据库不在", "the database is away"))

    plan = plan_of("a")
    started = start(admit(plan, NOW), plan, NOW, OncePerPermit())
    with pytest.raises(StoreError):
        await visit(
            started, {}, CannedReach(), GivenChecks(PLUGINS), lambda: NOW, 2, 30.0, {}, print,
            NO_FILES.__getitem__, take, Cancellation(), Part.LEADS,
        )  # fmt: skip


def test_a_plan_that_was_frozen_sends_ahead_what_was_remembered_under_it(tmp_path: Path) -> None:
    check = replace(planned_host("x").checks[0], parameters={"z": 1, "a": {"y": [2], "b": None}})
    fresh = Plan("m", "m", Kind.INSPECTION, (replace(planned_host(), checks=(check,)),), {"b": "1"}, {}, "")
    fresh = replace(fresh, digest=plan_digest(fresh))
    store = Store(tmp_path)
    thawed = thaw_plan(store.plan(store.freeze(fresh, {})), fresh.digest)
    assert repr(thawed) != repr(fresh)
    assert stamp(thawed, thawed.hosts[0]) == stamp(fresh, fresh.hosts[0])


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["ok", "refused", "bug", "hangs", "lost", "stuck"]), max_size=8),
    st.integers(1, 4),
    st.integers(0, 40),
)
def test_every_planned_check_gets_exactly_one_result_whenever_the_round_is_cancelled(
    kinds: list[str], concurrency: int, steps: int
) -> None:
    sessions: Mapping[str, Callable[[], Session | Exception | None]] = {
        "ok": lambda: CannedSession({"a": "1"}), "refused": lambda: REFUSED, "bug": ZeroDivisionError,
        "hangs": lambda: None, "lost": lambda: CannedSession(lost=REFUSED),
        "stuck": lambda: CannedSession(hangs=True),
    }  # fmt: skip
    names = [f"h{number}" for number in range(len(kinds))]

    async def run() -> tuple[RoundState, list[HostOutcome]]:
        outcomes: list[HostOutcome] = []
        reach = CannedReach({name: sessions[kind]() for name, kind in zip(names, kinds, strict=True)})
        plan = plan_of("end", *names)
        task = asyncio.create_task(walked(plan, reach, concurrency=concurrency, on_outcome=outcomes.append))
        for _ in range(steps + 1):
            await asyncio.sleep(0)
        task.cancel()
        state, _ = await task
        assert not reach.asking
        return state, outcomes

    state, outcomes = asyncio.run(run())
    assert Counter(outcome.host for outcome in outcomes) == Counter(["end", *names])
    assert all([result.id for result in outcome.results] == ["x", "y"] for outcome in outcomes)
    not_run = any(Verdict.NOT_RUN in found for found in verdicts(outcomes).values())
    assert state is (RoundState.CANCELLED if not_run else state)
