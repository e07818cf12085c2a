"""The cast of a site: accounts that exist and are logged in without a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.auth.hashers import make_password

from orchestrator.application.clock import Clock, system_clock
from orchestrator.application.people import People
from orchestrator.model.account import EVERY_SYSTEM
from orchestrator.model.actor import PROGRAM, Actor, Proof
from orchestrator.model.person import Permission, Role
from orchestrator.model.site import Site
from orchestrator.records.accounts import subject
from orchestrator.records.events import Entry, append_events
from orchestrator.records.facts import stored_digest
from orchestrator.records.models import Account, AccountRole
from orchestrator.records.models.event import EventKind
from orchestrator.records.roles import grant
from orchestrator.records.sessions import open_session

REQUESTER, APPROVER, OUTSIDER = "requester", "approver", "outsider"
SYSTEM_ADMIN, SECURITY_ADMIN, AUDIT_ADMIN = "sysadmin", "secadmin", "auditadmin"
ROLES = {
    REQUESTER: Role.ENGINEER,
    APPROVER: Role.SUPERVISOR,
    OUTSIDER: Role.DEPARTMENT_HEAD,
    SYSTEM_ADMIN: Role.SYSTEM_ADMIN,
    SECURITY_ADMIN: Role.SECURITY_ADMIN,
    AUDIT_ADMIN: Role.AUDIT_ADMIN,
}
PERMISSIONS = {
    REQUESTER: (Permission.HANDLE_FINDING,),
    APPROVER: (Permission.HANDLE_FINDING, Permission.WAIVE),
}


class Cast:
    """Who there is at a site, whose database is open, and who of them is logged in.

    For a command in a process of its own, give `sessions=STATE / "wardround" / "sessions"` and start it with
    XDG_STATE_HOME=STATE.
    """

    def __init__(self, site: Site, sessions: Path, clock: Clock = system_clock) -> None:
        self.people = People(site, clock, sessions)
        self._clock = clock

    def account(self, name: str, *roles: Role, made_at: datetime | None = None) -> Account:
        at = made_at or self._clock()
        account = Account.objects.create(
            name=name,
            full_name=name.title(),
            password=make_password(None),
            must_change_password=False,
            password_changed_at=at,
            made_at=at,
        )
        told: list[Entry] = [(EventKind.ACCOUNT_MADE, subject(name), {"full_name": account.full_name})]
        for role in roles:
            AccountRole.objects.create(account=account, role=role)
            told.append((EventKind.ROLE_GIVEN, subject(name), {"role": role}))
        append_events(at, PROGRAM, told)
        return account

    def authorise(self, name: str, permission: Permission, *systems: str, days: int = 30) -> None:
        now = self._clock()
        for system in systems or (EVERY_SYSTEM,):
            grant(name, system, permission, now + timedelta(days=days), now, PROGRAM)

    def enter(self, names: Iterable[str] = tuple(ROLES)) -> Cast:
        """The usual cast: requester and approver are authorised on every system, the outsider on none."""
        for name in names:
            self.account(name, ROLES[name])
            for permission in PERMISSIONS.get(name, ()):
                self.authorise(name, permission)
        return self

    def log_in(self, name: str) -> None:
        """Here, instead of whoever was."""
        token = self.people.session_file.make()
        open_session(Account.objects.get(name=name), token, self._clock())
        told: Entry = (EventKind.LOGGED_IN, subject(name), {"session": stored_digest(token.hashed)})
        append_events(self._clock(), Actor(name, Proof.SESSION), [told])

    def log_out(self) -> None:
        self.people.session_file.remove()
