"""The demo's databases: a hospital's morning in counts, without one person in it."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
from psycopg import sql

from orchestrator.demo.place import Place
from orchestrator.demo.tree import password
from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text

INSPECTOR = "inspector"
_ADMINISTRATOR = "stage"
_PATIENCE = 30.0

_HIS = """
create table if not exists registrations (registered_at timestamptz not null, counter int not null);
create table if not exists charges (charged_at timestamptz not null, cents int not null, state text not null);
create table if not exists insurance_uploads (charged_at timestamptz not null, uploaded_at timestamptz);
truncate registrations, charges, insurance_uploads;
insert into registrations select now() - n * interval '11 seconds', n % 8 from generate_series(1, 700) n;
insert into charges
  select now() - n * interval '7 seconds', 1000 + n * 137 % 30000,
         case when n % {one_fails_in} = 0 then 'failed' else 'paid' end
  from generate_series(1, 1000) n;
insert into insurance_uploads
  select now() - n * interval '9 seconds',
         case when n > {waiting} then now() - (n - 1) * interval '9 seconds' end
  from generate_series(1, 700) n;
"""
_LIS = """
create table if not exists samples (received_at timestamptz not null, reported_at timestamptz);
create table if not exists instruments (code text primary key, online boolean not null);
truncate samples, instruments;
insert into samples
  select now() - n * interval '40 seconds', case when n > 12 then now() - (n - 12) * interval '40 seconds' end
  from generate_series(1, 300) n;
insert into instruments select 'instrument-' || n, true from generate_series(1, 24) n;
"""


def inspector_password(demo: Path) -> str:
    """The password of the role that inspections log in with."""
    return password(demo / "keys" / "inspector.password")


def refresh_database(place: Place, *, failing: bool) -> None:
    """Make the host's database if it is not there, and fill it as of now.

    Args:
        failing: one charge in twenty fails, and uploads to the insurance have waited for 40 minutes.

    Raises:
        Unreachable: the server does not answer.
    """
    with _connect(place, "postgres") as connection:
        _ensure_database(connection, place.host.database, inspector_password(place.demo))
    with _connect(place, place.host.database) as connection:
        pace = {"one_fails_in": 20, "waiting": 270} if failing else {"one_fails_in": 400, "waiting": 60}
        script = _HIS.format(**pace) if place.host.database == "his" else _LIS
        connection.execute(script.encode())
        connection.execute(
            sql.SQL("grant select on all tables in schema public to {}").format(sql.Identifier(INSPECTOR))
        )


def _ensure_database(connection: psycopg.Connection, name: str, secret: str) -> None:
    known = connection.execute("select 1 from pg_roles where rolname = %s", (INSPECTOR,)).fetchone()
    role = sql.Identifier(INSPECTOR)
    if known is None:
        connection.execute(sql.SQL("create role {} login").format(role))
    for statement in (
        "alter role {role} password {secret} connection limit 10",
        "alter role {role} set default_transaction_read_only = on",
        "grant pg_monitor to {role}",
    ):
        connection.execute(sql.SQL(statement).format(role=role, secret=sql.Literal(secret)))
    if connection.execute("select 1 from pg_database where datname = %s", (name,)).fetchone() is None:
        connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def _connect(place: Place, database: str) -> psycopg.Connection:
    secret = (place.folder / "etc" / "admin.password").read_text()
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return psycopg.connect(
                host=place.host.address,
                port=place.port,
                user=_ADMINISTRATOR,
                password=secret,
                dbname=database,
                autocommit=True,
                connect_timeout=5,
            )
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                raise Unreachable(
                    place.host.name,
                    UnreachableReason.TIMEOUT,
                    Text(
                        f"演示数据库 {database} 没有启动：{error}",
                        f"the database {database} did not start: {error}",
                    ),
                ) from error
            time.sleep(0.05)
