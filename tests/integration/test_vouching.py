"""Rows that carry decisions are worth what the chain of events says, whoever writes into the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from django.db import connection

from orchestrator.errors import ChainBroken, Forbidden
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.person import Permission, Role
from orchestrator.model.run import RunRequest, RunState
from orchestrator.model.runbook import Kind
from orchestrator.model.site import HashAlgorithm
from orchestrator.model.verdict import Verdict
from orchestrator.records.accounts import (
    block_account,
    reset_password,
    reset_second_factor,
    unblock_account,
)
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_restart import restart_chain
from orchestrator.records.chain_walk import read_log, walk
from orchestrator.records.handling import assign_finding, note_finding
from orchestrator.records.kept_facts import FILE
from orchestrator.records.models import Account, Event, Finding
from orchestrator.records.models.event import EventKind
from orchestrator.records.roles import change_roles, grant, revoke
from orchestrator.records.runs import finish_run, refuse_run, request_cancel, request_run, take_run
from orchestrator.records.sealing import seal_events
from orchestrator.records.segments import FOLDER
from orchestrator.records.sessions import open_session
from orchestrator.records.vouching import forged_rows, known_facts
from tests.integration.test_people import START, Clock, make_site
from tests.people import APPROVER, AUDIT_ADMIN, OUTSIDER, REQUESTER, Cast
from tests.rounds import WANG, plan, recorded, seen
from tests.tampering import recomputed, replace_log, stored_log, triggers_lifted

DAY = timedelta(days=1)
RESTART = RunRequest("emergency/restart", Kind.EMERGENCY, WANG, "key")
OF_APPROVER = f"account_id = (SELECT id FROM records_account WHERE name = '{APPROVER}')"
OF_OUTSIDER = OF_APPROVER.replace(APPROVER, OUTSIDER)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cast(database: Path, tmp_path: Path, clock: Clock) -> Cast:
    return Cast(make_site(tmp_path, database), tmp_path / "sessions", clock).enter()


def logged_in(cast: Cast, name: str) -> Cast:
    """As a login on a broken log leaves it: without an event."""
    open_session(Account.objects.get(name=name), cast.people.session_file.make(), START)
    return cast


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def named() -> list[str]:
    return [row.subject for row in forged_rows()]


def may(cast: Cast, permission: Permission = Permission.WAIVE) -> bool:
    try:
        cast.people.decider(permission, ["his"])
    except Forbidden:
        return False
    return True


def test_nothing_is_named_where_everything_was_decided(cast: Cast, clock: Clock) -> None:
    change_roles(REQUESTER, [Role.SUPERVISOR], [Role.ENGINEER], clock(), WANG)
    cast.authorise(APPROVER, Permission.WAIVE)
    revoke(1, clock(), WANG)
    cast.log_in(APPROVER)
    assert may(cast)
    assert forged_rows() == ()


@pytest.mark.parametrize(
    ("statement", "subject"),
    [
        (f"UPDATE records_accountrole SET role = 'it_director' WHERE {OF_APPROVER}", f"account {APPROVER}"),
        ("UPDATE records_account SET full_name = 'Somebody Else'", f"account {APPROVER}"),
        (
            f"UPDATE records_account SET second_factor = password WHERE name = '{APPROVER}'",
            f"account {APPROVER}",
        ),
        ("UPDATE records_session SET token = substr(token, 1, 60)", None),
        ("UPDATE records_authorisation SET expires_at = '2036-01-01 00:00:00+00:00'", "authorisation 3"),
        ("UPDATE records_authorisation SET granted_by = 'somebody'", "authorisation 3"),
        (
            "UPDATE records_authorisation SET system = 'his' WHERE permission = 'waive'",
            "authorisation 3",
        ),
    ],
)
def test_a_changed_row_grants_nothing_and_is_named(cast: Cast, statement: str, subject: str | None) -> None:
    cast.log_in(APPROVER)
    assert may(cast)
    sql(statement.replace("= password", "= X'00'" if connection.vendor == "sqlite" else r"= '\x00'"))
    if subject is None:
        assert named() == [f"session {APPROVER}"]
        return
    with pytest.raises(Forbidden, match="outside Wardround"):
        cast.people.decider(Permission.WAIVE, ["his"])
    last = Event.objects.order_by("-sequence")[0]
    assert (last.kind, last.actor) == (EventKind.DECISION_DENIED, APPROVER)
    assert subject in named()


def test_a_session_made_over_to_somebody_else_is_worth_nothing(cast: Cast) -> None:
    cast.log_in(OUTSIDER)
    sql(f"UPDATE records_session SET {OF_APPROVER}")
    assert cast.people.present().name == APPROVER
    with pytest.raises(Forbidden, match="session approver"):
        cast.people.decider(Permission.WAIVE, ["his"])
    assert named() == [f"session {APPROVER}"]


def test_a_role_that_nobody_gave_grants_nothing(cast: Cast) -> None:
    cast.log_in(OUTSIDER)
    sql(f"UPDATE records_accountrole SET role = 'supervisor' WHERE {OF_OUTSIDER}")
    assert not may(cast)
    assert named() == [f"account {OUTSIDER}"]


def test_an_authorisation_that_nobody_granted_grants_nothing(cast: Cast, clock: Clock) -> None:
    change_roles(OUTSIDER, [Role.SUPERVISOR], [], clock(), WANG)
    cast.log_in(OUTSIDER)
    columns = "system, permission, granted_by, granted_at, expires_at, ended_by"
    sql(
        f"INSERT INTO records_authorisation (account_id, {columns}) SELECT (SELECT id FROM records_account "
        f"WHERE name = '{OUTSIDER}'), {columns} FROM records_authorisation WHERE permission = 'waive'"
    )
    with pytest.raises(Forbidden, match="no event tells of authorisation"):
        cast.people.decider(Permission.WAIVE, ["his"])
    (subject,) = named()
    revoke(int(subject.split()[1]), clock(), WANG)
    assert named() == []


def test_an_authorisation_moved_to_somebody_else_grants_nothing(cast: Cast, clock: Clock) -> None:
    change_roles(OUTSIDER, [Role.SUPERVISOR], [], clock(), WANG)
    cast.log_in(OUTSIDER)
    sql(
        "UPDATE records_authorisation SET account_id = "
        f"(SELECT id FROM records_account WHERE name = '{OUTSIDER}') "
        "WHERE permission = 'waive'"
    )
    assert not may(cast)


def revoked(cast: Cast, clock: Clock) -> None:
    """The approver's authorisation is revoked, and made to hold again in the database."""
    cast.log_in(APPROVER)
    assert may(cast)
    revoke(3, clock(), WANG)
    assert not may(cast)
    sql("UPDATE records_authorisation SET ended_at = NULL, ended_by = ''")


def leave_the_log(_place: int) -> None:
    pass


def delete_the_event(place: int) -> None:
    events = stored_log()
    replace_log([*events[:place], *events[place + 1 :]])


def alter_the_event(place: int) -> None:
    with triggers_lifted():
        Event.objects.filter(pk=stored_log()[place].sequence).update(subject="account nobody")


def redo_the_chain_without_it(place: int) -> None:
    events = stored_log()
    kept = [*events[:place], *events[place + 1 :]]
    replace_log(recomputed(kept, place, HashAlgorithm.SM3))


@pytest.mark.parametrize("facts_are_kept", [True, False])
@pytest.mark.parametrize(
    "tamper", [leave_the_log, delete_the_event, alter_the_event, redo_the_chain_without_it]
)
def test_a_revoked_authorisation_is_not_made_to_hold_again(
    cast: Cast, clock: Clock, tamper: Callable[[int], None], facts_are_kept: bool
) -> None:
    revoked(cast, clock)
    kinds = [event.kind for event in stored_log()]
    tamper(kinds.index(EventKind.AUTHORISATION_REVOKED))
    if not facts_are_kept:
        (audit_folder() / FILE).unlink()
    with pytest.raises((Forbidden, ChainBroken)):
        cast.people.decider(Permission.WAIVE, ["his"])


def test_facts_that_somebody_else_wrote_are_not_believed(cast: Cast) -> None:
    cast.log_in(OUTSIDER)
    assert not may(cast)
    sql(f"UPDATE records_accountrole SET role = 'supervisor' WHERE {OF_OUTSIDER}")
    file = audit_folder() / FILE
    file.write_text(file.read_text().replace("department_head", "supervisor"))
    with pytest.raises(Forbidden, match="outside Wardround"):
        cast.people.decider(Permission.WAIVE, ["his"])


def test_what_is_decided_anew_holds_again(cast: Cast, clock: Clock) -> None:
    cast.log_in(APPROVER)
    sql(f"DELETE FROM records_accountrole WHERE {OF_APPROVER}")
    assert not may(cast)
    change_roles(APPROVER, [Role.SUPERVISOR], [], clock(), WANG)
    assert may(cast)
    assert named() == []


def test_rights_from_before_a_seal_still_hold(cast: Cast, clock: Clock) -> None:
    clock.move(days=20)
    cast.log_in(APPROVER)
    assert seal_events(START + 10 * DAY, clock(), WANG) > 0
    (audit_folder() / FILE).unlink(missing_ok=True)
    assert may(cast)
    assert forged_rows() == ()


def test_an_audit_administrator_restarts_a_broken_log_and_rights_hold_again(cast: Cast, clock: Clock) -> None:
    cast.log_in(APPROVER)
    assert may(cast)
    (audit_folder() / "head.json").unlink()
    with pytest.raises(ChainBroken):
        cast.people.decider(Permission.WAIVE, ["his"])
    other = logged_in(cast, AUDIT_ADMIN)
    assert may(other, Permission.MANAGE_AUDIT)
    restart_chain(clock(), Actor(AUDIT_ADMIN, Proof.SESSION), "the disk was lost")
    other.log_in(APPROVER)
    assert may(other)
    assert forged_rows() == ()


def test_nobody_makes_himself_the_one_who_restarts_a_broken_log(cast: Cast) -> None:
    cast.log_in(OUTSIDER)
    sql(f"UPDATE records_accountrole SET role = 'audit_admin' WHERE {OF_OUTSIDER}")
    (audit_folder() / "head.json").unlink()
    with pytest.raises((Forbidden, ChainBroken)):
        cast.people.decider(Permission.MANAGE_AUDIT, ())


def test_kept_facts_are_what_the_whole_log_says_whatever_was_decided(cast: Cast, clock: Clock) -> None:
    """Told step by step and all at once, by every kind of act, in an order of its own each time."""
    acts: list[Callable[[], object]] = [
        lambda: change_roles(REQUESTER, [Role.SUPERVISOR], [], clock(), WANG),
        lambda: change_roles(REQUESTER, [], [Role.SUPERVISOR], clock(), WANG),
        lambda: grant(APPROVER, "his", Permission.WAIVE, clock() + DAY, clock(), WANG),
        lambda: grant(APPROVER, "his", Permission.WAIVE, clock() + 2 * DAY, clock(), WANG),
        lambda: block_account(REQUESTER, clock(), WANG),
        lambda: unblock_account(REQUESTER, clock(), WANG),
        lambda: reset_password(REQUESTER, clock(), WANG),
        lambda: reset_second_factor(REQUESTER, clock(), WANG),
        lambda: clock.move(days=1),
        lambda: cast.log_in(REQUESTER),
    ]
    order = Random(7)
    for act in order.choices(acts, k=60):
        act()
        assert known_facts() == walk({}).facts
    assert forged_rows() == ()


@pytest.mark.parametrize(
    "change",
    [
        "owner = 'somebody'",
        "due_at = '2036-01-01 00:00:00+00:00'",
        "closed_at = '2036-01-01 00:00:00+00:00', closed_by = 'wang', closed_proof = 'session'",
    ],
)
@pytest.mark.usefixtures("database")
def test_a_finding_that_was_changed_is_named_and_nobody_builds_on_it(change: str) -> None:
    number = finding()
    assert forged_rows() == ()
    sql(f"UPDATE records_finding SET {change}")
    assert named() == [f"finding {number}"]
    with pytest.raises(Forbidden, match=f"finding {number}"):
        note_finding(number, WANG, START, "and so on")


@pytest.mark.parametrize(
    "change", ["DELETE FROM records_findingnote", "UPDATE records_findingnote SET text = 'x'"]
)
@pytest.mark.usefixtures("database")
def test_a_note_that_was_changed_or_removed_is_named(change: str) -> None:
    number = finding()
    sql(change)
    assert named() == [f"finding {number}"]


def finding() -> int:
    """One that is given to somebody, with a note."""
    recorded(plan("db1"), seen("db1", Verdict.CRIT))
    number = Finding.objects.get().number
    assign_finding(number, WANG, START, "wang", START + DAY, "please look")
    note_finding(number, WANG, START, "ordered a disk")
    return number


def test_an_authorisation_is_named_when_it_is_removed(cast: Cast, clock: Clock) -> None:
    made = grant(APPROVER, "his", Permission.WAIVE, clock() + DAY, clock(), WANG)
    sql(f"DELETE FROM records_authorisation WHERE id = {made.number}")
    assert named() == [f"authorisation {made.number}"]


def test_a_log_with_recomputed_hashes_says_the_same_with_its_lines_and_without(cast: Cast) -> None:
    """One walk serves the chain and the rows, also where the chain is what somebody made of it."""
    cast.log_in(APPROVER)
    cast.authorise(APPROVER, Permission.WAIVE)
    log = stored_log()
    place = len(log) // 2
    log[place] = replace(log[place], subject="account mallory")
    replace_log(recomputed(log, place, HashAlgorithm.SM3))
    verified, found = read_log()
    assert verified.broken is not None
    assert found.facts == walk({}).facts
    assert forged_rows(found) == forged_rows()


def test_a_row_whose_events_lie_in_a_sealed_file_that_is_not_there_is_not_called_forged(
    cast: Cast, clock: Clock
) -> None:
    cast.log_in(APPROVER)
    clock.move(days=40)
    seal_events(clock(), clock(), WANG)
    (sealed,) = (audit_folder() / FOLDER).iterdir()
    sealed.unlink()
    assert named() == []
    (audit_folder() / FILE).unlink(missing_ok=True)
    assert named() == []


def ended_run(state: RunState = RunState.FAILED) -> int:
    number = request_run(RESTART, START)
    assert take_run(number, "ward#1", START)
    finish_run(number, 1, state, None, START, {})
    return number


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ("state = 'succeeded'", ("state",)),
        ("state = 'running'", ("state",)),
        ("finished_at = '2020-01-01 00:00:00+00:00'", ("finished_at",)),
        ("state = 'waiting', finished_at = NULL", ("state", "finished_at")),
    ],
)
def test_the_end_of_a_run_that_was_changed_by_hand_is_named(change: str, differs: tuple[str, ...]) -> None:
    number = ended_run()
    assert forged_rows() == ()
    sql(f"UPDATE records_run SET {change} WHERE id = {number}")
    (row,) = forged_rows()
    assert (row.subject, row.differs) == (f"run {number}", differs)
    assert row.worth.en == "go by the log"


@pytest.mark.usefixtures("database")
def test_an_end_that_no_event_tells_of_is_named_and_a_run_that_is_not_over_is_not() -> None:
    number = request_run(RESTART, START)
    assert take_run(number, "ward#1", START)
    assert forged_rows() == ()
    sql(f"UPDATE records_run SET state = 'succeeded' WHERE id = {number}")
    assert named() == [f"run {number}"]


@pytest.mark.usefixtures("database")
def test_a_run_that_was_refused_or_cancelled_in_the_queue_ended_as_its_row_says() -> None:
    first = request_run(RESTART, START)
    assert take_run(first, "ward#1", START)
    refuse_run(first, 1, Text("不行", "no"), START)
    request_cancel(request_run(replace(RESTART, key="another"), START), WANG, START)
    assert forged_rows() == ()
