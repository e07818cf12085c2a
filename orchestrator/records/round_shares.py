"""A round under way, divided into shares: a few hosts each, which one worker at a time has.

Who has a share records its hosts while its lease lives, and only then; so a share is free again exactly when
nobody can record its hosts any more. Locks are taken in the order lease, round, run, share, log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction

from orchestrator.errors import Fenced
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.plan import Plan
from orchestrator.model.round import RoundState
from orchestrator.model.run import RunState
from orchestrator.records.database import database_faults
from orchestrator.records.hand import Hand
from orchestrator.records.leases import require_lease
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.lease import Lease
from orchestrator.records.models.round_share import RoundShare
from orchestrator.records.models.run import Run
from orchestrator.records.postings import ring
from orchestrator.records.rounds import open_round
from orchestrator.records.rows import insert_rows
from orchestrator.records.run_log import tell

VANGUARD = 3
"""Hosts of the first share, which goes to whoever opens the round: its first results come soon."""
SMALLEST, LARGEST = 5, 25
"""Hosts of any other share. Small ones end a shared round evenly, large ones cost less."""
_PER_ROUND = 8
_DEAD = "NOT EXISTS (SELECT 1 FROM records_lease l WHERE l.id = s.fence AND NOT l.dead)"


@dataclass(frozen=True, slots=True)
class Share:
    """Hosts that are ours to visit."""

    start: int
    stop: int
    """Places in the plan's hosts."""
    seen: frozenset[str] = frozenset()
    """Those of them that have results, from whoever had it before."""


@dataclass(frozen=True, slots=True)
class NothingFree:
    """There is no share to be had."""

    wait: bool
    """Others are at work on the last ones, and may leave some."""


@database_faults()
def open_shared_round(
    hand: Hand,
    plan: Plan,
    permit: str,
    actor: Actor,
    at: datetime,
    version: str,
    frozen: str,
    *,
    partial: bool,
) -> tuple[int, Share]:
    """Record that a run's round starts, and all that another worker needs to go on with it. Returns the
    round's number, and the first share, which is ours.

    Raises:
        Fenced: another worker has the run.
    """
    with transaction.atomic():
        require_lease(hand.fence)
        tell(hand.run, at, (), hand.epoch)
        number = open_round(plan, actor, at, version, frozen, partial=partial)
        Run.objects.filter(pk=hand.run).update(
            title=plan.title,
            hosts=len(plan.hosts),
            effect=plan.effect,
            plan_digest=plan.digest,
            frozen=frozen,
            permit=permit,
            round_id=number,
        )
        places = list(_divide(len(plan.hosts)))
        rows = [
            (number, start, stop, None if start else hand.fence, not start, False) for start, stop in places
        ]
        insert_rows(RoundShare, ("round", "start", "stop", "fence", "taken", "done"), rows)
        ring()
    return number, Share(*places[0])


@database_faults()
def take_share(
    number: int, hand: Hand, at_work: Collection[int], ours: Collection[int]
) -> Share | NothingFree:
    """Take the next share that nobody has who lives.

    Args:
        at_work: `start` of each share that our worker is at work on. Any other that bears its fence was lost
            on its way there.
        ours: those of them that whoever asks is at work on itself.

    Raises:
        Fenced: our lease was taken away; or it is our run, and another worker has it.
    """
    with transaction.atomic():
        require_lease(hand.fence)
        if not _may_take(number, hand):
            _leave_strays(number, hand, at_work)
            return NothingFree(wait=False)
        row = _lock_free_one(number, hand, at_work)
        if row is None:
            left = RoundShare.objects.filter(round=number, done=False)
            return NothingFree(wait=left.exclude(start__in=ours).exists())
        if row.taken and _has_come_alive(row, hand):
            return NothingFree(wait=True)
        _execute(
            "UPDATE records_roundshare SET fence = %s, taken = %s WHERE id = %s", hand.fence, True, row.id
        )
        return Share(row.start, row.stop, _seen(number) if row.taken else frozenset())


@database_faults()
def leave_shares(number: int, hand: Hand, starts: Collection[int]) -> None:
    """Let others have these of ours. Nothing of them may be under way any more."""
    RoundShare.objects.filter(round=number, fence=hand.fence, start__in=starts, done=False).update(fence=None)


@database_faults()
def rounds_to_help(executor: str, fence: int) -> list[tuple[int, int]]:
    """Round and run of each round of another worker in which there is something to be done, or in which
    something bears our fence. It is asked at each stroke of the bell, so in one plain question."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT s.round_id, r.id FROM records_roundshare s"  # noqa: S608 - our own words
            " JOIN records_run r ON r.round_id = s.round_id"
            f" WHERE NOT s.done AND r.executor <> %s AND (r.state = %s AND (s.fence IS NULL OR {_DEAD})"
            " OR s.fence = %s)",
            [executor, RunState.RUNNING.value, fence],
        )
        return [(int(number), int(run)) for number, run in cursor.fetchall()]


def _divide(hosts: int) -> Iterator[tuple[int, int]]:
    size = max(SMALLEST, min(LARGEST, hosts // _PER_ROUND))
    start, stop = 0, min(VANGUARD, hosts)
    while start < hosts:
        yield start, stop
        start, stop = stop, min(stop + size, hosts)


class _Row(NamedTuple):
    id: int
    start: int
    stop: int
    fence: int | None
    taken: bool


def _lock_free_one(number: int, hand: Hand, at_work: Collection[int]) -> _Row | None:
    lock = " FOR UPDATE OF s SKIP LOCKED" if connection.features.has_select_for_update else ""
    ours = ", ".join(str(int(start)) for start in at_work) or "-1"
    found = _execute(
        "SELECT s.id, s.start, s.stop, s.fence, s.taken FROM records_roundshare s"  # noqa: S608 - our own words and numbers
        f" WHERE s.round_id = %s AND NOT s.done AND (s.fence IS NULL OR {_DEAD}"
        f" OR (s.fence = %s AND s.start NOT IN ({ours}))) ORDER BY s.start LIMIT 1{lock}",
        number,
        hand.fence,
    )
    return _Row(*found) if found else None


def _may_take(number: int, hand: Hand) -> bool:
    """Whoever has the run takes also what is only to be written off. All others help while it runs."""
    found = _execute(
        "SELECT r.epoch, r.state FROM records_run r JOIN records_round o ON o.id = r.round_id"
        " WHERE r.id = %s AND o.id = %s AND o.state = %s",
        hand.run,
        number,
        RoundState.RUNNING.value,
    )
    if hand.epoch is None:
        return found is not None and found[1] == RunState.RUNNING
    if found is None or found[0] != hand.epoch:
        raise Fenced(
            Text(f"第 {hand.run} 次执行已由其他进程接管", f"another worker has taken run {hand.run} over")
        )
    return True


def _leave_strays(number: int, hand: Hand, at_work: Collection[int]) -> None:
    """Whoever leads writes off what nobody came to, and waits for that."""
    bearing_ours = RoundShare.objects.filter(round=number, fence=hand.fence, done=False)
    bearing_ours.exclude(start__in=at_work).update(fence=None)


def _has_come_alive(row: _Row, hand: Hand) -> bool:
    """Whether another worker, which began after all leases were read, has taken it before we locked it."""
    if row.fence is None or row.fence == hand.fence:
        return False
    return Lease.objects.filter(pk=row.fence, dead=False).exists()


def _execute(statement: str, *arguments: str | int | bool) -> Any:
    """The first row, where it gives rows. For what is asked for each few hosts: to compose it would cost ten
    times what the database takes."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.fetchone() if cursor.description else None


def _seen(number: int) -> frozenset[str]:
    return frozenset(HostResult.objects.filter(round=number).values_list("host", flat=True))
