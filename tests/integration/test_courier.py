"""Legs that are posted in the records come to be, whatever happens to the engine's store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import transaction

from orchestrator.execution.courier import Courier
from orchestrator.execution.engine import Leg
from orchestrator.records.bell import Bell, bell_of
from orchestrator.records.database import disconnect, place
from orchestrator.records.models.run import Run
from orchestrator.records.postings import all_postings, post_leg
from tests.engines.table_engine import TableEngine

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)


@pytest.fixture
def store(database: Path) -> Path:
    """The engine's own file."""
    return database / "engine.sqlite3"


class Work:
    """Starts couriers for a test, and ends them."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._couriers: list[Courier] = []

    async def start(self, leg: Leg) -> Courier:
        courier = Courier(TableEngine(self._store), leg, bell_of(place()))
        self._couriers.append(courier)
        await courier.start(executor=f"ward#{len(self._couriers)}", concurrency=4)
        return courier

    async def end(self) -> None:
        while self._couriers:
            await self._couriers.pop().stop(0)


@pytest.fixture
async def work(store: Path) -> AsyncIterator[Work]:
    work = Work(store)
    yield work
    await work.end()


async def records(act: Callable[[], None]) -> None:
    """In a thread, as another process would."""

    def alone() -> None:
        act()
        disconnect()

    await asyncio.to_thread(alone)


def make_run(number: int) -> None:
    Run.objects.create(
        pk=number,
        key=f"key {number}",
        runbook="routine/restart",
        kind="routine",
        state="queued",
        priority=1,
        actor="wang",
        proof="session",
        requested_at=AT,
    )


def ask_for_one() -> None:
    make_run(1)
    post_leg(1, "requested", 1, AT)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def until_nothing_is_posted() -> None:
    left = [0]

    def count() -> None:
        left[0] = len(all_postings())

    async with asyncio.timeout(30):
        while True:
            await records(count)
            if not left[0]:
                return
            await asyncio.sleep(0.02)


async def test_what_is_posted_is_delivered_once_and_removed(work: Work) -> None:
    begun: list[int] = []

    async def leg(run: int) -> None:
        begun.append(run)

    def post() -> None:
        for run in (1, 2):
            make_run(run)
            post_leg(run, "requested", 1, AT)
            post_leg(run, "requested", 1, AT)

    await records(post)
    await work.start(leg)
    await until_nothing_is_posted()
    assert sorted(begun) == [1, 2]


async def test_what_is_rolled_back_was_never_posted(work: Work) -> None:
    begun: list[int] = []

    async def leg(run: int) -> None:
        begun.append(run)

    def post() -> None:
        make_run(1)
        with transaction.atomic():
            post_leg(1, "requested", 1, AT)
            transaction.set_rollback(True)
        make_run(2)
        post_leg(2, "requested", 1, AT)

    await work.start(leg)
    await records(post)
    await until_nothing_is_posted()
    assert begun == [2]


async def test_what_is_posted_while_a_leg_runs_gets_one_that_begins_later(work: Work) -> None:
    begun: list[int] = []
    free = asyncio.Event()

    async def leg(run: int) -> None:
        begun.append(run)
        await free.wait()

    def post() -> None:
        for why in ("ruling 1", "ruling 2", "cancel"):
            post_leg(1, why, 1, AT)

    await records(ask_for_one)
    await work.start(leg)
    await until(lambda: begun == [1])
    await records(post)
    free.set()
    await until_nothing_is_posted()
    assert begun == [1, 1]


async def test_a_leg_that_waits_for_a_time_is_followed_by_one_then(work: Work) -> None:
    begun: list[datetime] = []

    async def leg(run: int) -> None:
        begun.append(datetime.now(UTC))
        if len(begun) == 1:
            due = begun[0] + timedelta(seconds=1)
            await records(lambda: post_leg(run, "wait", 1, begun[0], due))

    await records(ask_for_one)
    await work.start(leg)
    await until(lambda: len(begun) == 2)
    await until_nothing_is_posted()
    assert begun[1] - begun[0] >= timedelta(seconds=0.99)


async def test_a_leg_that_is_interrupted_is_delivered_to_the_next_worker(work: Work) -> None:
    begun: list[str] = []

    async def endless(run: int) -> None:
        begun.append("first")
        await asyncio.Event().wait()

    async def leg(run: int) -> None:
        begun.append("second")

    await records(ask_for_one)
    await work.start(endless)
    await until(lambda: begun == ["first"])
    await work.end()
    await work.start(leg)
    await until_nothing_is_posted()
    assert begun == ["first", "second"]


async def test_the_store_of_the_engine_can_be_lost(work: Work, store: Path) -> None:
    begun: list[int] = []

    async def endless(run: int) -> None:
        begun.append(run)
        await asyncio.Event().wait()

    async def leg(run: int) -> None:
        begun.append(run)

    def post() -> None:
        make_run(1)
        post_leg(1, "requested", 1, AT)
        make_run(2)
        post_leg(2, "wait", 1, AT, datetime.now(UTC) + timedelta(seconds=1))

    await records(post)
    await work.start(endless)
    await until(lambda: begun == [1])
    await work.end()
    for path in store.parent.glob(f"{store.name}*"):
        path.unlink()
    await work.start(leg)
    await until_nothing_is_posted()
    assert begun == [1, 1, 2]


async def test_the_bell_rings_when_another_process_posts(database: Path) -> None:
    bell: Bell = bell_of(place())
    await records(lambda: make_run(1))
    await bell.wait(5)  # the first time there is always something new
    ringing = asyncio.create_task(bell.wait(60))
    await asyncio.sleep(0.1)
    assert not ringing.done()
    await records(lambda: post_leg(1, "requested", 1, AT))
    async with asyncio.timeout(10):
        await ringing
    await bell.close()
