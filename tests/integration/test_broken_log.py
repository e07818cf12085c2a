"""What still works on a log that is broken: looking, and the way out. Nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from orchestrator.application.past_rounds import PastRounds
from orchestrator.errors import ChainBroken, Unauthenticated
from orchestrator.language import Text
from orchestrator.model.audit import BreakKind
from orchestrator.model.person import Role
from orchestrator.model.round import RoundState
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_restart import restart_chain
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.models import Account, Event, Session
from orchestrator.records.roles import change_roles
from orchestrator.records.rounds import list_rounds, open_round
from tests.integration.test_logins import FAST, PASSWORD, Door
from tests.integration.test_people import make_site
from tests.rounds import START, WANG, plan, recorded
from tests.tampering import replace_log


@pytest.fixture
def door(database: Path, tmp_path: Path) -> Iterator[Door]:
    with override_settings(**FAST):
        made = Door(make_site(tmp_path, database), tmp_path / "sessions")
        made.enrol()
        yield made


def lose_the_head() -> None:
    (audit_folder() / "head.json").unlink()


def tamper_with_the_head() -> None:
    file = audit_folder() / "head.json"
    file.write_text(file.read_text().replace('"confirmed"', '"confirm"'))


BREAKS: list[Callable[[], None]] = [lose_the_head, tamper_with_the_head]


@pytest.mark.parametrize("break_log", BREAKS)
def test_rounds_still_show_and_the_break_is_told(
    database: Path, tmp_path: Path, break_log: Callable[[], None]
) -> None:
    number = recorded(plan("db1"), state=None)
    break_log()
    told: list[Text] = []
    (line,) = PastRounds(make_site(tmp_path, database), lambda: START).list(None, 5, told.append)
    assert (line.number, line.state) == (number, RoundState.RUNNING)
    assert "wardround audit verify" in told[0].en
    with pytest.raises(ChainBroken):
        open_round(plan("db1"), WANG, START, "0.1.0")
    assert len(list_rounds()) == 1


def test_nothing_is_told_of_an_intact_log(database: Path, tmp_path: Path) -> None:
    recorded(plan("db1"), state=None)
    told: list[Text] = []
    (line,) = PastRounds(make_site(tmp_path, database), lambda: START).list(None, 5, told.append)
    assert (line.state, told) == (RoundState.INTERRUPTED, [])


@pytest.mark.usefixtures("database")
def test_a_head_without_its_database_is_not_taken_for_a_new_log() -> None:
    recorded(plan("db1"))
    replace_log([])
    with pytest.raises(ChainBroken, match="the end of the audit log is missing"):
        recorded(plan("db1"))
    broken = verify_log().broken
    assert broken is not None
    assert (broken.kind, broken.sequence) == (BreakKind.TRUNCATED, 1)


@pytest.mark.usefixtures("database")
def test_a_database_without_its_folder_is_not_taken_for_a_new_log() -> None:
    recorded(plan("db1"))
    shutil.rmtree(audit_folder())
    with pytest.raises(ChainBroken, match=r"has no head\.json"):
        recorded(plan("db1"))
    broken = verify_log().broken
    assert broken is not None
    assert broken.kind is BreakKind.HEAD


@pytest.mark.usefixtures("database")
def test_neither_folder_nor_events_is_a_new_log() -> None:
    assert verify_log().broken is None
    recorded(plan("db1"))
    assert verify_log().broken is None


def test_an_audit_administrator_still_gets_in_to_restart_a_broken_log(door: Door) -> None:
    change_roles("wang", [Role.AUDIT_ADMIN], [], door.clock.now, WANG)
    lose_the_head()
    door.clock.move(hours=1)
    assert door.logins.log_in(door.admit(PASSWORD)).name == "wang"
    restart_chain(door.clock.now, WANG, "the disk was lost")
    assert verify_log().broken is None


def test_nobody_else_gets_in_on_a_broken_log(door: Door) -> None:
    change_roles("wang", [Role.ENGINEER], [], door.clock.now, WANG)
    Session.objects.all().delete()
    lose_the_head()
    with pytest.raises(ChainBroken):
        door.logins.log_in(door.admit(PASSWORD))
    assert not Session.objects.exists()


def test_a_broken_log_lifts_no_lock(door: Door) -> None:
    lose_the_head()
    events = Event.objects.count()
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            door.admit("wrong")
    assert Account.objects.get().locked_until == door.clock.now + timedelta(minutes=30)
    with pytest.raises(Unauthenticated):
        door.admit(PASSWORD)
    assert Event.objects.count() == events
