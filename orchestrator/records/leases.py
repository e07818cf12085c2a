"""Leases of workers: taken, kept by beating, and taken away from those who fell silent.

Who is alive is told by a count that its holder raises, and that others watch by their own monotonic clocks.
No two clocks are compared, neither between machines nor with the database's; so a clock that is set by
an hour, either way and anywhere, neither kills a worker nor makes a second one.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import F

from orchestrator.errors import Busy, Fenced
from orchestrator.language import Text
from orchestrator.model.lease import Lease, Life
from orchestrator.records.database import database_faults
from orchestrator.records.models.lease import Lease as Row


@database_faults()
def take_lease(identity: str, life: Life, at: datetime) -> Lease:
    """Take the lease of a worker's name.

    Raises:
        Busy: a worker of that name has it and is not known to be dead; says where it runs.
    """
    try:
        with transaction.atomic():
            row = Row.objects.create(
                identity=identity,
                host=life.host,
                pid=life.pid,
                process=life.mark,
                acquired_at=at,
                beaten_at=at,
            )
    except IntegrityError:
        holder = Row.objects.filter(identity=identity, dead=False).first()
        if holder is None:  # it went between the two questions
            return take_lease(identity, life, at)
        raise _taken(holder) from None
    return _read(row)


@database_faults()
def beat(lease: Lease, at: datetime) -> bool:
    """Show that its holder lives. False: it has been taken away, and its holder must stop at once."""
    changes = {"beat": F("beat") + 1, "beaten_at": at}
    return bool(Row.objects.filter(pk=lease.fence, dead=False).update(**changes))


@database_faults()
def bury(lease: Lease) -> bool:
    """Take away the lease of a worker that is dead, as it was seen. Every worker may, several at a time.

    False: it has beaten since, or is gone.
    """
    return bool(Row.objects.filter(pk=lease.fence, beat=lease.beat, dead=False).update(dead=True))


@database_faults()
def drop_lease(lease: Lease) -> None:
    """Give back one's own; or strike out a dead one, when all that it had begun is handed on."""
    Row.objects.filter(pk=lease.fence).delete()


@database_faults()
def list_leases() -> list[Lease]:
    """All of them, the dead whose work is being handed on included; the oldest first."""
    return [_read(row) for row in Row.objects.order_by("pk")]


def require_lease(fence: int) -> None:
    """Within the transaction of what a worker writes: let it write only while it holds its lease.

    Raises:
        Fenced: it was taken for dead, and others have gone on with its runs.
    """
    # Locked, so that nobody takes it away between this and the end of the transaction. In plain words: it is
    # asked for each few hosts of a round, and to compose it would cost ten times the answer.
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM records_lease WHERE id = %s AND NOT dead{lock}",  # noqa: S608 - our own words
            [fence],
        )
        alive = cursor.fetchone() is not None
    if not alive:
        raise Fenced(
            Text(
                "本工作进程曾失去响应，其任务已由其他进程接管",
                "this worker fell silent, and others have taken its runs over",
            )
        )


def _read(row: Row) -> Lease:
    return Lease(
        fence=row.pk,
        identity=row.identity,
        life=Life(row.host, row.pid, row.process),
        beat=row.beat,
        acquired_at=row.acquired_at,
        beaten_at=row.beaten_at,
        dead=row.dead,
    )


def _taken(holder: Row) -> Busy:
    return Busy(
        Text(
            f"名为 {holder.identity} 的工作进程已在 {holder.host} 上运行（进程号 {holder.pid}）",
            f"a worker named {holder.identity} runs already, on {holder.host} (process {holder.pid})",
        ),
        Text(
            "先停止它，或换一个名字",
            "end that one first, or give this one another name",
        ),
    )
