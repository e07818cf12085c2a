"""What DBOS is held to beyond the contract: no pickle, no network, no secret told, no loss by upgrades."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from orchestrator.errors import StoreError
from orchestrator.execution.dbos_engine import DbosEngine
from orchestrator.execution.dbos_store import SCHEMA, harness, open_store
from orchestrator.model.delivery import Delivery
from orchestrator.model.server import Server
from tests.engines.place import Place
from tests.engines.worker import ROOT, Worker, until_log
from tests.postgres import PASSWORD, drop_database, make_database, restart_postgres, running_postgres

FIRST_RELEASE = Path(__file__).parents[1] / "golden" / "engine" / "first_release.sql"


def _clock() -> datetime:
    return datetime.now(UTC)


async def _until_nothing_is_left(engine: DbosEngine) -> None:
    async with asyncio.timeout(60):
        while True:
            now = await engine.deliveries()
            if not now.queued and not now.delayed and not now.running:
                return
            await asyncio.sleep(0.05)


def test_the_command_line_does_not_pay_for_dbos() -> None:
    words = "import sys, orchestrator.execution.courier, orchestrator.execution.dbos_engine; "
    asked = subprocess.run(
        [sys.executable, "-c", f"{words}print('dbos' in sys.modules)"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert asked.stdout == "False\n", asked.stderr


def test_nothing_can_be_pickled() -> None:
    harness()
    from dbos._serialization import DefaultSerializer

    with pytest.raises(TypeError, match="pickled"):
        DefaultSerializer().serialize({"run": 1})
    with pytest.raises(TypeError, match="unpickled"):
        DefaultSerializer().deserialize("gASVAAAAAAAAAE4u")


async def test_what_is_stored_is_json_and_ids_alone(tmp_path: Path) -> None:
    engine = DbosEngine(tmp_path / "engine.sqlite3", _clock)
    await engine.enqueue(Delivery(12, "12 requested", 1))
    await engine.close()
    with sqlite3.connect(tmp_path / "engine.sqlite3") as store:
        assert store.execute("SELECT inputs FROM workflow_input").fetchall() == [
            ('{"namedArgs":{},"positionalArgs":[12]}',)
        ]
        assert store.execute("SELECT serialization FROM workflow_status").fetchall() == [("portable_json",)]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_a_worker_listens_nowhere_and_connects_to_its_database_alone(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    store: Path | Server = tmp_path / "engine.sqlite3"
    if database == "postgresql":
        postgres: Server = request.getfixturevalue("postgres")
        store = make_database(postgres, "engine_network")
    worker = Worker(Place("dbos", store), "ward#1", tmp_path / "log")
    try:
        await until_log(tmp_path / "log", 1, "ready")
        sockets = _sockets(worker.process.pid)
        arguments = Path(f"/proc/{worker.process.pid}/cmdline").read_bytes()
    finally:
        worker.end()
    assert [one for one in sockets if one[0] == "listening"] == []
    allowed = set() if isinstance(store, Path) else {store.port}
    assert {port for _, port in sockets} <= allowed
    assert PASSWORD.encode() not in arguments
    if isinstance(store, Server):
        drop_database(request.getfixturevalue("postgres"), store)


async def test_its_tables_on_a_server_have_a_schema_of_their_own(postgres: Server) -> None:
    server = make_database(postgres, "engine_schema")
    open_store(server).destroy()
    with psycopg.connect(
        host=server.host, port=server.port, user=server.user, dbname=server.name, password=PASSWORD
    ) as connection:
        schemas = connection.execute(
            "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)'"
        ).fetchall()
    assert schemas == [(SCHEMA,)]
    drop_database(postgres, server)


async def test_no_password_is_logged(postgres: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = make_database(postgres, "engine_log")
    engine = DbosEngine(server, _clock)
    await engine.start(_no_leg, executor="ward#1", concurrency=1)
    await engine.stop(0)
    drop_database(postgres, server)
    assert PASSWORD not in caplog.text


async def test_a_server_that_is_not_there_is_one_clear_error(postgres: Server) -> None:
    engine = DbosEngine(Server("postgres", "127.0.0.1", 1, postgres.user), _clock)
    with pytest.raises(StoreError):
        await engine.enqueue(Delivery(1, "1", 1))
    with pytest.raises(StoreError):
        await engine.start(_no_leg, executor="ward#1", concurrency=1)


async def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    engine = DbosEngine(tmp_path / "missing" / "engine.sqlite3", _clock)
    with pytest.raises(StoreError):
        await engine.deliveries()
    with pytest.raises(StoreError):
        await engine.start(_no_leg, executor="ward#1", concurrency=1)


async def test_what_the_first_release_enqueued_is_delivered_by_this_one(tmp_path: Path) -> None:
    """One that was queued, one that was begun by a worker that is no more, one that waited for a time."""
    path = tmp_path / "engine.sqlite3"
    with sqlite3.connect(path) as store:
        store.executescript(FIRST_RELEASE.read_text("utf-8"))
    begun: list[int] = []

    async def leg(run: int) -> None:
        begun.append(run)

    engine = DbosEngine(path, _clock)
    await engine.start(leg, executor="ward#2", concurrency=4)
    assert await engine.recover("ward#1") == 1
    await _until_nothing_is_left(engine)
    await engine.stop(0)
    assert sorted(begun) == [1, 2, 3]


async def test_a_server_that_restarts_under_load_loses_nothing(tmp_path: Path) -> None:
    done: set[int] = set()

    async def leg(run: int) -> None:
        await asyncio.sleep(0.02)
        done.add(run)

    with running_postgres() as url:
        parts = urlsplit(url)
        secret = tmp_path / "password"
        secret.write_text(parts.password or "")
        secret.chmod(0o600)
        server = Server("postgres", parts.hostname or "", parts.port, parts.username or "", {}, secret)
        engine = DbosEngine(server, _clock)
        await engine.start(leg, executor="ward#1", concurrency=4)
        load = asyncio.create_task(_enqueue_all(engine, 60))
        async with asyncio.timeout(60):
            while len(done) < 10:
                await asyncio.sleep(0.02)
        await asyncio.to_thread(restart_postgres, server)
        await load
        await _until_nothing_is_left(engine)
        await engine.stop(0)
    assert done == set(range(60))


async def test_a_leg_whose_end_could_not_be_stored_keeps_its_run_from_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun: list[int] = []

    async def leg(run: int) -> None:
        begun.append(run)

    store = tmp_path / "engine.sqlite3"
    engine = DbosEngine(store, _clock)
    await engine.start(leg, executor="ward#1", concurrency=4)
    with closing(sqlite3.connect(store, isolation_level=None)) as disk:
        disk.execute(
            "CREATE TRIGGER full BEFORE UPDATE OF status ON workflow_status WHEN NEW.status = 'SUCCESS' "
            "BEGIN SELECT RAISE(ABORT, 'as if the disk were full'); END"
        )
        await engine.enqueue(Delivery(7, "7 requested", 1))
        async with asyncio.timeout(60):
            while "as if the disk were full" not in caplog.text:
                await asyncio.sleep(0.02)
        disk.execute("DROP TRIGGER full")
    await engine.enqueue(Delivery(7, "7 wait", 1))
    await _until_nothing_is_left(engine)
    await engine.stop(0)
    assert set(begun) == {7}
    assert len(begun) >= 2


async def _enqueue_all(engine: DbosEngine, count: int) -> None:
    """As the courier does: what could not be enqueued is enqueued again."""
    for run in range(count):
        while True:
            try:
                await engine.enqueue(Delivery(run, f"{run}", 1))
                break
            except StoreError:
                await asyncio.sleep(0.05)


async def _no_leg(run: int) -> None:
    raise AssertionError(run)


def _sockets(pid: int) -> list[tuple[str, Any]]:
    """TCP sockets of a process: what each does, and the port at its other end (its own, where it listens)."""
    files = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {file[8:-1] for file in files if file.startswith("socket:")}
    found = []
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                listening = fields[3] == "0A"
                end = fields[1] if listening else fields[2]
                found.append(("listening" if listening else "open", int(end.rpartition(":")[2], 16)))
    return found
