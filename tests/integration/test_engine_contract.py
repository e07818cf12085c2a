"""What every engine is held to: DBOS on both databases, and a small second one to show that one could be."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from orchestrator.execution.dbos_store import open_store
from orchestrator.execution.engine import Engine
from orchestrator.model.delivery import Delivery
from orchestrator.model.server import Server
from tests.engines.place import Place
from tests.engines.worker import Line, Worker, read_log, until_log
from tests.postgres import drop_database, make_database

EMERGENCY, INSPECTION = 0, 2
Work = Callable[..., Worker]


@pytest.fixture(scope="module")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once: DBOS takes longer to make its tables than a test takes."""
    path = tmp_path_factory.mktemp("engine") / "engine.sqlite3"
    open_store(path).destroy()
    return path


@pytest.fixture(scope="module")
def made_database(postgres: Server) -> Iterator[Server]:
    server = make_database(postgres, f"engine_{uuid4().hex}")
    open_store(server).destroy()
    yield server
    drop_database(postgres, server)


@pytest.fixture(params=["dbos on sqlite", "dbos on postgresql", "table"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param in ("table", "direct"):
        yield Place(request.param, tmp_path / "table.sqlite3")
    elif request.param == "dbos on sqlite":
        shutil.copy(request.getfixturevalue("made_file"), tmp_path / "engine.sqlite3")
        yield Place("dbos", tmp_path / "engine.sqlite3")
    else:
        postgres: Server = request.getfixturevalue("postgres")
        server = make_database(postgres, f"test_{uuid4().hex}", request.getfixturevalue("made_database").name)
        yield Place("dbos", server)
        drop_database(postgres, server)


even_one_that_keeps_nothing = pytest.mark.parametrize(
    "place", ["dbos on sqlite", "dbos on postgresql", "table", "direct"], indirect=True
)
"""What the engine within a command promises too. Its deliveries end with it: the postings are kept."""


@pytest.fixture
async def engine(place: Place) -> AsyncIterator[Engine]:
    """Not started."""
    engine = place.open()
    yield engine
    await engine.stop(0)
    await engine.close()


@pytest.fixture
def work(place: Place, tmp_path: Path) -> Iterator[Work]:
    """Starts workers as processes, all with one log."""
    workers: list[Worker] = []

    def start(executor: str, leg_seconds: float = 0.02, concurrency: int = 4) -> Worker:
        workers.append(Worker(place, executor, tmp_path / "log", leg_seconds, concurrency))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What all workers of a test write to."""
    return tmp_path / "log"


class Legs:
    """Takes legs, and keeps them until they are let go."""

    def __init__(self, held: bool = False) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.cancelled: list[int] = []
        self._free = asyncio.Event()
        if not held:
            self._free.set()

    def let_go(self) -> None:
        self._free.set()

    async def __call__(self, run: int) -> None:
        self.begun.append(run)
        try:
            await self._free.wait()
        except asyncio.CancelledError:
            self.cancelled.append(run)
            raise
        self.ended.append(run)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


async def until_nothing_is_left(engine: Engine) -> None:
    async with asyncio.timeout(30):
        while True:
            now = await engine.deliveries()
            if not now.queued and not now.delayed and not now.running:
                return
            await asyncio.sleep(0.02)


async def until_only_is_left(engine: Engine, executor: str) -> int:
    """Wait until there is nothing but what this executor has begun; returns how much that is."""
    async with asyncio.timeout(30):
        while True:
            now = await engine.deliveries()
            if not now.queued and set(now.running) <= {executor}:
                return now.running.get(executor, 0)
            await asyncio.sleep(0.02)


@even_one_that_keeps_nothing
async def test_each_run_gets_its_leg(engine: Engine) -> None:
    legs = Legs()
    await engine.enqueue(Delivery(1, "one", INSPECTION))
    await engine.start(legs, executor="a#1", concurrency=2)
    await engine.enqueue(Delivery(2, "two", INSPECTION))
    await until_nothing_is_left(engine)
    assert sorted(legs.ended) == [1, 2]


@even_one_that_keeps_nothing
async def test_the_same_key_twice_is_one_delivery(engine: Engine) -> None:
    legs = Legs()
    for _ in range(3):
        await engine.enqueue(Delivery(1, "one", INSPECTION))
    await engine.start(legs, executor="a#1", concurrency=2)
    await until_nothing_is_left(engine)
    assert legs.ended == [1]


@even_one_that_keeps_nothing
async def test_the_key_of_a_delivery_that_is_over_is_new_again(engine: Engine) -> None:
    legs = Legs()
    await engine.start(legs, executor="a#1", concurrency=2)
    for times in (1, 2):
        await engine.enqueue(Delivery(1, "one", INSPECTION))
        await until(lambda times=times: len(legs.ended) == times)  # type: ignore[misc]
        await until_nothing_is_left(engine)


@even_one_that_keeps_nothing
async def test_what_is_not_due_waits(engine: Engine) -> None:
    legs = Legs()
    due = datetime.now(UTC) + timedelta(seconds=1.5)
    began: list[datetime] = []

    async def leg(run: int) -> None:
        began.append(datetime.now(UTC))
        await legs(run)

    await engine.start(leg, executor="a#1", concurrency=2)
    await engine.enqueue(Delivery(1, "one", INSPECTION, due))
    assert (await engine.deliveries()).delayed == 1
    await until(lambda: bool(began))
    assert began[0] >= due - timedelta(milliseconds=1)


async def test_the_urgent_goes_first_and_then_the_older_run(engine: Engine) -> None:
    legs = Legs(held=True)
    await engine.start(legs, executor="a#1", concurrency=1)
    await engine.enqueue(Delivery(1, "1", INSPECTION))
    await until(lambda: legs.begun == [1])
    for run, rank in ((12, INSPECTION), (9, INSPECTION), (11, INSPECTION), (100, EMERGENCY)):
        await engine.enqueue(Delivery(run, f"{run}", rank))
    legs.let_go()
    await until_nothing_is_left(engine)
    assert legs.begun == [1, 100, 9, 11, 12]


@even_one_that_keeps_nothing
async def test_no_more_legs_at_a_time_than_asked_for(engine: Engine) -> None:
    legs = Legs(held=True)
    await engine.start(legs, executor="a#1", concurrency=3)
    for run in range(10):
        await engine.enqueue(Delivery(run, f"{run}", INSPECTION))
    await until(lambda: len(legs.begun) == 3)
    now = await engine.deliveries()
    assert (len(legs.begun), now.queued, dict(now.running)) == (3, 7, {"a#1": 3})
    legs.let_go()
    await until_nothing_is_left(engine)
    assert sorted(legs.ended) == list(range(10))


@even_one_that_keeps_nothing
async def test_a_delivery_that_comes_while_its_run_has_a_leg_follows_it(engine: Engine) -> None:
    legs = Legs(held=True)
    await engine.start(legs, executor="a#1", concurrency=4)
    await engine.enqueue(Delivery(1, "requested", INSPECTION))
    await until(lambda: legs.begun == [1])
    await engine.enqueue(Delivery(1, "ruled", INSPECTION))
    await engine.enqueue(Delivery(2, "another run", INSPECTION))
    await until(lambda: legs.begun == [1, 2])
    legs.let_go()
    await until_nothing_is_left(engine)
    assert legs.begun == [1, 2, 1]


@even_one_that_keeps_nothing
async def test_what_is_withdrawn_never_begins(engine: Engine) -> None:
    legs = Legs(held=True)
    await engine.start(legs, executor="a#1", concurrency=1)
    await engine.enqueue(Delivery(1, "1", INSPECTION))
    await until(lambda: legs.begun == [1])
    await engine.enqueue(Delivery(2, "2", INSPECTION))
    await engine.enqueue(Delivery(3, "3", INSPECTION, datetime.now(UTC) + timedelta(days=1)))
    assert [await engine.withdraw(key) for key in ("1", "2", "3", "4")] == [False, True, True, False]
    legs.let_go()
    await until_nothing_is_left(engine)
    assert legs.begun == [1]


@even_one_that_keeps_nothing
async def test_a_leg_that_raises_is_delivered_again_and_keeps_no_other_waiting(engine: Engine) -> None:
    begun: list[int] = []

    async def leg(run: int) -> None:
        begun.append(run)
        if begun.count(1) == 1 and run == 1:
            raise ValueError("the first time")

    await engine.start(leg, executor="a#1", concurrency=1)
    await engine.enqueue(Delivery(1, "1", EMERGENCY))
    await engine.enqueue(Delivery(2, "2", INSPECTION))
    await until_nothing_is_left(engine)
    assert begun == [1, 2, 1]


async def test_stopping_hands_back_what_does_not_end_in_time(engine: Engine, place: Place) -> None:
    held, others = Legs(held=True), Legs()
    await engine.start(held, executor="a#1", concurrency=2)
    for run in (1, 2, 3):
        await engine.enqueue(Delivery(run, f"{run}", INSPECTION))
    await until(lambda: len(held.begun) == 2)
    await engine.stop(0.1)
    assert (held.ended, sorted(held.cancelled)) == ([], [1, 2])
    other = place.open()
    await other.start(others, executor="b#2", concurrency=2)
    await until_nothing_is_left(other)
    await other.stop(0)
    assert sorted(others.ended) == [1, 2, 3]


async def test_a_leg_that_ends_while_the_worker_stops_is_over(engine: Engine, place: Place) -> None:
    legs = Legs(held=True)
    await engine.start(legs, executor="a#1", concurrency=2)
    await engine.enqueue(Delivery(1, "1", INSPECTION))
    await until(lambda: legs.begun == [1])
    legs.let_go()
    await engine.stop(30)
    other = place.open()
    assert (await other.deliveries()).queued == 0
    await other.close()


async def test_what_is_over_is_forgotten_and_nothing_else(engine: Engine) -> None:
    legs = Legs()
    await engine.start(legs, executor="a#1", concurrency=2)
    for run in range(5):
        await engine.enqueue(Delivery(run, f"{run}", INSPECTION))
    await until_nothing_is_left(engine)
    await engine.enqueue(Delivery(9, "9", INSPECTION, datetime.now(UTC) + timedelta(days=1)))
    now = datetime.now(UTC)
    assert await engine.forget(now - timedelta(days=7)) == 0
    assert await engine.forget(now + timedelta(seconds=1)) == 5
    assert (await engine.deliveries()).delayed == 1


async def test_a_killed_worker_loses_nothing(engine: Engine, work: Work, log: Path) -> None:
    for run in range(20):
        await engine.enqueue(Delivery(run, f"{run}", INSPECTION))
    first = work("a#1", leg_seconds=0.1)
    await until_log(log, 6)
    first.kill()
    second = work("b#2")
    # Nobody has said that the first is dead: what it had begun stays its own.
    left = await until_only_is_left(engine, "a#1")
    assert await engine.recover("a#1") == left
    await until_nothing_is_left(engine)
    second.end()
    assert _ended(log) == set(range(20))


async def test_a_dead_worker_is_taken_over_from_once(
    engine: Engine, place: Place, work: Work, log: Path
) -> None:
    for run in range(4):
        await engine.enqueue(Delivery(run, f"{run}", INSPECTION))
    worker = work("a#1", leg_seconds=60)
    await until_log(log, 4)
    worker.kill()
    others = [place.open() for _ in range(3)]
    assert sum([await one.recover("a#1") for one in others]) == 4
    for one in others:
        await one.close()


async def test_two_workers_never_have_legs_of_one_run_at_a_time(
    engine: Engine, work: Work, log: Path
) -> None:
    workers = [work(executor, leg_seconds=0.1, concurrency=2) for executor in ("a#1", "b#2")]
    await until_log(log, 2, "ready")
    await _all(
        engine.enqueue(Delivery(run, f"{run} {why}", INSPECTION)) for run in range(8) for why in range(5)
    )
    await until_nothing_is_left(engine)
    for worker in workers:
        worker.end()
    lines = [line for line in read_log(log) if line.what != "ready"]
    assert {line.executor for line in lines} == {"a#1", "b#2"}
    assert len(lines) == 2 * 8 * 5
    assert not _overlaps(lines)


async def test_a_frozen_worker_that_wakes_ends_nothing_of_its_successor(
    engine: Engine, work: Work, log: Path
) -> None:
    await engine.enqueue(Delivery(1, "1", INSPECTION))
    frozen = work("a#1", leg_seconds=1)
    await until_log(log, 1)
    frozen.process.send_signal(signal.SIGSTOP)
    await engine.recover("a#1")
    legs = Legs(held=True)
    await engine.start(legs, executor="b#2", concurrency=1)
    await until(lambda: legs.begun == [1])
    frozen.process.send_signal(signal.SIGCONT)  # its leg ends now, with the other's still under way
    await until_log(log, 1, "end")
    frozen.end()
    assert dict((await engine.deliveries()).running) == {"b#2": 1}
    legs.let_go()
    await until_nothing_is_left(engine)


async def _all(work: Iterator[Awaitable[None]]) -> None:
    await asyncio.gather(*work)


def _ended(log: Path) -> set[int]:
    return {line.run for line in read_log(log) if line.what == "end"}


def _overlaps(lines: list[Line]) -> list[Line]:
    """Begins of a run that has a leg under way."""
    under_way: set[int] = set()
    found = []
    for line in lines:
        if line.what == "begin":
            if line.run in under_way:
                found.append(line)
            under_way.add(line.run)
        else:
            under_way.discard(line.run)
    return found
