"""Who may say that a free command only reads, and what tells of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.application.acceptances import Acceptances
from orchestrator.bootstrap import all_checks
from orchestrator.documents.accepted import read_acceptances
from orchestrator.errors import ChainBroken, Forbidden, InputError, Unauthenticated
from orchestrator.model.effect import Effect
from orchestrator.model.person import Permission
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.models import Event
from tests.integration.test_people import Clock, make_site
from tests.people import APPROVER, OUTSIDER, REQUESTER, Cast

RUNBOOK = """\
- name: 自由命令
  kind: inspection
  hosts: all
  tasks:
    - {name: 核数, id: cores, check: {run: "nproc"}}
"""


@pytest.fixture
def cast(database: Path, tmp_path: Path) -> Cast:
    return Cast(make_site(tmp_path, database), tmp_path / "sessions", Clock()).enter()


@pytest.fixture
def accepted(tmp_path: Path) -> Path:
    return tmp_path / "accepted.yml"


@pytest.fixture
def acceptances(cast: Cast, database: Path, tmp_path: Path, accepted: Path) -> Acceptances:
    folder = tmp_path / "runbooks" / "inspection"
    folder.mkdir(parents=True)
    (folder / "free.yml").write_text(RUNBOOK, encoding="utf-8")
    site = replace(make_site(tmp_path, database), runbooks=(tmp_path / "runbooks",), accepted=(accepted,))
    return Acceptances(site, all_checks(), cast.people, Clock())


def test_whoever_is_logged_in_and_authorised_accepts_and_the_log_tells_of_it(
    cast: Cast, acceptances: Acceptances, accepted: Path
) -> None:
    cast.authorise(REQUESTER, Permission.ACCEPT)
    cast.log_in(REQUESTER)
    acceptances.accept(acceptances.waiting("free"), "only counts cores")
    (entry,) = read_acceptances("accepted.yml", accepted.read_bytes())
    assert (entry.by, entry.reason) == (REQUESTER, "only counts cores")
    event = Event.objects.get(kind="free_item_accepted")
    assert (event.actor, event.proof, entry.digest in event.data) == (REQUESTER, "session", True)
    assert acceptances.waiting("free") == ()


ACTING = """\
- name: 例行
  kind: routine
  hosts: all
  tasks:
    - {id: again, shell: sync, effect: idempotent}
    - {id: look, shell: uptime, effect: read}
    - {id: both, shell: uptime, effect: idempotent}
    - {id: once, shell: reboot, verify: sync}
"""


def test_each_text_is_accepted_as_what_the_runbook_takes_it_for_or_as_less(
    cast: Cast, acceptances: Acceptances, accepted: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "runbooks" / "routine"
    folder.mkdir()
    (folder / "acting.yml").write_text(ACTING, encoding="utf-8")
    cast.authorise(REQUESTER, Permission.ACCEPT)
    cast.log_in(REQUESTER)
    waiting = acceptances.waiting("acting")
    assert [(item.text, item.effect) for item in waiting] == [("sync", Effect.READ), ("uptime", Effect.READ)]
    (again,) = [item for item in waiting if item.text == "sync"]
    acceptances.accept([replace(again, effect=Effect.IDEMPOTENT)], "may be repeated")
    assert [(item.task, item.text, item.effect) for item in acceptances.waiting("acting")] == [
        ("look", "uptime", Effect.READ),
        ("once", "sync", Effect.READ),
    ]
    acceptances.accept(acceptances.waiting("acting"), "only reads")
    assert acceptances.waiting("acting") == ()
    assert [(one.what, one.effect) for one in read_acceptances("a.yml", accepted.read_bytes())] == [
        ("sync", Effect.IDEMPOTENT),
        ("uptime", Effect.READ),
        ("sync", Effect.READ),
    ]
    told = [json.loads(event.data)["effect"] for event in Event.objects.filter(kind="free_item_accepted")]
    assert told == ["idempotent", "read", "read"]


def test_nobody_else_accepts_and_nothing_is_written(
    cast: Cast, acceptances: Acceptances, accepted: Path
) -> None:
    waiting = acceptances.waiting("free")
    with pytest.raises(Unauthenticated):
        acceptances.accept(waiting, "only reads")
    for name in (OUTSIDER, APPROVER):
        cast.log_in(name)
        with pytest.raises(Forbidden):
            acceptances.accept(waiting, "only reads")
    cast.authorise(APPROVER, Permission.ACCEPT, "his")
    with pytest.raises(Forbidden):
        acceptances.accept(waiting, "only reads")
    with pytest.raises(InputError):
        acceptances.accept(waiting, " ")
    assert not accepted.exists()


def test_what_the_log_cannot_tell_of_is_not_accepted(
    cast: Cast, acceptances: Acceptances, accepted: Path
) -> None:
    cast.authorise(REQUESTER, Permission.ACCEPT)
    cast.log_in(REQUESTER)
    waiting = acceptances.waiting("free")
    (audit_folder() / "head.json").unlink()
    with pytest.raises(ChainBroken):
        acceptances.accept(waiting, "only reads")
    assert not accepted.exists()
