"""Which database the records are in, made ready.

Django's models can't be imported before Django is set up. So importing this module sets it up, naming no
database yet; `configure` names one. Modules that hold models are imported after this one.
"""

from __future__ import annotations

import fcntl
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import DataError, IntegrityError, NotSupportedError, ProgrammingError

from orchestrator.errors import StoreError, StoreTooNew
from orchestrator.language import Text
from orchestrator.model.server import Server
from orchestrator.records import migrations
from orchestrator.records.audit_place import keep_head_in
from orchestrator.records.fault import damaged, foreign, store_error
from orchestrator.records.password_settings import PASSWORDS
from orchestrator.records.sqlite import FILE_SUFFIXES, file_settings

APP = "records"
FILE = "records.sqlite3"
PATIENCE = 15.0
_OUR_FAULTS = (DataError, IntegrityError, NotSupportedError, ProgrammingError)
"""What no user can mend: these climb as they are."""

BeforeUpgrade = Callable[[], None]
"""Called when a database is about to be brought up to date: it keeps a copy, or raises."""

_place: Path | Server = Path()
"""Where this process's database is; Django's settings say the same in its own words."""


def open_database(
    state: Path, server: Server | None = None, before_upgrade: BeforeUpgrade | None = None
) -> None:
    """Use a site's database, made and brought up to date where needed.

    Args:
        state: the site's state folder, where the database is unless there is a server.

    Raises:
        StoreError: it can't be made or used; says why and how to mend it.
        StoreTooNew: a newer version of this program wrote it.
    """
    configure(server or state / FILE)
    keep_head_in(state / "audit")
    prepare(before_upgrade)


def configure(place: Path | Server, patience: float = PATIENCE) -> None:
    """Name the database of this process. Touches neither disk nor network.

    Naming another one closes this thread's connection to the one before. `patience` is how many seconds
    a write waits for another process's write.
    """
    global _place  # noqa: PLW0603 - a process has one database, and Django keeps it in a global too
    wanted = _settings(place, patience)
    named = connections.settings["default"]
    if isinstance(place, Path) and not (isinstance(_place, Path) and place.parent == _place.parent):
        keep_head_in(place.parent / "audit")
    _place = place
    if all(named[key] == value for key, value in wanted.items()):
        return
    connections.close_all()
    named.update(wanted)
    with suppress(AttributeError):  # this thread has none yet
        del connections["default"]


def place() -> Path | Server:
    """Where the database is that was named last."""
    return _place


def prepare(before_upgrade: BeforeUpgrade | None = None) -> None:
    """Make the database where there is none, and bring it up to date: wholly or not at all.

    Raises:
        StoreError, StoreTooNew: as `open_database`.
    """
    with database_faults():
        if isinstance(_place, Path):
            _prepare_file(_place, before_upgrade)
        else:
            _prepare_server(_place, before_upgrade)


def disconnect() -> None:
    """Close this thread's connection. A thread that recorded calls it before it ends."""
    connections.close_all()


@contextmanager
def database_faults() -> Iterator[None]:
    """Whatever the database or its disk does wrong inside becomes a StoreError. Also a decorator."""
    try:
        yield
    except (DatabaseError, InterfaceError, OSError) as error:
        if not connection.in_atomic_block and connection.connection and not connection.is_usable():
            connection.close()  # a server that was restarted has closed it: the next question makes another
        told = _told(error)
        if told is None:
            raise
        raise told from error


def applied_migrations() -> set[str]:
    """Names of the schema changes that the database has."""
    return {name for app, name in MigrationRecorder(connection).applied_migrations() if app == APP}


def known_migrations() -> set[str]:
    """Names of the schema changes that this program knows."""
    return {module.name for module in pkgutil.iter_modules(migrations.__path__)}


def _told(error: Exception) -> StoreError | None:
    if isinstance(error, OSError):
        return store_error(error, _place if isinstance(_place, Path) else Path(str(error.filename)))
    if isinstance(_place, Path):
        return None if isinstance(error, _OUR_FAULTS) else store_error(error, _place)
    from orchestrator.records.server_fault import server_error

    return server_error(error, str(_place))


def _settings(place: Path | Server, patience: float) -> dict[str, object]:
    if isinstance(place, Path):
        return file_settings(place, patience)
    from orchestrator.records.postgresql import server_settings

    return server_settings(place, patience)


def _set_up() -> None:
    if apps.ready:
        return
    settings.configure(
        INSTALLED_APPS=["orchestrator.records"],
        DATABASES={"default": file_settings(None, PATIENCE)},
        USE_TZ=True,
        TIME_ZONE="UTC",
        **PASSWORDS,
    )
    # The part of `django.setup()` that models need. The rest would change the whole process's logging, and
    # load what answers web requests: 20 ms of each command.
    apps.populate(settings.INSTALLED_APPS)


def _prepare_file(path: Path, before_upgrade: BeforeUpgrade | None) -> None:
    if path.exists() and path.stat().st_size and not _missing():
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    with _alone(path):
        made = not path.exists()
        try:
            if _missing():
                _copy_first(before_upgrade)
                with connection.constraint_checks_disabled(), transaction.atomic():
                    _migrate()
        except BaseException:
            connection.close()
            if made:  # a file that was made for it does not outlive a failure
                for suffix in FILE_SUFFIXES:
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
            raise


def _prepare_server(server: Server, before_upgrade: BeforeUpgrade | None) -> None:
    from orchestrator.records.postgresql import require_usable, wait_for_migration_lock

    require_usable(connection, str(server))
    if not _missing():
        return
    with transaction.atomic():
        wait_for_migration_lock(connection)
        if _missing():
            _copy_first(before_upgrade)
            _migrate()


def _missing() -> bool:
    """Whether a migration still has to be applied.

    Asks the table alone: Django's own machinery takes longer than all else at the start of a command.

    Raises:
        StoreTooNew: one was applied that this program does not know.
    """
    applied, known = applied_migrations(), known_migrations()
    if applied - known:
        raise _too_new(sorted(applied - known))
    if not applied and connection.introspection.table_names():
        raise damaged(_place) if isinstance(_place, Path) else foreign(str(_place))
    return applied != known


def _copy_first(before_upgrade: BeforeUpgrade | None) -> None:
    if before_upgrade is not None and applied_migrations():
        before_upgrade()


def _migrate() -> None:
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time makes or migrates a database."""
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _too_new(unknown: list[str]) -> StoreTooNew:
    return StoreTooNew(
        Text(
            f"{_place} 由更新版本的程序写入（{', '.join(unknown)}），本版本不能使用",
            f"{_place} was written by a newer version of this program ({', '.join(unknown)})",
        ),
        Text(
            "升级 wardround，或恢复升级前的数据库备份",
            "upgrade wardround, or restore the backup from before its upgrade",
        ),
    )


_set_up()
