"""Doing to the log of events what only the database's owner can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from django.db import connection, transaction

from orchestrator.model.site import HashAlgorithm
from orchestrator.records.event_hash import COLUMNS, GENESIS, EventLine, chained
from orchestrator.records.models import Event


@contextmanager
def triggers_lifted() -> Iterator[None]:
    """On SQLite they are dropped for good."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        yield
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = origin")


def stored_log() -> list[EventLine]:
    """All events in the database, right or not."""
    return [EventLine(*row) for row in Event.objects.order_by("sequence").values_list(*COLUMNS)]


def replace_log(events: Sequence[EventLine]) -> None:
    """Put these into the database, instead of all that are there."""
    with triggers_lifted(), transaction.atomic():
        Event.objects.all().delete()
        Event.objects.bulk_create(
            Event(**{column: getattr(event, column) for column in COLUMNS}) for event in events
        )


def renumbered(events: Sequence[EventLine], first: int) -> list[EventLine]:
    return [replace(event, sequence=number) for number, event in enumerate(events, first)]


def recomputed(events: Sequence[EventLine], place: int, algorithm: HashAlgorithm) -> list[EventLine]:
    """With hashes that make a chain again, from an index on."""
    done = list(events[:place])
    for event in events[place:]:
        before = done[-1].hash if done else GENESIS
        done.append(replace(event, hash=chained(before, event.content(), algorithm)))
    return done
