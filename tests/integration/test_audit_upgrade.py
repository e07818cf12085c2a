"""Bringing a database from before the chain up to date: its events are chained, and stay append-only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

from orchestrator.model.server import Server
from orchestrator.records import database as records
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.events import append_events
from orchestrator.records.models import Event
from orchestrator.records.models.event import EventKind
from tests.postgres import drop_database, make_database
from tests.rounds import START, WANG


@pytest.fixture(params=["sqlite", "postgresql"])
def upgraded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """A database of the first version with two events, whose second number was lost, opened by this one."""
    if request.param == "sqlite":
        server = None
    else:
        cluster: Server = request.getfixturevalue("postgres")
        server = make_database(cluster, f"test_{uuid4().hex}")
    records.configure(server or tmp_path / records.FILE)
    with connection.constraint_checks_disabled():
        MigrationExecutor(connection).migrate([("records", "0002_append_only")])
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO records_event (sequence, at, kind, subject, data) VALUES (%s, %s, %s, %s, %s)",
            [
                (1, "2026-11-01 07:30:00+00:00", "round_refused", "morning", '{"reason": ["不", "no"]}'),
                (3, "2026-11-02 07:30:00.25+00:00", "permit_redeemed", "p1", '{"rate": 1.0}'),
            ],
        )
    records.disconnect()
    records.open_database(tmp_path, server)
    yield
    records.disconnect()
    if server is not None:
        drop_database(cluster, server)


@pytest.mark.usefixtures("upgraded")
def test_old_events_are_chained_and_the_log_goes_on() -> None:
    assert verify_log().broken is None
    append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    assert verify_log().broken is None
    kinds = list(Event.objects.order_by("sequence").values_list("sequence", "kind"))
    assert kinds == [
        (1, "round_refused"),
        (2, "permit_redeemed"),
        (3, "chain_started"),
        (4, "permit_redeemed"),
    ]


@pytest.mark.usefixtures("upgraded")
@pytest.mark.parametrize(
    "statement", ["UPDATE records_event SET actor = 'x'", "DELETE FROM records_event WHERE sequence = 1"]
)
def test_they_are_still_append_only(statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Event.objects.count() == 3
