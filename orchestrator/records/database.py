"""Which database the records are in, made ready.

Django's models can't be imported before Django is set up. So importing this module sets it up, naming no
database yet; `configure` names one. Modules that hold models are imported after this one.
"""

from __future__ import annotations

import fcntl
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import DataError, IntegrityError, NotSupportedError, ProgrammingError

from orchestrator.errors import StoreTooNew
from orchestrator.language import Text
from orchestrator.records import migrations
from orchestrator.records.fault import damaged, store_error
from orchestrator.records.sqlite import FILE_SUFFIXES, SQLITE

APP = "records"
FILE = "records.sqlite3"
_OUR_FAULTS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""What no user can mend: these climb as they are."""


def open_database(state: Path) -> None:
    """Use the database in a site's state folder, made and brought up to date where needed.

    Raises:
        StoreError: it can't be made or used; says why and how to mend it.
        StoreTooNew: a newer version of this program wrote it.
    """
    configure(state / FILE)
    prepare()


def configure(path: Path, patience: float = 15.0) -> None:
    """Name the database file of this process. Touches nothing on disk.

    Naming another one closes this thread's connection to the one before. `patience` is how many seconds
    a write waits for another process's write.
    """
    named = connections.settings["default"]
    if named["NAME"] == str(path) and named["OPTIONS"]["timeout"] == patience:
        return
    connections.close_all()
    named["NAME"] = str(path)
    named["OPTIONS"]["timeout"] = patience


def prepare() -> None:
    """Make the database where there is none, and bring it up to date: wholly or not at all.

    Raises:
        StoreError, StoreTooNew: as `open_database`.
    """
    with database_faults():
        path = _path()
        if path.exists() and path.stat().st_size and not _missing():
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        with _alone(path):
            _migrate(path)


def disconnect() -> None:
    """Close this thread's connection. A thread that recorded calls it before it ends."""
    connections.close_all()


@contextmanager
def database_faults() -> Iterator[None]:
    """Whatever the database or its disk does wrong inside becomes a StoreError. Also a decorator."""
    try:
        yield
    except _OUR_FAULTS:
        raise
    except (DatabaseError, InterfaceError, OSError) as error:
        raise store_error(error, _path()) from error


def _path() -> Path:
    return Path(connection.settings_dict["NAME"])


def _set_up() -> None:
    if apps.ready:
        return
    settings.configure(
        INSTALLED_APPS=["orchestrator.records"],
        DATABASES={"default": {**SQLITE, "NAME": ""}},
        USE_TZ=True,
        TIME_ZONE="UTC",
        LOGGING_CONFIG=None,  # Django would change the whole process's logging
    )
    django.setup()


def _missing() -> bool:
    """Whether a migration still has to be applied.

    Asks the table alone: Django's own machinery takes longer than all else at the start of a command.

    Raises:
        StoreTooNew: one was applied that this program does not know.
    """
    applied = {name for app, name in MigrationRecorder(connection).applied_migrations() if app == APP}
    known = {module.name for module in pkgutil.iter_modules(migrations.__path__)}
    if applied - known:
        raise _too_new(_path(), sorted(applied - known))
    if not applied and connection.introspection.table_names():
        raise damaged(_path())
    return applied != known


def _migrate(path: Path) -> None:
    """All in one transaction; a file that was made for it does not outlive a failure."""
    made = not path.exists()
    try:
        if not _missing():
            return
        with connection.constraint_checks_disabled(), transaction.atomic():
            executor = MigrationExecutor(connection)
            executor.migrate(executor.loader.graph.leaf_nodes())
    except BaseException:
        connection.close()
        if made:
            for suffix in FILE_SUFFIXES:
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        raise


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time makes or migrates a database."""
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _too_new(path: Path, unknown: list[str]) -> StoreTooNew:
    return StoreTooNew(
        Text(
            f"{path} 由更新版本的程序写入（{', '.join(unknown)}），本版本不能使用",
            f"{path} was written by a newer version of this program ({', '.join(unknown)})",
        ),
        Text(
            "升级 wardround，或恢复升级前的数据库备份",
            "upgrade wardround, or restore the backup from before its upgrade",
        ),
    )


_set_up()
