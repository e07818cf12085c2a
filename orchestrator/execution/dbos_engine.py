"""The engine that DBOS is: each delivery is a workflow of one step, which is a leg.

DBOS is imported when it is first needed, because that takes half a second. It is pinned exactly, since what
it shows the public is not enough: its queue is polled here on a bell instead of by its own clock, and its
tables are asked what is in hand. What is used of its inside is listed in `docs/discussions/engine.md`.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from orchestrator.errors import Fenced
from orchestrator.execution.dbos_store import (
    NAME,
    SCHEMA,
    VERSION,
    engine_options,
    harness,
    open_store,
    store_fault,
    url_of,
)
from orchestrator.execution.engine import Leg
from orchestrator.model.delivery import Deliveries, Delivery
from orchestrator.model.server import Server

if TYPE_CHECKING:
    from dbos import DBOS
    from dbos._sys_db import SystemDatabase

QUEUE = "legs"
WORKFLOW = "leg"
POLL_SECONDS = 1.0
"""How often is looked for what has become due, and for what another process has enqueued."""
LONGEST_PAUSE = 60.0
_DELETED_AT_ONCE = 500
_LAST_WORDS = 10.0
"""How long a worker that stops waits for DBOS to write down what became of its legs."""
_log = logging.getLogger(__name__)
Returned = TypeVar("Returned")


class DbosEngine:
    """Legs by DBOS, on a SQLite file or in a schema of a PostgreSQL database. A process has one that is
    started, since DBOS has its own state in globals."""

    def __init__(self, place: Path | Server, clock: Callable[[], datetime]) -> None:
        """Touches nothing yet.

        Args:
            place: the store's own file, or the database that it has a schema in.
        """
        self._place = place
        self._clock = clock
        self._store: SystemDatabase | None = None
        self._opening = threading.Lock()
        self._worker: _Worker | None = None

    async def start(self, leg: Leg, *, executor: str, concurrency: int) -> None:
        loop = asyncio.get_running_loop()
        await self.close()
        self._worker = await self._ask(_Worker, self._place, leg, loop, executor, concurrency, self._clock)
        self._store = self._worker.store

    async def stop(self, drain: float) -> None:
        if self._worker is not None:
            await self._worker.stop(drain)
            self._worker, self._store = None, None

    async def enqueue(self, delivery: Delivery) -> None:
        await self._ask(self._enqueue, delivery)
        if self._worker is not None:
            self._worker.bell.set()

    async def withdraw(self, key: str) -> bool:
        return await self._ask(self._withdraw, key)

    async def recover(self, executor: str) -> int:
        count = await self._ask(self._recover, executor)
        if count and self._worker is not None:
            self._worker.bell.set()
        return count

    async def forget(self, before: datetime) -> int:
        return await self._ask(self._forget, before)

    async def deliveries(self) -> Deliveries:
        return await self._ask(self._deliveries)

    async def close(self) -> None:
        if self._worker is None and self._store is not None:
            await asyncio.to_thread(self._store.destroy)
            self._store = None

    async def _ask(self, work: Callable[..., Returned], *arguments: object) -> Returned:
        try:
            return await asyncio.to_thread(work, *arguments)
        except Exception as error:
            raise store_fault(error, self._place) from error

    def _opened(self) -> SystemDatabase:
        with self._opening:
            if self._store is None:
                self._store = open_store(self._place)
            return self._store

    def _enqueue(self, delivery: Delivery) -> None:
        from dbos._utils import generate_uuid

        store = self._opened()
        status = _row_of(delivery, store)
        while store.init_workflow(status, creator_xid=generate_uuid())[0] in _OVER:
            # The key is that of one that is over: it counts as new.
            store.delete_workflows([delivery.key])

    def _withdraw(self, key: str) -> bool:
        store = self._opened()
        rows = store.tables.workflow_status
        with store.engine.begin() as connection:
            # In one statement: a worker that is about to begin it either does, or finds it gone.
            gone = connection.execute(
                rows.delete().where(rows.c.workflow_uuid == key).where(rows.c.status.in_(_NOT_BEGUN))
            )
            return bool(gone.rowcount)

    def _recover(self, executor: str) -> int:
        return _recover(self._opened(), executor)

    def _forget(self, before: datetime) -> int:
        store = self._opened()
        rows = store.tables.workflow_status
        over = (
            rows.select()
            .with_only_columns(rows.c.workflow_uuid)
            .where(rows.c.status.in_(_OVER))
            .where(rows.c.completed_at < _milliseconds(before))
            .limit(_DELETED_AT_ONCE)
        )
        count = 0
        while True:
            with store.engine.connect() as connection:
                keys = [row[0] for row in connection.execute(over)]
            if not keys:
                return count
            store.delete_workflows(keys)
            count += len(keys)

    def _deliveries(self) -> Deliveries:
        store = self._opened()
        rows = store.tables.workflow_status
        in_hand = (
            rows.select()
            .with_only_columns(rows.c.status, rows.c.executor_id, rows.c.created_at)
            .where(rows.c.status.in_((*_NOT_BEGUN, "PENDING")))
        )
        with store.engine.connect() as connection:
            found = list(connection.execute(in_hand))
        queued = [created for status, _, created in found if status == "ENQUEUED"]
        return Deliveries(
            queued=len(queued),
            delayed=sum(status == "DELAYED" for status, _, _ in found),
            running=Counter(executor for status, executor, _ in found if status == "PENDING"),
            oldest_queued=datetime.fromtimestamp(min(queued) / 1000, UTC) if queued else None,
        )


class _HandedBack(BaseException):
    """Ends DBOS's part in a delivery without a word of an outcome: the row is another's already."""


class _Worker:
    """DBOS launched in this process, and the legs that it has begun."""

    def __init__(
        self,
        place: Path | Server,
        leg: Leg,
        loop: asyncio.AbstractEventLoop,
        executor: str,
        concurrency: int,
        clock: Callable[[], datetime],
    ) -> None:
        self.bell = threading.Event()
        self._leg = leg
        self._loop = loop
        self._executor = executor
        self._concurrency = concurrency
        self._clock = clock
        self._legs: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()
        self._ended = threading.Condition()
        self._failures: Counter[str] = Counter()
        self._stopping = False
        self._drained = False
        # Whether something of ours may be pending and not begun. At the start nothing is, since no executor
        # has ever had the same name.
        self._doubtful = False
        self._dbos = _launch(place, executor, self._deliver)
        self.store = self._dbos._sys_db
        # One at a time, in the order of partitions, which is the order of urgency. More at a time DBOS would
        # take in any order.
        self.store.PARTITIONED_DEQUEUE_SWEEP_CAP = 1
        self._poller = threading.Thread(target=self._poll, name="legs", daemon=True)
        self._poller.start()

    async def stop(self, drain: float) -> None:
        self._stopping = True
        self.bell.set()
        await asyncio.to_thread(self._poller.join)
        await asyncio.to_thread(self._wait_for_all, drain)
        self._drained = True
        legs = list(self._legs.values())
        for leg in legs:
            leg.cancel()
        if legs:
            await asyncio.wait(legs)
        await asyncio.to_thread(self._wait_for_all, _LAST_WORDS)
        await asyncio.to_thread(_destroy)

    def _wait_for_all(self, seconds: float | None = None) -> None:
        with self._ended:
            self._ended.wait_for(lambda: not self._begun, seconds)

    def _poll(self) -> None:
        while not self._stopping:
            before = self._doubtful
            try:
                if before:
                    self._doubtful = False
                    self._hand_back_strays()
                if len(self._begun) < self._concurrency and self._is_anything_due():
                    self.store.transition_delayed_workflows()
                    while not self._stopping and len(self._begun) < self._concurrency and self._begin_one():
                        pass
            except Exception:  # noqa: BLE001 - SQLAlchemy's, psycopg's, sqlite3's, and DBOS's own
                # The answer to a claim may be lost.
                _log.warning("the engine's store does not answer", exc_info=not before)
                self._doubtful = True
            self.bell.wait(POLL_SECONDS)
            self.bell.clear()

    def _is_anything_due(self) -> bool:
        """Asked every second, so in one question; what DBOS asks to begin one are ten."""
        rows = self.store.tables.workflow_status
        delayed = (rows.c.status == "DELAYED") & (rows.c.delay_until_epoch_ms <= _milliseconds(self._clock()))
        due = rows.select().with_only_columns(rows.c.workflow_uuid)
        due = due.where((rows.c.status == "ENQUEUED") | delayed).limit(1)
        with self.store.engine.connect() as connection:
            return connection.execute(due).first() is not None

    def _begin_one(self) -> bool:
        from dbos._core import execute_dequeued_workflow
        from dbos._utils import generate_uuid

        owner = generate_uuid()
        keys = self.store.start_queued_partitioned_workflows(
            _queue(), self._executor, VERSION, 1, owner_xid=owner
        )
        for status in self.store.get_workflow_statuses(keys):
            self._begun.add(status["workflow_uuid"])
            handle: Any = execute_dequeued_workflow(self._dbos, status, owner)
            handle.future.add_done_callback(partial(self._end, status["workflow_uuid"]))
        return bool(keys)

    def _end(self, key: str, ended: Future[object]) -> None:
        """DBOS has written down what became of it, so that its run may have another; or could not, on a full
        disk, and would never try again."""
        written = not ended.cancelled() and isinstance(ended.exception(), _HandedBack | None)
        with self._ended:
            self._begun.discard(key)
            self._ended.notify_all()
        if written:
            self.bell.set()
        else:
            self._doubtful = True

    def _hand_back_strays(self) -> None:
        for one in self.store.get_pending_workflows(self._executor, VERSION):
            if one.workflow_id not in self._begun:
                self.store.reenqueue_for_recovery(one.workflow_id, [self._executor], QUEUE)

    def _deliver(self, run: int) -> None:
        """The workflow. DBOS calls it in a thread of its own."""
        from dbos import DBOS

        key = DBOS.workflow_id
        assert key is not None  # noqa: S101 - DBOS has just begun it
        try:
            asyncio.run_coroutine_threadsafe(self._advance(key, run), self._loop).result()
            self._failures.pop(key, None)
        except Fenced:
            pass  # another worker has the run: what this delivery wanted is that one's to do
        except Exception as error:
            if self._stopping:
                self._hand_back(key)
            else:
                _log.error("a leg of run %s failed", run, exc_info=error)
                self._put_off(key)
            raise _HandedBack from error
        if not self._is_ours(key):
            # We were taken for dead meanwhile. DBOS would wait here for what the other one makes of it.
            raise _HandedBack

    def _is_ours(self, key: str) -> bool:
        status = self.store.get_workflow_status(key)
        return status is not None and (status["status"], status["executor_id"]) == ("PENDING", self._executor)

    async def _advance(self, key: str, run: int) -> None:
        task = asyncio.current_task()
        if self._drained or task is None:
            raise asyncio.CancelledError
        self._legs[key] = task
        try:
            await self._leg(run)
        finally:
            del self._legs[key]

    def _hand_back(self, key: str) -> None:
        _until_it_works(lambda: self.store.reenqueue_for_recovery(key, [self._executor], QUEUE))

    def _put_off(self, key: str) -> None:
        """Give the delivery back, due again after a pause. It keeps no other run from its turn meanwhile."""
        self._failures[key] += 1
        pause = timedelta(seconds=min(LONGEST_PAUSE, 2.0 ** (self._failures[key] - 1)))
        rows = self.store.tables.workflow_status
        change = (
            rows.update()
            .where(rows.c.workflow_uuid == key)
            .where(rows.c.status == "PENDING")
            .where(rows.c.executor_id == self._executor)
            .values(
                status="DELAYED",
                owner_xid=None,
                started_at_epoch_ms=None,
                delay_until_epoch_ms=_milliseconds(self._clock() + pause),
            )
        )
        _until_it_works(lambda: _execute(self.store, change))


_OVER = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_NOT_BEGUN = ("ENQUEUED", "DELAYED")


@cache
def _queue() -> Any:
    """Not registered in the store: only our own threads poll it, and each worker has its own concurrency."""
    from dbos._queue import _INTERNAL_QUEUE_CONSTRUCTION, Queue

    return Queue(QUEUE, partition_concurrency=1, token=_INTERNAL_QUEUE_CONSTRUCTION)


def _row_of(delivery: Delivery, store: SystemDatabase) -> Any:
    from dbos._enqueue_options import build_enqueue_status

    _, status = build_enqueue_status(
        {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": delivery.key,
            "app_version": VERSION,
            "application_name": NAME,
            # One leg at a time in a partition, and partitions in alphabetical order: so this is what keeps
            # a run's legs apart, lets the urgent pass, and else takes runs as they came.
            "queue_partition_key": f"{delivery.rank:02d}-{delivery.run:012d}",
        },
        store.serializer,
        (delivery.run,),
        {},
    )
    if delivery.not_before is not None:
        status["status"] = "DELAYED"
        status["delay_until_epoch_ms"] = _milliseconds(delivery.not_before)
    return status


def _launch(place: Path | Server, executor: str, deliver: Callable[[int], None]) -> DBOS:
    harness()
    from dbos import DBOS
    from dbos._serialization import DBOSPortableJSON

    _quieten()
    dbos = DBOS(
        config={
            "name": NAME,
            "system_database_url": url_of(place),
            "db_engine_kwargs": dict(engine_options(place)),
            "dbos_system_schema": SCHEMA,
            "executor_id": executor,
            "application_version": VERSION,
            "serializer": DBOSPortableJSON,
            "enable_otlp": False,
            "use_listen_notify": False,
            "notification_listener_polling_interval_sec": 1.0,
            "scheduler_polling_interval_sec": 3600.0,
            "log_level": "WARNING",
        }
    )

    def leg(run: int) -> None:
        deliver(run)

    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)(leg)
    try:
        DBOS.launch()
    except BaseException:
        _destroy()
        raise
    # Its own threads for queues, schedules and timeouts ask the store every second for what we don't use.
    for event in [*dbos.background_thread_stop_events, dbos._background_jobs_stop_event]:
        event.set()
    return dbos


def _recover(store: SystemDatabase, executor: str) -> int:
    pending = store.get_pending_workflows(executor, VERSION)
    return sum(store.reenqueue_for_recovery(one.workflow_id, [executor], QUEUE) for one in pending)


def _destroy() -> None:
    from dbos import DBOS

    DBOS.destroy(destroy_registry=True)


def _quieten() -> None:
    """What DBOS has to say goes where our own log goes, from warnings on."""
    logger = logging.getLogger("dbos")
    logger.handlers = [logging.NullHandler()]  # with none, it would add one that writes to the terminal
    logger.propagate = True
    logger.setLevel(logging.WARNING)


def _execute(store: SystemDatabase, statement: Any) -> None:
    with store.engine.begin() as connection:
        connection.execute(statement)


def _until_it_works(work: Callable[[], object]) -> None:
    """The store may be away for a while. What was begun is not let go of without a word in it."""
    pause = threading.Event()
    while not _works(work):
        pause.wait(POLL_SECONDS)


def _works(work: Callable[[], object]) -> bool:
    try:
        work()
    except Exception:  # noqa: BLE001 - SQLAlchemy's, psycopg's, sqlite3's
        _log.warning("the engine's store does not answer", exc_info=True)
        return False
    return True


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)
