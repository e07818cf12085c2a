"""The same tables and the same code on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from orchestrator.errors import Refused
from orchestrator.language import Text
from orchestrator.model.report import Change
from orchestrator.model.system import Catalogue
from orchestrator.model.verdict import Verdict
from orchestrator.records.ledger import RecordedLedger
from orchestrator.records.memory import remember, remembered
from orchestrator.records.models import Event
from orchestrator.reporting.round_report import build_report
from tests.postgres import running_postgres
from tests.rounds import MASKER, START, lost, outcome, plan, recorded, seen


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(autouse=True)
def on_postgres(postgres: str) -> Iterator[None]:
    server = urlsplit(postgres)
    sqlite = connections.settings["default"]
    _forget_connection()
    connections.settings["default"] = {
        **sqlite,
        "ENGINE": "django.db.backends.postgresql",
        "NAME": server.path.lstrip("/"),
        "USER": server.username,
        "PASSWORD": server.password,
        "HOST": server.hostname,
        "PORT": server.port,
        "OPTIONS": {},
    }
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())
    yield
    _forget_connection()
    connections.settings["default"] = sqlite


def test_rounds_are_recorded_and_reported() -> None:
    recorded(plan("db1", "web1"), seen("db1", Verdict.CRIT), lost("web1"))
    number = recorded(plan("db1", "web1"), seen("db1", Verdict.OK), seen("web1", Verdict.WARN), day=1)
    shown = build_report(
        number, Text("", ""), Catalogue(()), "UTC", START + timedelta(days=2), lambda *_: None
    )
    assert [(item.host, item.change) for item in shown.findings] == [("web1", Change.NEW)]
    assert {item.host for item in shown.cleared} == {"db1", "web1"}
    remember(plan("db1"), (outcome("db1", commands=("stamp", "10 df")),), MASKER)
    remember(plan("db1"), (outcome("db1", commands=("stamp", "10 id")),), MASKER)
    assert remembered(plan("db1")) == {"db1": ("stamp", "10 id")}


def test_a_permit_is_redeemed_once() -> None:
    RecordedLedger().redeem("permit-1", "d" * 64, START)
    with pytest.raises(Refused):
        RecordedLedger().redeem("permit-1", "d" * 64, START)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE records_event SET subject = 'forged'", "DELETE FROM records_event", "TRUNCATE records_event"],
)
def test_the_database_refuses_to_change_what_happened(statement: str) -> None:
    recorded(plan("db1"), seen("db1", Verdict.OK))
    before = Event.objects.count()
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Event.objects.count() == before


def _forget_connection() -> None:
    connections["default"].close()
    del connections["default"]
