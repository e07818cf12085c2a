"""All that is PostgreSQL's own: how it is connected to, and what it must be."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from orchestrator.language import Text
from orchestrator.model.server import Server
from orchestrator.records.password_file import read_password
from orchestrator.records.server_fault import CONNECT_SECONDS, READ_ONLY, ServerFault

_WRONG_ENCODING = ServerFault(
    Text(
        "{place} 的编码是 {words}，不能保存全部中文",
        "{place} is encoded in {words}, which can't hold all that is recorded",
    ),
    Text(
        "新建编码为 UTF8 的库：CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
        "make it anew: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0",
    ),
)
_MIGRATION_LOCK = 0x57415244  # any number, as long as every version uses the same


def server_settings(server: Server, patience: float) -> dict[str, Any]:
    """Django's settings for it. `patience` is how many seconds a statement waits for another's lock; twice
    as long may a transaction say nothing."""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": server.name,
        "USER": server.user,
        "PASSWORD": read_password(server.password_file),
        "HOST": server.host,
        "PORT": str(server.port or ""),
        "OPTIONS": {
            **server.options,
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "wardround",
            # Who is frozen in mid-transaction would hold its locks, its lease's too, for as long as it is.
            "options": f"-c lock_timeout={round(patience * 1000)}"
            f" -c idle_in_transaction_session_timeout={round(2 * patience * 1000)}",
            # A server that vanishes in the middle of a round is noticed within a minute.
            "keepalives_idle": 20,
            "keepalives_interval": 5,
            "tcp_user_timeout": 40_000,
        },
    }


def connection_parameters(server: Server, patience: float) -> dict[str, Any]:
    """libpq's parameters for it, for whoever connects without Django. The password is among them."""
    settings = server_settings(server, patience)
    return {
        "dbname": settings["NAME"],
        "user": settings["USER"] or None,
        "password": settings["PASSWORD"] or None,
        "host": settings["HOST"] or None,
        "port": settings["PORT"] or None,
        **settings["OPTIONS"],
    }


def require_usable(connection: BaseDatabaseWrapper, place: str) -> None:
    """Raises StoreError when the database is not UTF-8, or takes no writes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding'), pg_is_in_recovery()")
        encoding, standby = cursor.fetchone()
    if standby:
        raise READ_ONLY.at(place)
    if encoding != "UTF8":
        raise _WRONG_ENCODING.at(place, encoding)


def wait_for_migration_lock(connection: BaseDatabaseWrapper) -> None:
    """One process at a time makes or migrates a database; until this transaction ends it is ours, however
    long the copy takes that is made first."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_MIGRATION_LOCK])
