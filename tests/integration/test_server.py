"""What a user is told when the PostgreSQL server of the records is not as it should be."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection
from django.db.backends.base import base
from psycopg.sql import SQL, Identifier

from orchestrator.errors import StoreError, StoreTooNew
from orchestrator.language import Language
from orchestrator.model.server import Server
from orchestrator.model.verdict import Verdict
from orchestrator.records import database as records
from orchestrator.records.rounds import get_round
from tests.postgres import drop_database, execute, make_database
from tests.rounds import plan, recorded, seen


@pytest.fixture(autouse=True)
def own_database() -> Iterator[None]:
    yield
    records.disconnect()


@pytest.fixture
def fresh(postgres: Server) -> Iterator[Server]:
    """A database without a table."""
    server = make_database(postgres, f"test_{uuid4().hex}")
    yield server
    records.disconnect()
    drop_database(postgres, server)


def refused(server: Server, tmp_path: Path) -> str:
    with pytest.raises(StoreError) as error:
        records.open_database(tmp_path, server)
    assert error.value.hint is not None
    assert str(server) in error.value.say(Language.ZH)
    return error.value.say(Language.EN)


@contextmanager
def listener(greeting: bytes, answer: bytes | None) -> Iterator[int]:
    """A server that is no PostgreSQL; None never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                while True:
                    caller, _ = listening.accept()
                    caller.sendall(greeting)
                    caller.recv(100)
                    if answer is not None:
                        caller.sendall(answer)
                        caller.close()
                    else:
                        callers.append(caller)
            except OSError:
                pass

        callers: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
        for caller in callers:
            caller.close()


def test_an_empty_database_gets_its_tables_and_keeps_them(fresh: Server, tmp_path: Path) -> None:
    records.open_database(tmp_path, fresh)
    number = recorded(plan("db1"), seen("db1", Verdict.OK))
    records.disconnect()
    records.open_database(tmp_path, fresh)
    assert get_round(number).hosts_done == 1
    assert list(tmp_path.iterdir()) == [tmp_path / "audit"] or not list(tmp_path.glob("*.sqlite3"))


def test_processes_that_start_together_make_the_tables_once(fresh: Server, tmp_path: Path) -> None:
    opening = [
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                OPEN,
                str(tmp_path),
                fresh.name,
                str(fresh.port),
                str(fresh.password_file),
            ],
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    assert [process.communicate()[1].decode() for process in opening] == ["", "", ""]


OPEN = """
import sys; from pathlib import Path
from orchestrator.model.server import Server
from orchestrator.records.database import open_database
state, name, port, password = sys.argv[1:]
open_database(Path(state), Server(name, "127.0.0.1", int(port), "ward", {}, Path(password)))
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"host": "no-such-host.invalid"}, "no address"),
        ({"port": 1}, "nothing listens there"),
        ({"name": "no_such_database"}, "there is no such database"),
        ({"user": "nobody-known"}, "user or password are not accepted"),
        ({"options": {"sslmode": "require"}}, "no such encrypted connection"),
        ({"host": "/nonexistent"}, "nothing listens there"),
    ],
)
def test_a_server_that_can_not_be_used_is_one_clear_error(
    change: dict[str, object], expected: str, postgres: Server, tmp_path: Path
) -> None:
    assert expected in refused(replace(postgres, **change), tmp_path)  # type: ignore[arg-type] # of any field


def test_a_wrong_or_a_missing_password_is_said_and_never_shown(postgres: Server, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("Hunter2-wrong\n")
    password.chmod(0o600)
    told = refused(replace(postgres, password_file=password), tmp_path)
    assert "not accepted" in told
    assert "Hunter2" not in told
    assert "asks for a password" in refused(replace(postgres, password_file=None), tmp_path)
    password.chmod(0o640)
    with pytest.raises(StoreError, match="can be read by others"):
        records.open_database(tmp_path, replace(postgres, password_file=password))


@pytest.mark.parametrize(
    ("greeting", "answer", "expected"),
    [
        pytest.param(b"J\0\0\0\n8.0.36\0" + b"x" * 60, b"", "is no PostgreSQL", id="MySQL"),
        pytest.param(b"", b"-ERR unknown command\r\n", "is no PostgreSQL", id="Redis"),
        pytest.param(b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", "is no PostgreSQL", id="a web server"),
        pytest.param(b"", None, "within 5 seconds", id="one that says nothing"),
    ],
)
def test_another_product_on_the_port_is_said(
    greeting: bytes, answer: bytes | None, expected: str, tmp_path: Path
) -> None:
    with listener(greeting, answer) as port:
        assert expected in refused(Server("wardround", "127.0.0.1", port, "ward"), tmp_path)


def test_a_user_without_rights_is_told_which_to_give(fresh: Server, tmp_path: Path) -> None:
    role = f"guest_{uuid4().hex}"
    execute(fresh, SQL("CREATE ROLE {} LOGIN PASSWORD 'only-for-this-test'").format(Identifier(role)))
    guest = replace(fresh, user=role)
    assert "the user lacks a right" in refused(guest, tmp_path)
    records.open_database(tmp_path, fresh)
    grant = SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(Identifier(role))
    execute(fresh, grant)
    records.open_database(tmp_path, guest)
    with pytest.raises(StoreError, match="the user lacks a right"):
        recorded(plan("db1"))


def test_a_database_of_another_program_is_not_written_into(fresh: Server, tmp_path: Path) -> None:
    execute(fresh, "CREATE TABLE recipes (name text)")
    assert "tables of another program" in refused(fresh, tmp_path)
    assert connection.introspection.table_names() == ["recipes"]


def test_a_database_from_a_newer_version_is_refused(fresh: Server, tmp_path: Path) -> None:
    records.open_database(tmp_path, fresh)
    execute(
        fresh, "INSERT INTO django_migrations (app, name, applied) VALUES ('records', '0099_wards', now())"
    )
    with pytest.raises(StoreTooNew, match="0099_wards"):
        records.open_database(tmp_path, fresh)


def test_a_database_that_is_not_in_utf_8_is_refused(postgres: Server, tmp_path: Path) -> None:
    name = f"test_{uuid4().hex}"
    execute(postgres, SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'LATIN1'").format(Identifier(name)))
    latin = replace(postgres, name=name)
    assert "encoded in LATIN1" in refused(latin, tmp_path)
    records.disconnect()
    drop_database(postgres, latin)


def test_a_server_that_is_too_old_is_refused(
    postgres: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.configure(postgres)
    monkeypatch.setattr(base, "RAN_DB_VERSION_CHECK", set())
    monkeypatch.setattr(type(connection.features), "minimum_database_version", (99,))
    assert "too old" in refused(postgres, tmp_path)


def test_a_database_that_takes_no_writes_is_one_clear_error(fresh: Server, tmp_path: Path) -> None:
    execute(
        fresh,
        SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(Identifier(fresh.name)),
    )
    assert "read-only" in refused(fresh, tmp_path)


def test_a_connection_that_is_lost_in_the_middle_is_one_clear_error(fresh: Server, tmp_path: Path) -> None:
    records.open_database(tmp_path, fresh)
    execute(
        fresh,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    with pytest.raises(StoreError, match="connection was lost"):
        recorded(plan("db1"))
