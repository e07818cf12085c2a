"""Where DBOS keeps its rows, and what it is held to: no pickle, no network but the database, no telemetry."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from orchestrator.model.server import Server
from orchestrator.records.fault import store_error

if TYPE_CHECKING:
    from dbos._sys_db import SystemDatabase

FILE = "engine.sqlite3"
SCHEMA = "wardround_engine"
NAME = "wardround"
VERSION = "legs"
"""DBOS delivers to executors of the same version alone. A leg starts from the journal, not from anything that
DBOS keeps: so any version of ours may take it, and a delivery that waits outlives an upgrade."""
_POOL = 10
_PATIENCE = 15.0


class NoPickle:
    """Stands where DBOS keeps the pickle module."""

    def dumps(self, data: object) -> NoReturn:
        raise TypeError("Nothing is pickled.")

    def loads(self, data: bytes) -> NoReturn:
        raise TypeError("Nothing is unpickled.")


def harness() -> None:
    """Import DBOS tamed. Before anything else of it is used.

    Its environment variables would turn on its cloud, with a connection to the outside.
    """
    for name in [one for one in os.environ if one.startswith("DBOS_")]:
        del os.environ[name]
    from dbos import _serialization

    vars(_serialization)["pickle"] = NoPickle()


def url_of(place: Path | Server) -> str:
    """For DBOS, which wants one. Connections are made by `connector`; no password is in it."""
    if isinstance(place, Path):
        return f"sqlite:///{place}"
    return f"postgresql+psycopg:///{place.name}"


def engine_options(place: Path | Server) -> Mapping[str, Any]:
    """For the SQLAlchemy engine that DBOS makes."""
    return {
        "creator": connector(place),
        "pool_size": _POOL,
        "max_overflow": 0,
        "pool_timeout": 30,
        "pool_pre_ping": isinstance(place, Server),
    }


def connector(place: Path | Server) -> Callable[[], Any]:
    """Makes DB-API connections to the store."""
    return _to_file(place) if isinstance(place, Path) else _to_server(place)


def open_store(place: Path | Server) -> SystemDatabase:
    """DBOS's tables for whoever runs no legs, made where there are none."""
    harness()
    from dbos._serialization import DBOSPortableJSON
    from dbos._sys_db import SystemDatabase

    store = SystemDatabase.create(
        system_database_url=url_of(place),
        engine_kwargs=dict(engine_options(place)),
        engine=None,
        schema=SCHEMA,
        serializer=DBOSPortableJSON,
        executor_id=None,
        use_listen_notify=False,
        app_name=NAME,
        retry_connection_errors=False,
    )
    store.run_migrations()
    return store


def store_fault(error: Exception, place: Path | Server) -> Exception:
    """The one clear error for what the store or the way to it does; itself where it is our own fault."""
    from dbos import _sys_db

    if not isinstance(error, vars(_sys_db)["DBAPIError"]):
        return error
    cause: Exception = vars(error)["orig"]
    if isinstance(place, Path):
        return store_error(cause, place)
    from orchestrator.records.server_fault import server_error

    return server_error(cause, str(place)) or error


def _to_file(path: Path) -> Callable[[], sqlite3.Connection]:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(path, timeout=_PATIENCE, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may take the last rows. They are made again from the postings, which it can't take.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    return connect


def _to_server(server: Server) -> Callable[[], Any]:
    def connect() -> Any:
        import psycopg

        from orchestrator.records.postgresql import connection_parameters

        return psycopg.connect(**connection_parameters(server, _PATIENCE))

    return connect
