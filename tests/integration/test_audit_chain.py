"""Whatever is done to the log of events, verification names the first event that it was done to."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction

from orchestrator.errors import ChainBroken, StoreError
from orchestrator.model.audit import Anchor, BreakKind
from orchestrator.model.site import HashAlgorithm
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_restart import restart_chain
from orchestrator.records.chain_tail import settle, sound_anchor
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.event_hash import COLUMNS, EventLine, chained
from orchestrator.records.events import append_events
from orchestrator.records.models import Event
from orchestrator.records.models.event import EventKind
from orchestrator.records.restored_event import record_restore
from orchestrator.records.sealing import seal_events
from tests.rounds import START, WANG

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def log(database: Path) -> None:
    for number in range(1, 9):
        append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, f"permit {number}", {"rate": number / 3})])


def by_force(*statements: str) -> None:
    """As somebody who owns the database: triggers are no hindrance."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
        else:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = origin")


def shift(first: int, by: int) -> tuple[str, str]:
    """Renumber from `first` on, over a detour so that no number is taken."""
    return (
        f"UPDATE records_event SET sequence = -sequence WHERE sequence >= {first}",
        f"UPDATE records_event SET sequence = -sequence + {by} WHERE sequence < 0",
    )


def copy(source: int, target: int) -> str:
    rest = ", ".join(COLUMNS[1:])
    return (
        f"INSERT INTO records_event (sequence, {rest}) "
        f"SELECT {target}, {rest} FROM records_event WHERE sequence = {source}"
    )


def recompute(first: int) -> None:
    rows = [EventLine(*row) for row in Event.objects.order_by("sequence").values_list(*COLUMNS)]
    tail = rows[first - 2].hash if first > 1 else ""
    for row in rows[first - 1 :]:
        tail = chained(tail, row.content(), HashAlgorithm.SM3)
        by_force(f"UPDATE records_event SET hash = '{tail}' WHERE sequence = {row.sequence}")


def recompute_after(first: int, statement: str) -> None:
    by_force(statement)
    recompute(first)


def found() -> tuple[BreakKind | None, int | None]:
    broken = verify_log().broken
    return (broken.kind, broken.sequence) if broken else (None, None)


@pytest.mark.usefixtures("log")
def test_an_untouched_log_is_intact_and_gapless() -> None:
    assert found() == (None, None)
    assert verify_log().events == 8
    assert list(Event.objects.values_list("sequence", flat=True)) == list(range(1, 9))


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("place", [1, 4, 8])
@pytest.mark.parametrize(
    "change",
    [
        "kind = 'x'",
        "actor = 'x'",
        "proof = 'x'",
        "subject = 'x'",
        "data = '{}'",
        "hash = 'sm3:00'",
        "at = '2020-01-01 00:00:00+00:00'",
    ],
)
def test_an_altered_column_is_named(place: int, change: str) -> None:
    by_force(f"UPDATE records_event SET {change} WHERE sequence = {place}")
    assert found() == (BreakKind.ALTERED, place)


TAMPERINGS: dict[str, tuple[Callable[[], None], BreakKind, int | None]] = {
    "remove": (lambda: by_force("DELETE FROM records_event WHERE sequence = 4"), BreakKind.REMOVED, 4),
    "remove the first": (
        lambda: by_force("DELETE FROM records_event WHERE sequence = 1"),
        BreakKind.REMOVED,
        1,
    ),
    "remove and renumber": (
        lambda: by_force("DELETE FROM records_event WHERE sequence = 4", *shift(5, -1)),
        BreakKind.REMOVED,
        4,
    ),
    "insert and renumber": (
        lambda: by_force(
            *shift(4, 1), copy(2, 4), "UPDATE records_event SET hash = 'sm3:1' WHERE sequence = 4"
        ),
        BreakKind.INSERTED,
        4,
    ),
    "reorder": (
        lambda: by_force(
            "UPDATE records_event SET sequence = 99 WHERE sequence = 4",
            "UPDATE records_event SET sequence = 4 WHERE sequence = 5",
            "UPDATE records_event SET sequence = 5 WHERE sequence = 99",
        ),
        BreakKind.REORDERED,
        4,
    ),
    "cut the tail": (
        lambda: by_force("DELETE FROM records_event WHERE sequence > 6"),
        BreakKind.TRUNCATED,
        7,
    ),
    "cut everything": (lambda: by_force("DELETE FROM records_event"), BreakKind.TRUNCATED, 1),
    "add at the tail": (lambda: recompute_after(9, copy(2, 9)), BreakKind.INSERTED, 9),
    "alter and recompute": (
        lambda: recompute_after(3, "UPDATE records_event SET actor = 'x' WHERE sequence = 3"),
        BreakKind.ALTERED,
        3,
    ),
    "delete the head": (lambda: remove("head.json"), BreakKind.HEAD, None),
    "corrupt the head": (lambda: overwrite("head.json", "{"), BreakKind.HEAD, None),
    "delete the lines": (lambda: remove("events.log"), BreakKind.LINES, None),
    "garble the lines": (lambda: overwrite("events.log", "1 x\n"), BreakKind.LINES, None),
}


def remove(name: str) -> None:
    (audit_folder() / name).unlink()


def overwrite(name: str, content: str) -> None:
    (audit_folder() / name).write_text(content)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_named_and_acknowledged_but_never_hidden(name: str) -> None:
    tamper, kind, sequence = TAMPERINGS[name]
    tamper()
    assert found() == (kind, sequence)
    restart_chain(START, WANG, "looked into")
    append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    after = verify_log()
    assert after.broken is None
    assert len(after.acknowledged) == 1


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    "name",
    ["cut the tail", "add at the tail", "delete the head", "corrupt the head", "delete the lines"],
)
def test_nothing_is_recorded_on_a_log_that_does_not_end_as_its_head_says(name: str) -> None:
    TAMPERINGS[name][0]()
    before = Event.objects.count()
    with pytest.raises(ChainBroken) as refused:
        append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    assert refused.value.hint is not None
    assert Event.objects.count() == before


def test_an_older_head_is_recognised(log: None) -> None:
    older = (audit_folder() / "head.json").read_bytes()
    append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    (audit_folder() / "head.json").write_bytes(older)
    assert found() == (BreakKind.HEAD, None)


def test_a_head_that_says_more_than_it_signed_is_no_head(log: None) -> None:
    file = audit_folder() / "head.json"
    content = json.loads(file.read_text())
    content["confirmed"][0] = 6
    file.write_text(json.dumps(content))
    assert found() == (BreakKind.HEAD, None)


def test_what_is_acknowledged_must_not_change_again(log: None) -> None:
    by_force("UPDATE records_event SET actor = 'x' WHERE sequence = 3")
    restart_chain(START, WANG, "looked into")
    by_force("UPDATE records_event SET actor = 'y' WHERE sequence = 3")
    assert verify_log().broken is not None


def test_a_restore_is_an_event_and_says_what_was_lost(log: None) -> None:
    by_force("DELETE FROM records_event WHERE sequence > 6")
    with transaction.atomic():
        record_restore(START, WANG, "backup", {})
    settle()
    restored = verify_log()
    assert restored.broken is None
    assert "7-8" in restored.acknowledged[0].en
    assert Event.objects.values_list("sequence", flat=True).last() == 9


def test_a_key_that_others_may_read_is_not_used(log: None) -> None:
    (audit_folder() / "signing.key").chmod(0o644)
    with pytest.raises(StoreError, match="others may read"):
        append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])


def test_an_anchor_on_paper_finds_a_log_that_was_replaced_as_a_whole(log: None) -> None:
    anchor = sound_anchor()
    assert anchor is not None
    assert verify_log([anchor]).broken is None
    forged = verify_log([Anchor(5, anchor.hash)]).broken
    assert forged is not None
    assert forged.sequence == 5


def sealed_file(log_folder: Path) -> Path:
    (file,) = (log_folder / "segments").iterdir()
    return file


def test_sealed_events_leave_the_database_and_stay_in_the_chain(log: None) -> None:
    assert seal_events(START + timedelta(days=1), START + timedelta(days=400), WANG) == 7
    assert list(Event.objects.values_list("sequence", flat=True)) == [8, 9]
    assert verify_log().broken is None
    assert verify_log().events == 9
    append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    assert found() == (None, None)


def test_a_sealed_file_that_is_not_there_is_said_not_to_be_seen(log: None) -> None:
    seal_events(START + timedelta(days=1), START, WANG)
    sealed_file(audit_folder()).unlink()
    report = verify_log()
    assert report.broken is None
    assert "1-7" in report.unseen[0].en


def test_a_sealed_file_that_was_changed_is_named(log: None) -> None:
    seal_events(START + timedelta(days=1), START, WANG)
    file = sealed_file(audit_folder())
    file.write_bytes(file.read_bytes()[:-9])
    assert found() == (BreakKind.SEGMENT, 1)


def test_events_that_no_sealing_event_tells_of_are_missed(log: None) -> None:
    by_force(
        "INSERT INTO records_segment (first, last, previous, hash, file, digest, sealed_at) "
        "SELECT 1, 3, '', hash, 'x', 'x', at FROM records_event WHERE sequence = 3",
        "DELETE FROM records_event WHERE sequence <= 3",
    )
    assert found() == (BreakKind.REMOVED, 1)


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("name", ["cut the tail", "cut everything", "delete the head", "corrupt the head"])
def test_no_anchor_is_given_of_a_log_that_does_not_end_as_its_head_says(name: str) -> None:
    assert sound_anchor() is not None
    TAMPERINGS[name][0]()
    with pytest.raises(ChainBroken):
        sound_anchor()


@pytest.mark.usefixtures("log")
def test_a_lost_signing_key_stops_what_needs_a_record_until_somebody_takes_note() -> None:
    remove("signing.key")
    with pytest.raises(ChainBroken, match="signing key"):
        append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    assert verify_log().events == 8
    restart_chain(START, WANG, "looked into")
    append_events(START, WANG, [(EventKind.PERMIT_REDEEMED, "later", {})])
    after = verify_log()
    assert after.broken is None
    assert ["signing key" in text.en for text in after.acknowledged] == [True]
