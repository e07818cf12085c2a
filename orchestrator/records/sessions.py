"""Who is logged in. A token is good in one place only: for the account of the machine that it was made for,
on that machine, until it starts anew."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from orchestrator.errors import Unauthenticated
from orchestrator.language import Text
from orchestrator.model.account import Presence
from orchestrator.model.actor import Actor, Proof
from orchestrator.records.accounts import ordered, roles_of, subject
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.account import Account
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.session import Session

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=12)
_NOTED_EVERY = timedelta(seconds=30)
"""What is done in a session is noted no more often."""
_STEP_BACK = timedelta(seconds=5)
"""Time services set a clock back by less. More, and nobody knows how long ago somebody was here."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a person's session file holds, and the place that it is used from."""

    secret: str
    place: str

    @property
    def hashed(self) -> str:
        return hashlib.sha256(f"{self.secret}\n{self.place}".encode()).hexdigest()


def new_token(place: str) -> Token:
    return Token(secrets.token_urlsafe(32), place)


def open_session(account: Account, token: Token, at: datetime) -> None:
    """Log somebody in, and out wherever else. Runs within the caller's transaction."""
    Session.objects.filter(account=account).delete()
    Session.objects.create(account=account, token=token.hashed, opened_at=at, seen_at=at)


@database_faults()
def present(token: Token, now: datetime) -> Presence:
    """Who the token stands for. Using it keeps the session from falling idle.

    Raises:
        Unauthenticated: it stands for nobody, or no more; says why. A session that is over stays over.
    """
    with transaction.atomic():
        session = (
            Session.objects.select_for_update(of=("self",))
            .select_related("account")
            .filter(token=token.hashed)
            .first()
        )
        why = _over(session, now)
        if session is not None and why is None:
            if now - session.seen_at >= _NOTED_EVERY:
                session.seen_at = now
                session.save(update_fields=["seen_at"])
            return _presence(session)
        if session is not None:
            session.delete()
    raise Unauthenticated(
        why or Text("没有登录", "nobody is logged in"), Text("执行 wardround login", "run wardround login")
    )


@database_faults()
def close_session(token: Token, at: datetime) -> str | None:
    """Log out; returns who did, None when the token stood for nobody."""
    with transaction.atomic():
        session = Session.objects.select_related("account").filter(token=token.hashed).first()
        if session is None:
            return None
        name = session.account.name
        session.delete()
        append_events(at, Actor(name, Proof.SESSION), [(EventKind.LOGGED_OUT, subject(name), {})])
        return name


def _over(session: Session | None, now: datetime) -> Text | None:
    if session is None:
        return Text(
            "登录已失效：已在别处登录、已退出、口令已重置，或会话文件不是在这里生成的",
            "the session is over: logged in elsewhere or out, password reset, or its file was not made here",
        )
    if not session.account.is_active:
        return Text("账号已停用", "the account is blocked")
    if now < session.seen_at - _STEP_BACK:
        return Text("系统时钟被往回调过，登录已失效", "the clock was set back, so the session is over")
    if now - session.seen_at >= IDLE:
        return Text(
            "超过 15 分钟没有操作，登录已失效", "the session is over: nothing was done for 15 minutes"
        )
    if now - session.opened_at >= LONGEST:
        return Text("登录已满 12 小时，已失效", "the session is over: it lasted 12 hours")
    return None


def _presence(session: Session) -> Presence:
    return Presence(
        name=session.account.name,
        full_name=session.account.full_name,
        roles=ordered(roles_of(session.account)),
        since=session.opened_at,
        idle_at=min(session.seen_at + IDLE, session.opened_at + LONGEST),
        ends_at=session.opened_at + LONGEST,
    )
