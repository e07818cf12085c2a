"""Legs that are due, written down together with what makes them so.

Whoever changes a run so that it is to go on posts a leg in the same transaction: then either both have
happened or neither. A worker hands what is posted to the engine, and removes it when a leg that began after
it has returned. So the engine's store holds nothing that could not be made again from these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from orchestrator.model.delivery import Delivery
from orchestrator.records.database import database_faults
from orchestrator.records.models.posting import Posting as Row

CHANNEL = "wardround_posted"
"""Of PostgreSQL's NOTIFY: workers listen there."""


@dataclass(frozen=True, slots=True)
class Posting:
    """A leg that is due, as recorded."""

    number: int
    """Grows; a leg satisfies all postings of its run up to the last that there was when it began."""
    delivery: Delivery


@database_faults()
def post_leg(run: int, why: str, rank: int, at: datetime, not_before: datetime | None = None) -> None:
    """Have a leg of a run delivered, one that begins after this is committed.

    Args:
        why: tells this reason from other reasons of the same run (`requested`, `ruling 3`). Posted again
            it takes the place of the one before, as a wait that was moved does.
        rank: a Priority's.
    """
    key = f"{run} {why}"
    with transaction.atomic():
        Row.objects.filter(key=key).delete()
        Row.objects.create(run_id=run, key=key, rank=rank, posted_at=at, not_before=not_before)
        ring()


def ring() -> None:
    """Have all workers look, once what they are to see is committed. On SQLite they see each commit."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")


@database_faults()
def new_postings() -> list[Posting]:
    """What no engine has been handed yet, the most urgent first."""
    return [_read(row) for row in Row.objects.filter(handed=False).order_by("rank", "pk")]


@database_faults()
def all_postings() -> list[Posting]:
    """What is due now or later: for an engine that may have lost what it was handed."""
    return [_read(row) for row in Row.objects.order_by("rank", "pk")]


@database_faults()
def leg_due(run: int, now: datetime) -> bool:
    """Whether a leg of this run is due and has not returned."""
    due = Q(not_before=None) | Q(not_before__lte=now)
    return Row.objects.filter(due, run=run).exists()


@database_faults()
def mark_handed(numbers: list[int]) -> None:
    """The engine has these."""
    Row.objects.filter(pk__in=numbers).update(handed=True)


@database_faults()
def post_again(executor: str) -> None:
    """Have what a dead worker had in hand, its engine with it, handed to another one's engine."""
    Row.objects.filter(run__executor=executor).update(handed=False)


@database_faults()
def run_postings(run: int) -> list[Posting]:
    """What a leg of this run that begins now satisfies."""
    return [_read(row) for row in Row.objects.filter(run=run).order_by("pk")]


@database_faults()
def remove_postings(numbers: list[int]) -> None:
    """A leg that began after them has returned."""
    Row.objects.filter(pk__in=numbers).delete()


def _read(row: Row) -> Posting:
    # Never the same again, not even after a restore has set the numbers back.
    key = f"{row.run_id} {row.pk} {row.posted_at.timestamp():.6f}"
    return Posting(row.pk, Delivery(row.run_id, key, row.rank, row.not_before))
