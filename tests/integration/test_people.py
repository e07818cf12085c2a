"""Who may decide what: sessions, roles and authorisations narrow one another, and what proves nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.application.accounts import Accounts
from orchestrator.errors import Forbidden, InputError, NotFound, Unauthenticated
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM, Proof
from orchestrator.model.person import ADMINISTRATORS, Permission, Role, conflict
from orchestrator.model.site import Site
from orchestrator.records.models import Account, AccountRole, Event
from orchestrator.records.roles import change_roles
from tests.people import APPROVER, AUDIT_ADMIN, OUTSIDER, REQUESTER, ROLES, SECURITY_ADMIN, SYSTEM_ADMIN, Cast

START = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
SYSTEMS = """\
systems:
  - {seq: 1, slug: his, zh: 医院信息系统, en: HIS, tier: T1}
  - {seq: 2, slug: lis, zh: 检验系统, en: LIS, tier: T1}
"""


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def make_site(root: Path, state: Path, *, single_user: bool = False) -> Site:
    (root / "systems.yml").write_text(SYSTEMS, encoding="utf-8")
    return Site(
        root=root,
        hospital=Text("示范医院", "Demo Hospital"),
        inventory=(),
        runbooks=(),
        systems=root / "systems.yml",
        thresholds=None,
        accepted=(),
        known_hosts=root / "known_hosts",
        state=state,
        vault_password_file=None,
        timezone=ZoneInfo("Asia/Shanghai"),
        concurrency=1,
        connect_timeout=1,
        host_timeout=1,
        single_user=single_user,
    )


@pytest.fixture(autouse=True)
def _fast_hasher() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(database: Path, tmp_path: Path) -> Site:
    return make_site(tmp_path, database)


@pytest.fixture
def cast(site: Site, tmp_path: Path, clock: Clock) -> Cast:
    return Cast(site, tmp_path / "sessions", clock).enter()


@pytest.fixture
def accounts(site: Site, cast: Cast, clock: Clock) -> Accounts:
    return Accounts(site, cast.people, clock)


def last_event() -> Event:
    event = Event.objects.order_by("-sequence").first()
    assert event is not None
    return event


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("name", sorted(ROLES))
def test_only_who_has_the_role_may_decide(cast: Cast, permission: Permission, name: str) -> None:
    if ROLES[name] in permission.roles and not permission.is_duty:
        cast.authorise(name, permission)
    cast.log_in(name)
    if ROLES[name] in permission.roles:
        assert cast.people.decider(permission, ()).proof is Proof.SESSION
        return
    with pytest.raises(Forbidden):
        cast.people.decider(permission, ())
    assert (last_event().kind, last_event().actor) == ("decision_denied", name)


def test_every_system_that_is_touched_needs_an_authorisation(cast: Cast) -> None:
    cast.account("deputy", Role.SUPERVISOR)
    cast.authorise("deputy", Permission.WAIVE, "his")
    cast.log_in("deputy")
    assert cast.people.decider(Permission.WAIVE, ["his"]).name == "deputy"
    for systems in (["his", "lis"], ["lis"], []):
        with pytest.raises(Forbidden):
            cast.people.decider(Permission.WAIVE, systems)


def test_a_role_without_an_authorisation_allows_nothing_and_neither_the_other_way(cast: Cast) -> None:
    cast.account("novice", Role.SUPERVISOR)
    cast.log_in("novice")
    with pytest.raises(Forbidden, match="no authorisation"):
        cast.people.decider(Permission.WAIVE, ["his"])
    change_roles(APPROVER, [], [Role.SUPERVISOR], START, PROGRAM)
    cast.log_in(APPROVER)
    with pytest.raises(Forbidden, match="one of the roles"):
        cast.people.decider(Permission.WAIVE, ["his"])


def test_an_authorisation_ends_by_itself(cast: Cast, clock: Clock) -> None:
    clock.move(days=30, seconds=-1)
    cast.log_in(APPROVER)
    assert cast.people.decider(Permission.WAIVE, ["his"])
    clock.move(seconds=1)
    with pytest.raises(Forbidden):
        cast.people.decider(Permission.WAIVE, ["his"])


@pytest.mark.parametrize("variable", ["USER", "LOGNAME", "SUDO_USER", "LNAME", "USERNAME"])
def test_the_environment_proves_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, APPROVER)
    assert cast.people.starter().name != APPROVER
    assert cast.people.starter().proof is Proof.OS_USER
    with pytest.raises(Unauthenticated):
        cast.people.decider(Permission.WAIVE, ["his"])
    assert last_event().proof == Proof.OS_USER


def test_a_session_file_of_another_account_of_the_machine_is_worth_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copied whole, so that it is the thief's own file with the right mode."""
    cast.log_in(APPROVER)
    stolen = cast.people.session_file.path
    thief = os.geteuid() + 1
    if os.geteuid() == 0:
        os.chown(stolen, thief, thief)
        with pytest.raises(Unauthenticated, match="owner"):
            cast.people.decider(Permission.WAIVE, ["his"])
        monkeypatch.setattr(os, "geteuid", lambda: thief)
    else:
        pytest.skip("needs root, to give a file to another account")
    with pytest.raises(Unauthenticated):
        cast.people.decider(Permission.WAIVE, ["his"])


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_session_file_that_others_may_read_is_refused(cast: Cast, mode: int) -> None:
    cast.log_in(APPROVER)
    cast.people.session_file.path.chmod(mode)
    with pytest.raises(Unauthenticated, match="0600"):
        cast.people.decider(Permission.WAIVE, ["his"])


def test_a_folder_in_the_place_of_a_session_file_is_refused(cast: Cast) -> None:
    cast.people.session_file.path.mkdir(parents=True)
    with pytest.raises(Unauthenticated, match="owner"):
        cast.people.session_file.read()


def test_a_link_to_a_session_file_is_refused(cast: Cast) -> None:
    cast.log_in(APPROVER)
    path = cast.people.session_file.path
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    with pytest.raises(Unauthenticated):
        cast.people.present()


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"guess", b"x" * 5000])
def test_a_session_file_with_anything_else_in_it_is_nobody(cast: Cast, content: bytes) -> None:
    cast.log_in(APPROVER)
    cast.people.session_file.path.write_bytes(content)
    with pytest.raises(Unauthenticated):
        cast.people.present()


def _fifteen_idle_minutes(clock: Clock, cast: Cast) -> None:
    clock.move(minutes=15)


def _twelve_busy_hours(clock: Clock, cast: Cast) -> None:
    for _ in range(71):
        clock.move(minutes=10)
        cast.people.present()
    clock.move(minutes=10)


def _clock_set_back(clock: Clock, cast: Cast) -> None:
    clock.move(minutes=-1)


def _blocked(clock: Clock, cast: Cast) -> None:
    Account.objects.filter(name=APPROVER).update(is_active=False)


@pytest.mark.parametrize("end", [_fifteen_idle_minutes, _twelve_busy_hours, _clock_set_back, _blocked])
def test_a_session_ends_and_stays_over(cast: Cast, clock: Clock, end: Callable[[Clock, Cast], None]) -> None:
    cast.log_in(APPROVER)
    assert cast.people.starter().name == APPROVER
    end(clock, cast)
    with pytest.raises(Unauthenticated):
        cast.people.decider(Permission.WAIVE, ["his"])
    clock.now = START
    Account.objects.update(is_active=True)
    with pytest.raises(Unauthenticated):
        cast.people.decider(Permission.WAIVE, ["his"])
    assert cast.people.starter().proof is Proof.OS_USER


def test_a_new_login_ends_the_older_one(cast: Cast, site: Site, tmp_path: Path, clock: Clock) -> None:
    cast.log_in(APPROVER)
    elsewhere = Cast(site, tmp_path / "elsewhere", clock)
    elsewhere.log_in(APPROVER)
    assert elsewhere.people.present().name == APPROVER
    with pytest.raises(Unauthenticated):
        cast.people.present()


def test_the_token_is_not_in_the_database(cast: Cast, database: Path) -> None:
    cast.log_in(APPROVER)
    secret = cast.people.session_file.path.read_bytes()
    assert len(secret) > 40
    for path in database.rglob("records.sqlite3*"):
        assert secret not in path.read_bytes()


def test_single_user_mode_says_so_and_is_over_once_there_are_accounts(
    database: Path, tmp_path: Path, clock: Clock
) -> None:
    cast = Cast(make_site(tmp_path, database, single_user=True), tmp_path / "sessions", clock)
    actor = cast.people.decider(Permission.WAIVE, ["his"])
    assert (actor.proof, "单用户" in actor.label.zh) == (Proof.SINGLE_USER, True)
    cast.enter([OUTSIDER])
    with pytest.raises(Unauthenticated):
        cast.people.decider(Permission.WAIVE, ["his"])


@given(st.sets(st.sampled_from(list(Role))))
def test_an_administrator_holds_one_role_and_nothing_else(roles: set[Role]) -> None:
    assert (conflict(roles) is None) == (not roles & ADMINISTRATORS or len(roles) == 1)


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
@pytest.mark.parametrize("other", list(Role))
def test_no_administrator_is_given_another_role(
    cast: Cast, accounts: Accounts, role: Role, other: Role
) -> None:
    cast.account("somebody", role)
    cast.log_in(SECURITY_ADMIN)
    if role is other:
        assert accounts.change_roles("somebody", [other], []) == {role}
        return
    with pytest.raises(InputError):
        accounts.change_roles("somebody", [other], [])
    assert [row.role for row in AccountRole.objects.filter(account__name="somebody")] == [role]


def test_the_database_itself_keeps_two_administrator_roles_apart(cast: Cast) -> None:
    account = Account.objects.get(name=SYSTEM_ADMIN)
    with pytest.raises(IntegrityError), transaction.atomic():
        AccountRole.objects.create(account=account, role=Role.AUDIT_ADMIN)


def test_nobody_deletes_an_account(cast: Cast) -> None:
    AccountRole.objects.all().delete()
    replace = {
        "sqlite": "REPLACE INTO records_account SELECT * FROM records_account",
        "postgresql": "TRUNCATE records_account CASCADE",
    }
    for statement in ("DELETE FROM records_account", replace[connection.vendor]):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert Account.objects.count() == len(ROLES)


@pytest.mark.parametrize("name", sorted(set(ROLES) - {SYSTEM_ADMIN}))
def test_only_a_system_administrator_manages_accounts(cast: Cast, accounts: Accounts, name: str) -> None:
    cast.log_in(name)
    for act in (
        lambda: accounts.add("new", "New"),
        lambda: accounts.block(REQUESTER),
        lambda: accounts.unblock(REQUESTER),
        lambda: accounts.reset_password(REQUESTER),
    ):
        with pytest.raises(Forbidden):
            act()


@pytest.mark.parametrize("name", sorted(set(ROLES) - {SECURITY_ADMIN}))
def test_only_a_security_administrator_gives_rights(cast: Cast, accounts: Accounts, name: str) -> None:
    cast.log_in(name)
    with pytest.raises(Forbidden):
        accounts.change_roles(OUTSIDER, [Role.SUPERVISOR], [])
    with pytest.raises(Forbidden):
        accounts.grant(APPROVER, ["his"], Permission.WAIVE, date(2026, 12, 1))
    with pytest.raises(Forbidden):
        accounts.revoke(1)
    with pytest.raises(Forbidden):
        accounts.reset_second_factor(REQUESTER)


@pytest.mark.parametrize("victim", [APPROVER, AUDIT_ADMIN])
def test_nobody_alone_can_reset_both_password_and_second_factor(
    cast: Cast, accounts: Accounts, victim: str
) -> None:
    """With both they would log in as somebody else, and decide in that name."""
    for name in ROLES:
        cast.log_in(name)
        done = 0
        for act in (accounts.reset_password, accounts.reset_second_factor):
            try:
                act(victim)
            except Forbidden:
                continue
            done += 1
        assert done == (name in (SYSTEM_ADMIN, SECURITY_ADMIN))


def test_no_administrator_acts_on_the_own_account(cast: Cast, accounts: Accounts) -> None:
    cast.log_in(SECURITY_ADMIN)
    with pytest.raises(Forbidden):
        accounts.change_roles(f" {SECURITY_ADMIN.upper()} ", [Role.SUPERVISOR], [Role.SECURITY_ADMIN])
    with pytest.raises(Forbidden):
        accounts.reset_second_factor(SECURITY_ADMIN)
    cast.log_in(SYSTEM_ADMIN)
    for act in (accounts.block, accounts.unblock, accounts.reset_password):
        with pytest.raises(Forbidden):
            act(SYSTEM_ADMIN)


def test_the_last_administrator_of_a_kind_stays(cast: Cast, accounts: Accounts) -> None:
    cast.log_in(SYSTEM_ADMIN)
    with pytest.raises(InputError, match="only"):
        accounts.block(SECURITY_ADMIN)
    cast.account("second", Role.SECURITY_ADMIN)
    accounts.block(SECURITY_ADMIN)
    assert not Account.objects.get(name=SECURITY_ADMIN).is_active


def test_a_grant_is_refused_for_what_does_not_exist_or_can_not_be_used(
    cast: Cast, accounts: Accounts
) -> None:
    cast.log_in(SECURITY_ADMIN)
    day = date(2026, 12, 31)
    with pytest.raises(NotFound) as unknown:
        accounts.grant(APPROVER, ["hiss"], Permission.WAIVE, day)
    assert "his" in str(unknown.value.hint)
    with pytest.raises(NotFound) as nobody:
        accounts.grant("aprover", ["his"], Permission.WAIVE, day)
    assert APPROVER in str(nobody.value.hint)
    for name, permission, end in (
        (APPROVER, Permission.MANAGE_AUDIT, day),
        (OUTSIDER, Permission.WAIVE, day),
        (APPROVER, Permission.WAIVE, date(2026, 11, 23)),
        (APPROVER, Permission.WAIVE, date(9999, 12, 31)),
    ):
        with pytest.raises(InputError):
            accounts.grant(name, ["his"], permission, end)


def test_a_grant_holds_to_the_end_of_its_last_day_and_replaces_the_one_before(
    cast: Cast, accounts: Accounts, clock: Clock
) -> None:
    cast.log_in(SECURITY_ADMIN)
    (first,) = accounts.grant(REQUESTER, ["his"], Permission.HANDLE_FINDING, date(2026, 12, 31))
    assert first.expires_at == datetime(2026, 12, 31, 16, tzinfo=UTC)
    clock.move(minutes=1)
    (second,) = accounts.grant(REQUESTER, ["his"], Permission.HANDLE_FINDING, date(2026, 11, 30))
    live = [item.number for item in accounts.authorisations(REQUESTER, ended=False) if item.system == "his"]
    assert live == [second.number]
    accounts.revoke(second.number)
    assert (last_event().kind, last_event().actor) == ("authorisation_revoked", SECURITY_ADMIN)
    with pytest.raises(InputError):
        accounts.revoke(second.number)


def test_the_first_accounts_are_made_once(site: Site, tmp_path: Path, clock: Clock) -> None:
    cast = Cast(site, tmp_path / "sessions", clock)
    accounts = Accounts(site, cast.people, clock)
    trio = {role: (f"admin{number}", f"管理员{number}") for number, role in enumerate(sorted(ADMINISTRATORS))}
    made = accounts.set_up(trio)
    assert {view.name: view.roles for view in accounts.list()} == {
        name: (role,) for role, (name, _) in trio.items()
    }
    assert all(item.password for item in made)
    with pytest.raises(InputError):
        accounts.set_up({role: (f"x{name}", full) for role, (name, full) in trio.items()})


def test_the_first_accounts_are_made_all_or_none(site: Site, tmp_path: Path, clock: Clock) -> None:
    accounts = Accounts(site, Cast(site, tmp_path / "sessions", clock).people, clock)
    with pytest.raises(InputError):
        accounts.set_up({Role.SYSTEM_ADMIN: ("same", "甲"), Role.AUDIT_ADMIN: ("same", "乙")})
    assert not Account.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    "name", ["", "a", "Wárd", "root", "wardround", "a b", "x" * 33, "-dash", "nul\0", "аdmin"]
)
def test_a_name_that_could_be_misread_is_refused(cast: Cast, accounts: Accounts, name: str) -> None:
    cast.log_in(SYSTEM_ADMIN)
    with pytest.raises(InputError):
        accounts.add(name, "Somebody")


def test_a_session_folder_that_is_gone_is_nobody(cast: Cast) -> None:
    cast.log_in(APPROVER)
    shutil.rmtree(cast.people.session_file.path.parent)
    assert cast.people.starter().proof is Proof.OS_USER
