"""Findings that are accepted, handled and closed, over real records."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from orchestrator.application.deadline import read_deadline
from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.finding import Act, FindingState
from orchestrator.model.report import Change, RoundReport
from orchestrator.model.round import HostOutcome, RoundState
from orchestrator.model.system import Catalogue
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from orchestrator.records.handling import (
    FindingFilter,
    assign_finding,
    close_finding,
    finding_detail,
    list_findings,
    note_finding,
)
from orchestrator.records.models import Event, Finding
from orchestrator.records.models.event import EventKind
from orchestrator.records.rounds import close_round, get_round, open_round, record_outcomes
from orchestrator.records.sealing import seal_events
from orchestrator.records.vouching import forged_rows
from orchestrator.records.waivers import approve_waiver, end_waiver, list_waivers, waivers_for_round
from orchestrator.records.waiving import waive
from orchestrator.reporting.round_report import build_report
from tests.rounds import MASKER, START, WANG, plan, recorded, seen

pytestmark = pytest.mark.usefixtures("database")
DAY = timedelta(days=1)
PEOPLE = 6


def approved(days: float = 10, covers: Verdict = Verdict.WARN, subject: str = "/data") -> Waiver:
    return approve_waiver(
        Waiver(
            0,
            "morning",
            "db1",
            "disk",
            "used_pct",
            subject,
            covers,
            "ordered",
            WANG,
            START,
            START + days * DAY,
        )
    )


def round_with_waivers(verdict: Verdict, day: int, *, partial: bool = False) -> int:
    at = START + day * DAY
    number = open_round(plan("db1"), WANG, at, "0.1.0", partial=partial)
    waivers = waivers_for_round(number, "morning", {"db1"}, at)
    outcome: HostOutcome = waive(seen("db1", verdict, at), waivers)
    record_outcomes(number, (outcome,), MASKER)
    close_round(number, RoundState.COMPLETED, at + timedelta(minutes=1))
    return number


def report(number: int) -> RoundReport:
    hospital = Text("医院", "hospital")
    return build_report(number, hospital, Catalogue(()), "Asia/Shanghai", START + 90 * DAY, lambda *_: None)


def events(kind: EventKind) -> list[str]:
    return list(Event.objects.filter(kind=kind).values_list("subject", flat=True))


def test_a_waived_finding_stays_open_and_is_none_of_the_rounds_findings() -> None:
    recorded(plan("db1"), seen("db1", Verdict.WARN))
    waiver = approved()
    number = round_with_waivers(Verdict.WARN, 1)
    row = get_round(number)
    assert (row.waived, row.warn) == (1, 0)
    (line,) = list_findings(FindingFilter(), START + DAY, 10)
    assert (line.state, line.verdict) == (FindingState.WAIVED, Verdict.WAIVED)
    told = report(number)
    assert told.findings == ()
    (item,) = [one for one in told.items if one.verdict is Verdict.WAIVED]
    assert (item.waiver, item.finding) == (waiver, line.number)
    assert events(EventKind.FINDING_CLEARED) == []


def test_a_waived_value_opens_no_finding_and_what_gets_worse_does() -> None:
    recorded(plan("db1"), seen("db1", Verdict.OK))
    approved()
    round_with_waivers(Verdict.WARN, 1)
    assert not Finding.objects.exists()
    assert [one.verdict for one in report(round_with_waivers(Verdict.CRIT, 2)).findings] == [Verdict.CRIT]


def test_a_waiver_that_ran_out_speaks_up_once_and_its_finding_carries_it() -> None:
    first = recorded(plan("db1"), seen("db1", Verdict.WARN))
    waiver = approved(days=1.5)
    soon = report(round_with_waivers(Verdict.WARN, 1))
    assert soon.waivers == (waiver,)
    late = report(round_with_waivers(Verdict.WARN, 2))
    assert late.waivers == (waiver,)
    (item,) = late.findings
    assert (item.waiver, item.change) == (waiver, Change.PERSISTING)
    assert item.finding == Finding.objects.get(first_seen=first).number
    after = report(round_with_waivers(Verdict.WARN, 3))
    assert after.waivers == ()
    assert events(EventKind.WAIVER_EXPIRED) == [f"waiver {waiver.number}"]
    assert report(soon.round).findings == ()


def test_two_waivers_never_stand_for_the_same() -> None:
    first = approved()
    with pytest.raises(InputError, match=f"waiver {first.number} "):
        approved(subject="")
    approved(subject="/other")
    end_waiver(first.number, WANG, START + DAY, "mended")
    assert [one.holds(START + 2 * DAY) for one in list_waivers()] == [False, True]
    with pytest.raises(InputError, match="ended already"):
        end_waiver(first.number, WANG, START + DAY, "again")


def at_once(act: Callable[[int], object]) -> list[object]:
    """What comes of it when several people do the same at once, each over their own connection."""
    gate = Barrier(PEOPLE)

    def one(number: int) -> object:
        try:
            Event.objects.exists()  # connected
            gate.wait(60)
            return act(number)
        except InputError as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(one, range(PEOPLE)))


def test_of_people_who_approve_overlapping_waivers_at_once_one_succeeds() -> None:
    subjects = ["", "/data"] * PEOPLE
    came = at_once(lambda number: approved(subject=subjects[number]))
    assert sorted(type(one).__name__ for one in came) == ["InputError"] * (PEOPLE - 1) + ["Waiver"]
    assert len(list_waivers()) == len(events(EventKind.WAIVER_APPROVED)) == 1


def test_of_people_who_end_a_waiver_at_once_one_succeeds() -> None:
    waiver = approved()
    came = at_once(lambda _: end_waiver(waiver.number, WANG, START + DAY, "mended"))
    assert sum(isinstance(one, Waiver) for one in came) == 1
    assert len(events(EventKind.WAIVER_ENDED)) == 1


def test_a_finding_is_given_noted_and_closed_only_once_a_check_saw_it_gone() -> None:
    recorded(plan("db1"), seen("db1", Verdict.CRIT))
    number = Finding.objects.get().number
    line = assign_finding(number, WANG, START, "li", START + DAY, "look")
    assert (line.owner, line.overdue) == ("li", False)
    assert [one.number for one in list_findings(FindingFilter(overdue=True), START + 2 * DAY, 10)] == [number]
    note_finding(number, WANG, START, "ordered")
    with pytest.raises(InputError, match="no check has seen"):
        close_finding(number, WANG, START, "done")
    recorded(plan("db1"), seen("db1", Verdict.OK), day=1)
    (waiting,) = list_findings(FindingFilter(), START + DAY, 10)
    assert waiting.state is FindingState.CLEARED
    assert close_finding(number, WANG, START + DAY, "done").state is FindingState.CLOSED
    assert list_findings(FindingFilter(), START + DAY, 10) == ()
    detail = finding_detail(number, START + DAY)
    assert [note.act for note in detail.notes] == [Act.ASSIGNED, Act.NOTED, Act.CLOSED]
    assert detail.samples is not None
    assert (detail.samples.least, detail.samples.most) == (41.0, 97.5)
    assert events(EventKind.FINDING_CLOSED) == [f"finding {number}"]
    with pytest.raises(InputError, match="was closed by"):
        close_finding(number, WANG, START + DAY, "again")


def test_a_finding_that_comes_back_gets_a_number_of_its_own_and_knows_the_old_one() -> None:
    for day, verdict in enumerate((Verdict.WARN, Verdict.OK, Verdict.WARN)):
        recorded(plan("db1"), seen("db1", verdict), day=day)
    old, new = Finding.objects.order_by("pk").values_list("pk", flat=True)
    assert finding_detail(new, START).others == (old,)


def test_there_is_no_finding_that_was_never_found() -> None:
    with pytest.raises(NotFound):
        finding_detail(7, START)


def test_what_comes_up_three_times_within_a_week_is_flapping() -> None:
    last = 0
    for day, verdict in enumerate([Verdict.WARN, Verdict.OK] * 2 + [Verdict.WARN]):
        last = recorded(plan("db1"), seen("db1", verdict), day=day)
    (item,) = report(last).findings
    assert (item.change, item.flaps) == (Change.FLAPPING, 3)


def test_coming_up_twice_or_long_ago_is_no_flapping() -> None:
    days = [Verdict.WARN, Verdict.OK] * 2 + [Verdict.OK] * 12 + [Verdict.WARN]
    last = 0
    for day, verdict in enumerate(days):
        last = recorded(plan("db1"), seen("db1", verdict), day=day)
    (item,) = report(last).findings
    assert (item.change, item.flaps) == (Change.NEW, 0)


def test_what_a_recheck_saw_gone_is_told_by_the_next_round() -> None:
    recorded(plan("db1"), seen("db1", Verdict.WARN))
    round_with_waivers(Verdict.OK, 1, partial=True)
    told = report(recorded(plan("db1"), seen("db1", Verdict.OK), day=2))
    assert [(one.host, one.change) for one in told.cleared] == [("db1", Change.CLEARED)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3d", START + 3 * DAY),
        ("8h", START + timedelta(hours=8)),
        ("2026-11-30", START.replace(day=30, hour=15, minute=59, second=59)),
        ("2026-11-30 18:00", START.replace(day=30, hour=10, minute=0)),
    ],
)
def test_a_time_is_read_as_people_write_it(text: str, meant: object) -> None:
    assert read_deadline(text, START, ZoneInfo("Asia/Shanghai")) == meant


@pytest.mark.parametrize("text", ["", "soon", "0d", "2026-13-01", "2020-01-01", "99999999d"])
def test_what_is_no_time_to_come_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        read_deadline(text, START, ZoneInfo("Asia/Shanghai"))


def test_an_expired_waiver_is_not_told_by_a_round_that_does_not_look_there() -> None:
    approved(days=1)
    number = open_round(replace(plan("db2")), WANG, START + 2 * DAY, "0.1.0")
    assert waivers_for_round(number, "morning", {"db2"}, START + 2 * DAY) == ()
    assert events(EventKind.WAIVER_EXPIRED) == []


@pytest.mark.parametrize(
    "change",
    [
        "expires_at = '2099-01-01 00:00:00+00:00'",
        "covers = 'crit'",
        "host = 'db2'",
        "task = 'service'",
        "metric = ''",
        "subject = ''",
        "reason = 'another'",
        "approver = 'somebody'",
        "approved_at = '2020-01-01 00:00:00+00:00'",
    ],
)
def test_a_waiver_that_was_changed_in_the_database_waives_nothing_and_is_named(change: str) -> None:
    number = recorded(plan("db1", "db2"), seen("db1", Verdict.WARN), seen("db2", Verdict.WARN))
    waiver = approved()
    assert waivers_for_round(number, "morning", {"db1", "db2"}, START + DAY) == (waiver,)
    assert forged_rows() == ()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE records_waiver SET {change}")
    assert waivers_for_round(number, "morning", {"db1", "db2"}, START + DAY) == ()
    assert [row.subject for row in forged_rows()] == [f"waiver {waiver.number}"]


def test_a_waiver_that_was_ended_and_is_made_to_hold_again_waives_nothing() -> None:
    number = recorded(plan("db1"), seen("db1", Verdict.WARN))
    waiver = approved()
    end_waiver(waiver.number, WANG, START + DAY, "mended")
    assert forged_rows() == ()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE records_waiver SET ended_at = NULL")
    assert waivers_for_round(number, "morning", {"db1"}, START + 2 * DAY) == ()
    assert [row.subject for row in forged_rows()] == [f"waiver {waiver.number}"]


def test_a_waiver_that_nobody_approved_waives_nothing() -> None:
    number = recorded(plan("db1"), seen("db1", Verdict.WARN))
    waiver = approved()
    columns = "runbook, host, task, metric, subject, covers, reason, approver, proof, approved_at, expires_at"
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO records_waiver ({columns}) SELECT {columns} FROM records_waiver")
    assert waivers_for_round(number, "morning", {"db1"}, START + DAY) == (waiver,)
    assert len(forged_rows()) == 1


def test_a_waiver_whose_approval_lies_in_a_sealed_file_still_holds() -> None:
    number = recorded(plan("db1"), seen("db1", Verdict.WARN))
    waiver = approved(days=300)
    recorded(plan("db1"), seen("db1", Verdict.WARN), day=200)
    assert seal_events(START + 100 * DAY, START + 201 * DAY, WANG) > 0
    assert waivers_for_round(number, "morning", {"db1"}, START + 202 * DAY) == (waiver,)
    assert forged_rows() == ()
