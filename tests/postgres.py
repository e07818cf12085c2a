"""A real PostgreSQL server of the tests' own, in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal, LiteralString

import psycopg
import pytest
from psycopg.sql import SQL, Composed, Identifier

from orchestrator.model.server import Server

PASSWORD = "only-for-this-test"


def server_programs() -> Path | None:
    """The folder with initdb and postgres, newest version first; None where there is no server."""
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    if candidates:
        return candidates[0].parent
    found = shutil.which("initdb")
    return Path(found).parent if found else None


@contextmanager
def running_postgres(folder: Path | None = None) -> Iterator[str]:
    """Start a server, yield a SQLAlchemy URL of its superuser, end it and remove everything.

    Args:
        folder: an empty one for its data, which stays; None: one of its own.
    """
    programs = server_programs()
    if programs is None:
        pytest.skip("PostgreSQL server programs (package postgresql) are not installed")
    with ExitStack() as stack:
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="wardround-pg-"))
            stack.callback(shutil.rmtree, folder)
        account = _account()
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        port = _free_port()
        _initialise(programs, folder, port, account)
        server = [programs / "pg_ctl", "-D", folder / "data", "-w", "-s", "-l", folder / "log"]
        _run([*server, "start"], account)
        stack.callback(_run, [*server, "-m", "immediate", "stop"], account)
        yield f"postgresql+psycopg://ward:{PASSWORD}@127.0.0.1:{port}/postgres"


def execute(server: Server, *statements: LiteralString | Composed) -> None:
    """Run statements as the superuser, each in a transaction of its own."""
    with psycopg.connect(
        host=server.host,
        port=server.port,
        user="ward",
        dbname=server.name,
        password=PASSWORD,
        autocommit=True,
    ) as connection:
        for statement in statements:
            connection.execute(statement)


def restart_postgres(server: Server) -> None:
    """End it at once, as a power cut would, and start it again where it was."""
    with stopped_postgres(server):
        pass


@contextmanager
def stopped_postgres(server: Server, mode: Literal["fast", "immediate"] = "immediate") -> Iterator[None]:
    """End it, as a power cut would or in an orderly way, and start it again where it was after the block."""
    programs = server_programs()
    assert programs is not None
    with psycopg.connect(
        host=server.host, port=server.port, user="ward", dbname="postgres", password=PASSWORD
    ) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    log = Path(row[0]).with_name("log")
    control = [programs / "pg_ctl", "-D", row[0], "-w", "-s", "-l", log]
    _run([*control, "-m", mode, "stop"], _account())
    try:
        yield
    finally:
        _run([*control, "start"], _account())


def make_database(server: Server, name: str, template: str = "template0") -> Server:
    """A new database beside `server`'s own."""
    execute(server, SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(template)))
    return replace(server, name=name)


def drop_database(server: Server, database: Server) -> None:
    execute(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(database.name)))


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: use the account that its package makes."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("running as root, and there is no account `postgres` to run the server")


def _initialise(programs: Path, folder: Path, port: int, account: pwd.struct_passwd | None) -> None:
    password = folder / "password"
    password.write_text(PASSWORD)
    if account is not None:
        os.chown(password, account.pw_uid, account.pw_gid)
    _run(
        [
            programs / "initdb",
            *("-D", folder / "data", "-U", "ward", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"),
            *("--no-sync", f"--pwfile={password}"),
        ],
        account,
    )
    with (folder / "data" / "postgresql.conf").open("a") as settings:
        settings.write(
            f"listen_addresses = '127.0.0.1'\nport = {port}\n"
            f"unix_socket_directories = '{folder}'\nfsync = off\n"
        )


def _run(arguments: list[object], account: pwd.struct_passwd | None) -> None:
    subprocess.run(
        [str(argument) for argument in arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
