"""What proves that a run was permitted: the row and the event, both or nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestrator.errors import Refused
from orchestrator.execution.start import resume, start
from orchestrator.gate.gate import admit
from orchestrator.model.actor import PROGRAM
from orchestrator.model.plan import Plan
from orchestrator.model.runbook import Kind
from orchestrator.records.events import append_events
from orchestrator.records.ledger import RecordedLedger
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.redeemed_permit import RedeemedPermit
from tests.unit.planning_cast import action, host, inventory, plan, play, runbook

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
FORGED = "f" * 32

pytestmark = pytest.mark.usefixtures("database")


def routine(name: str = "test01") -> Plan:
    book = runbook(play(action()), kind=Kind.ROUTINE)
    return plan(book, inventory(host(name, environment="test")))[0]


def test_a_started_run_goes_on_in_another_process_and_its_permit_starts_no_second_one() -> None:
    made = routine()
    permit = admit(made, NOW)
    started = start(permit, made, NOW, RecordedLedger())
    assert resume(made, permit.id, RecordedLedger()) == started
    with pytest.raises(Refused, match="used already"):
        start(permit, made, NOW, RecordedLedger())


def test_a_permit_that_was_never_used_lets_nothing_go_on() -> None:
    made = routine()
    with pytest.raises(Refused, match="no permit was ever used up"):
        resume(made, admit(made, NOW).id, RecordedLedger())


def test_a_permit_that_was_used_for_another_plan_lets_nothing_go_on() -> None:
    made, other = routine(), routine("test02")
    permit = admit(made, NOW)
    start(permit, made, NOW, RecordedLedger())
    with pytest.raises(Refused, match="no permit was ever used up"):
        resume(other, permit.id, RecordedLedger())


def test_a_row_that_was_forged_without_its_event_lets_nothing_go_on() -> None:
    made = routine()
    RedeemedPermit(id=FORGED, plan_digest=made.digest, redeemed_at=NOW).save(force_insert=True)
    with pytest.raises(Refused, match="no permit was ever used up"):
        resume(made, FORGED, RecordedLedger())


def test_an_event_without_its_row_lets_nothing_go_on() -> None:
    made = routine()
    append_events(NOW, PROGRAM, [(EventKind.PERMIT_REDEEMED, FORGED, {"plan": made.digest})])
    with pytest.raises(Refused, match="no permit was ever used up"):
        resume(made, FORGED, RecordedLedger())


def test_a_row_that_was_altered_afterwards_lets_nothing_go_on(database: Path) -> None:
    made, other = routine(), routine("test02")
    permit = admit(made, NOW)
    start(permit, made, NOW, RecordedLedger())
    RedeemedPermit.objects.filter(pk=permit.id).update(plan_digest=other.digest)
    for one in (made, other):
        with pytest.raises(Refused, match="no permit was ever used up"):
            resume(one, permit.id, RecordedLedger())
