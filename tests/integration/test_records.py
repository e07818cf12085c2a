"""What is recorded of rounds, on a real database."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from orchestrator.errors import NotFound, Refused, StoreError
from orchestrator.language import Text
from orchestrator.model.round import RoundState
from orchestrator.model.secret import Secret
from orchestrator.model.verdict import Verdict
from orchestrator.records import database as records
from orchestrator.records.ledger import RecordedLedger
from orchestrator.records.lock import round_lock
from orchestrator.records.masking import Masker
from orchestrator.records.memory import remember, remembered
from orchestrator.records.models import Event, Finding, HostResult, Sample
from orchestrator.records.models.event import EventKind
from orchestrator.records.rounds import (
    close_round,
    get_round,
    latest_round,
    list_rounds,
    open_round,
    record_outcome,
    record_outcomes,
    record_refusal,
    round_before,
    settle_abandoned,
    settle_interrupted,
)
from orchestrator.records.sighting import Identity
from tests.rounds import MASKER, START, WANG, lost, outcome, plan, recorded, result, seen, value

pytestmark = pytest.mark.usefixtures("database")
DISK = Identity("db1", "disk", "used_pct", "/data")


def open_findings() -> dict[str, Verdict]:
    return {
        f"{one.host} {one.task} {one.subject}".strip(): Verdict(one.verdict)
        for one in Finding.objects.filter(cleared_in=None)
    }


def test_every_model_change_has_its_migration() -> None:
    call_command("makemigrations", "records", check=True, dry_run=True, verbosity=0, stdout=StringIO())


def test_a_round_counts_what_was_recorded_and_what_was_not() -> None:
    number = recorded(plan("db1", "db2", "db3"), seen("db1", Verdict.CRIT), lost("db2"))
    row = get_round(number)
    assert (row.hosts, row.hosts_done, row.hosts_unreachable, row.checks) == (3, 2, 1, 9)
    assert (row.ok, row.crit, row.unknown, row.skipped, row.not_run) == (1, 1, 3, 1, 3)
    assert (row.due, row.done) == (8, 2)
    assert row.finished_at == START + timedelta(minutes=1)


def test_a_failed_batch_of_hosts_leaves_nothing_of_itself() -> None:
    number = open_round(plan("db1", "db2"), WANG, START, "0.1.0")
    record_outcome(number, seen("db1", Verdict.OK), MASKER)
    with pytest.raises(IntegrityError):
        record_outcomes(number, (seen("db2", Verdict.OK), seen("db1", Verdict.OK)), MASKER)
    assert list(HostResult.objects.values_list("host", flat=True)) == ["db1"]
    assert get_round(number).hosts_done == 1


def test_a_finding_keeps_its_beginning_until_a_check_sees_it_gone() -> None:
    first = recorded(plan("db1"), seen("db1", Verdict.WARN))
    recorded(plan("db1"), seen("db1", Verdict.CRIT), day=1)
    assert open_findings() == {"db1 disk /data": Verdict.CRIT}
    last = recorded(plan("db1"), seen("db1", Verdict.OK), day=2)
    finding = Finding.objects.get()
    assert (finding.first_seen_id, finding.cleared_in_id) == (first, last)
    recorded(plan("db1"), seen("db1", Verdict.CRIT), day=3)
    assert Finding.objects.count() == 2


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.NOT_RUN, Verdict.SKIPPED])
def test_not_having_looked_clears_nothing(verdict: Verdict) -> None:
    recorded(plan("db1"), seen("db1", Verdict.CRIT))
    recorded(plan("db1"), outcome("db1", result("disk", verdict=verdict)), day=1)
    assert open_findings()["db1 disk /data"] is Verdict.CRIT


def test_neither_a_lost_host_nor_a_round_without_it_clears_its_findings() -> None:
    recorded(plan("db1", "db2"), seen("db1", Verdict.CRIT), seen("db2", Verdict.OK))
    recorded(plan("db1", "db2"), lost("db1"), seen("db2", Verdict.OK), day=1)
    recorded(plan("db2"), seen("db2", Verdict.OK), day=2)
    assert open_findings() == {"db1 disk /data": Verdict.CRIT, "db1": Verdict.UNKNOWN}


def test_another_runbook_that_is_content_clears_nothing_of_ours() -> None:
    recorded(plan("db1"), seen("db1", Verdict.CRIT))
    recorded(plan("db1", runbook="evening"), seen("db1", Verdict.OK))
    assert open_findings() == {"db1 disk /data": Verdict.CRIT}


def test_a_host_that_answers_another_runbook_is_no_longer_lost() -> None:
    recorded(plan("db1"), lost("db1"))
    recorded(plan("db1", runbook="evening"), seen("db1", Verdict.OK))
    assert open_findings() == {}


def test_another_subject_that_is_well_clears_nothing() -> None:
    recorded(plan("db1"), seen("db1", Verdict.CRIT))
    recorded(plan("db1"), outcome("db1", result("disk", value(Verdict.OK, "/"))), day=1)
    assert open_findings() == {"db1 disk /data": Verdict.CRIT}


def test_a_lost_host_is_one_finding_and_clears_when_it_answers() -> None:
    recorded(plan("db1"), lost("db1"))
    assert open_findings() == {"db1": Verdict.UNKNOWN}
    recorded(plan("db1"), seen("db1", Verdict.OK), day=1)
    assert open_findings() == {}


def test_a_host_that_was_never_asked_does_not_count_as_answering() -> None:
    recorded(plan("db1"), lost("db1"))
    silent = outcome(
        "db1", *(result(task, verdict=Verdict.NOT_RUN) for task in ("disk", "service", "orders"))
    )
    recorded(plan("db1"), silent, state=RoundState.CANCELLED, day=1)
    assert open_findings() == {"db1": Verdict.UNKNOWN}


def test_a_check_that_could_not_look_clears_once_it_could() -> None:
    recorded(plan("db1"), seen("db1", Verdict.UNKNOWN))
    assert open_findings() == {"db1 disk": Verdict.UNKNOWN}
    recorded(plan("db1"), seen("db1", Verdict.WARN), day=1)
    assert open_findings() == {"db1 disk /data": Verdict.WARN}


def test_numbers_are_kept_for_trends_and_words_are_not() -> None:
    for day in range(3):
        recorded(plan("db1"), seen("db1", Verdict.OK, START + timedelta(days=day)), day=day)
    samples = Sample.objects.filter(series__host="db1", series__metric="used_pct", series__subject="/data")
    times = [datetime.fromtimestamp(at, UTC) for at in samples.order_by("at").values_list("at", flat=True)]
    assert times == [START, START + timedelta(days=1), START + timedelta(days=2)]
    assert set(samples.values_list("value", "series__unit")) == {(41.0, "%")}
    assert not Sample.objects.filter(series__metric="state").exists()


def test_events_tell_the_round_in_order() -> None:
    number = recorded(plan("db1", "db2"), seen("db1", Verdict.CRIT), lost("db2"))
    recorded(plan("db1"), seen("db1", Verdict.OK), day=1)
    record_refusal(plan("db1"), WANG, Text("不行", "no"), START)
    told = list(Event.objects.values_list("kind", "subject"))
    assert told == [
        (EventKind.ROUND_STARTED, f"round {number}"),
        (EventKind.HOST_UNREACHABLE, "db2"),
        (EventKind.FINDING_OPENED, "db1 disk used_pct /data"),
        (EventKind.FINDING_OPENED, "db2"),
        (EventKind.ROUND_FINISHED, f"round {number}"),
        (EventKind.ROUND_STARTED, f"round {number + 1}"),
        (EventKind.FINDING_CLEARED, "db1 disk used_pct /data"),
        (EventKind.ROUND_FINISHED, f"round {number + 1}"),
        (EventKind.ROUND_REFUSED, "morning"),
    ]
    sequence = list(Event.objects.values_list("sequence", flat=True))
    assert sequence == list(range(1, len(told) + 1))


@pytest.mark.parametrize(
    ("statement", "product"),
    [
        ("UPDATE records_event SET subject = 'forged'", ""),
        ("DELETE FROM records_event", ""),
        ("TRUNCATE records_event", "postgresql"),
        ("REPLACE INTO records_event SELECT * FROM records_event", "sqlite"),
    ],
)
def test_the_database_refuses_to_change_what_happened(statement: str, product: str) -> None:
    recorded(plan("db1"), seen("db1", Verdict.OK))
    if product not in ("", connection.vendor):
        return
    before = list(Event.objects.values_list())
    with (
        pytest.raises(IntegrityError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(Event.objects.values_list()) == before


def test_no_secret_and_no_patient_reaches_the_disk(database: Path) -> None:
    secret = "hunter2-Zebra"
    shown = f"login as {secret} by 13812345678"
    leaky = value(Verdict.WARN, shown)
    leaky = replace(leaky, observation=replace(leaky.observation, value=shown, evidence=shown))
    number = open_round(plan("db1"), WANG, START, "0.1.0")
    record_outcome(number, outcome("db1", result("disk", leaky)), Masker([Secret(secret)], b"salt"))
    if connection.vendor != "sqlite":
        return  # its bytes are on the server's disk
    records.disconnect()
    stored = b"".join(path.read_bytes() for path in database.iterdir() if path.is_file())
    assert secret.encode() not in stored
    assert b"13812345678" not in stored
    assert b"login as ********" in stored


def test_a_permit_is_redeemed_once() -> None:
    RecordedLedger().redeem("permit-1", "d" * 64, START)
    with pytest.raises(Refused):
        RecordedLedger().redeem("permit-1", "d" * 64, START)
    assert Event.objects.filter(kind=EventKind.PERMIT_REDEEMED).count() == 1


def test_of_many_who_redeem_a_permit_at_once_one_succeeds() -> None:
    def redeem(_: int) -> bool:
        try:
            RecordedLedger().redeem("permit-1", "d" * 64, START)
        except Refused:
            return False
        finally:
            records.disconnect()
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(redeem, range(6))) == 1


def test_commands_are_remembered_by_runbook_and_host() -> None:
    morning, evening = plan("db1", "db2"), plan("db1", runbook="evening")
    remember(morning, (outcome("db1", commands=("stamp", "10 df")), outcome("db2")), MASKER)
    remember(evening, (outcome("db1", commands=("other", "10 w")),), MASKER)
    assert remembered(morning) == {"db1": ("stamp", "10 df")}
    remember(morning, (outcome("db1", commands=("stamp", "10 df", "10 id")),), MASKER)
    assert remembered(morning) == {"db1": ("stamp", "10 df", "10 id")}
    remember(morning, (lost("db1"),), MASKER)
    assert remembered(morning) == {"db1": ("stamp", "10 df", "10 id")}


def test_a_command_with_a_secret_in_it_is_not_remembered() -> None:
    commands = ("stamp", "10 df", "10 psql postgresql://w:hunter2-Zebra@db")
    remember(plan("db1"), (outcome("db1", commands=commands),), Masker([Secret("hunter2-Zebra")], b"salt"))
    assert remembered(plan("db1")) == {"db1": ("stamp", "10 df")}


def test_rounds_are_listed_newest_first_and_found_by_number() -> None:
    numbers = [recorded(plan("db1"), day=day) for day in range(3)]
    other = recorded(plan("db1", runbook="evening"), day=3)
    assert [row.number for row in list_rounds()] == [other, *reversed(numbers)]
    assert [row.number for row in list_rounds("morning", 2)] == [numbers[2], numbers[1]]
    assert latest_round() == other
    with pytest.raises(NotFound, match="99"):
        get_round(99)


def test_without_any_round_the_latest_is_not_found() -> None:
    with pytest.raises(NotFound):
        latest_round()


def test_a_round_is_compared_with_the_last_completed_one_of_its_runbook() -> None:
    completed = recorded(plan("db1"))
    recorded(plan("db1"), state=RoundState.CANCELLED, day=1)
    recorded(plan("db1", runbook="evening"), day=1)
    row = get_round(recorded(plan("db1"), day=2))
    before = round_before(row)
    assert before is not None
    assert before.number == completed
    assert round_before(before) is None


@pytest.mark.parametrize(
    "write",
    [
        lambda number: record_outcome(number, seen("db1", Verdict.OK), MASKER),
        lambda number: close_round(number, RoundState.CANCELLED, START),
    ],
)
def test_a_round_that_has_ended_takes_nothing_more(write: Callable[[int], None]) -> None:
    number = recorded(plan("db1"))
    with pytest.raises(StoreError, match="not running"):
        write(number)
    assert get_round(number).round_state is RoundState.COMPLETED
    assert not HostResult.objects.exists()


def test_a_round_left_behind_is_settled_as_interrupted_with_what_it_has() -> None:
    number = recorded(plan("db1", "db2"), seen("db1", Verdict.OK), state=None)
    other = recorded(plan("db1", runbook="evening"), state=None)
    assert settle_interrupted("morning", START) == (number,)
    assert get_round(number).round_state is RoundState.INTERRUPTED
    assert get_round(number).hosts_done == 1
    assert get_round(other).round_state is RoundState.RUNNING


def test_a_round_whose_lock_is_held_is_not_settled(database: Path) -> None:
    held = recorded(plan("db1"), state=None)
    abandoned = recorded(plan("db1", runbook="evening"), state=None)
    with round_lock(database, "morning", "王工", START):
        assert settle_abandoned(database, START) == (abandoned,)
    assert settle_abandoned(database, START) == (held,)
    assert settle_abandoned(database, START) == ()


def test_a_thread_of_its_own_records_while_others_read() -> None:
    number = open_round(plan(*(f"db{place}" for place in range(20))), WANG, START, "0.1.0")

    def record(place: int) -> None:
        record_outcome(number, seen(f"db{place}", Verdict.WARN), MASKER)

    with ThreadPoolExecutor(1) as thread:
        for done in thread.map(record, range(20)):
            assert done is None
            assert get_round(number).hosts_done >= 1
        thread.submit(records.disconnect).result()
    assert get_round(number).hosts_done == 20


def test_the_rows_of_a_round_stay_compact() -> None:
    """No row a check, and titles and thresholds are not repeated for each."""
    hosts = [f"db{place}" for place in range(50)]
    recorded(plan(*hosts), *(seen(host, Verdict.OK) for host in hosts))
    kept = HostResult.objects.values_list("results", flat=True)
    assert len(kept) == 50
    assert sum(map(len, kept)) / 50 < 600
