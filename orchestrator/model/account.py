"""A person with an account, a session and what is allowed to them, as faces show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from orchestrator.language import Text
from orchestrator.model.person import Permission, Role

EVERY_SYSTEM = "*"
"""In an authorisation: whatever component it is."""


class Standing(StrEnum):
    """Whether an account can be used now."""

    ACTIVE = "active"
    LOCKED = "locked"
    """Too many failed logins: by itself free again after a while."""
    BLOCKED = "blocked"
    """A system administrator ended its use. An account is never deleted: the log names it."""

    @property
    def label(self) -> Text:
        return _STANDINGS[self]


_STANDINGS = {
    Standing.ACTIVE: Text("正常", "active"),
    Standing.LOCKED: Text("已锁定", "locked"),
    Standing.BLOCKED: Text("已停用", "blocked"),
}


@dataclass(frozen=True, slots=True)
class AccountView:
    """One account, without anything secret."""

    name: str
    """What its person logs in with."""
    full_name: str
    roles: tuple[Role, ...]
    standing: Standing
    locked_until: datetime | None
    must_change_password: bool
    """The password is the one that was issued."""
    first_password_until: datetime | None
    """The issued password is worth nothing from then on."""
    has_second_factor: bool
    made_at: datetime
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Person x system x permission x expiry (contract clause R06)."""

    number: int
    account: str
    system: str
    """A component's slug, or `*`."""
    permission: Permission
    granted_by: str
    granted_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    """Taken back, or replaced by a newer one, before its time."""
    ended_by: str

    def holds(self, now: datetime) -> bool:
        return self.granted_at <= now < min(self.ended_at or self.expires_at, self.expires_at)

    def covers(self, system: str) -> bool:
        return self.system in (EVERY_SYSTEM, system)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account's name and the password that works once, to be handed over and then forgotten."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody who is logged in."""

    name: str
    full_name: str
    roles: tuple[Role, ...]
    since: datetime
    idle_at: datetime
    """Over then, when nothing more is done."""
    ends_at: datetime
    """Over then, whatever is done."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Somebody whose password, and second factor where enrolled, were right; not logged in yet."""

    name: str
    password_hash: str
    """Of the password that was right: when it is another one by now, this is worth nothing."""
    must_choose_password: bool
    must_enrol: bool
