"""Logging in: password and second factor, counted failures, and the lock after too many of them."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction

from orchestrator.errors import ChainBroken, InputError, Unauthenticated
from orchestrator.language import Text
from orchestrator.model.account import Admitted, Standing
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.person import Role
from orchestrator.records.accounts import account_name, first_password_until, roles_of, standing, subject
from orchestrator.records.database import database_faults
from orchestrator.records.events import Entry, append_events
from orchestrator.records.facts import stored_digest
from orchestrator.records.models.account import Account
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.session import Session
from orchestrator.records.passwords import choose_password, password_is_due, password_matches
from orchestrator.records.second_factor import accepted_step, seal, unseal
from orchestrator.records.sessions import Token, open_session
from orchestrator.records.vouching import require_vouched

MOST_FAILURES = 5
LOCKED_FOR = timedelta(minutes=30)


@database_faults()
def admit(typed: str, password: str, code: str, now: datetime, state: Path, machine: Actor) -> Admitted:
    """Hold what somebody gave against their account.

    Args:
        machine: the account of the machine that tries, for the log.

    Raises:
        Unauthenticated: something is wrong. It does not say what, and it takes as long whatever it is.
    """
    name = account_name(typed)
    account = Account.objects.filter(name=name).first() if name.isprintable() else None
    right = password_matches(account, password)
    with transaction.atomic():
        if account is None:
            # What was typed is not kept: people type their password where the name belongs.
            append_events(now, machine, [(EventKind.LOGIN_REFUSED, "account ?", {"reason": "unknown"})])
        else:
            row = Account.objects.select_for_update().get(pk=account.pk)
            reason = _refusal(row, right and row.password == account.password, code, now, state)
            if reason is None:
                _forget_failures(row)
                return _admitted(row, now)
            entries = _failed(row, reason, now)
            # A failure counts even where nobody can log it: or else a broken log would lift the lock.
            with suppress(ChainBroken):
                append_events(now, machine, entries)
    raise refused()


@database_faults()
def choose_own_password(admitted: Admitted, password: str, now: datetime) -> Admitted:
    """Raises InputError with every rule that the new password breaks."""
    with transaction.atomic():
        account = _still(admitted)
        choose_password(account, password, now)
        told = {"password": stored_digest(account.password)}
        entry: Entry = (EventKind.PASSWORD_CHANGED, subject(account.name), told)
        append_events(now, Actor(account.name, Proof.SESSION), [entry])
        return _admitted(account, now)


@database_faults()
def enrol(admitted: Admitted, secret: str, code: str, now: datetime, state: Path) -> Admitted:
    """Keep the second factor once a first code proves that the person's device has it.

    Raises:
        InputError: the code is not right.
    """
    with transaction.atomic():
        account = _still(admitted)
        step = accepted_step(secret, code, now, account.second_factor_step)
        if account.second_factor is not None or step is None:
            raise InputError(
                Text("动态码不对", "that code is not right"),
                Text(
                    "等下一个动态码再输入；仍不对则检查手机和本机的时钟",
                    "wait for the next code; if that is not right either, compare the clocks",
                ),
            )
        account.second_factor = seal(secret, account.pk, state)
        account.second_factor_step = step
        account.save()
        told = {"second_factor": stored_digest(account.second_factor)}
        entry: Entry = (EventKind.SECOND_FACTOR_ENROLLED, subject(account.name), told)
        append_events(now, Actor(account.name, Proof.SESSION), [entry])
        return _admitted(account, now)


@database_faults()
def log_in(admitted: Admitted, token: Token, now: datetime) -> None:
    """Open the session.

    On a broken log an audit administrator alone gets in, unlogged: somebody must take note of the break, and
    that event names them. Everything else goes on being refused.

    Raises:
        Unauthenticated: there is a password to choose or a second factor to enrol.
        ChainBroken: to anybody else.
        Forbidden: the account was changed outside of this program.
    """
    with transaction.atomic():
        account = _still(admitted)
        if account.second_factor is None or password_is_due(account, now):
            raise refused()
        mends = Role.AUDIT_ADMIN in roles_of(account)
        require_vouched(lambda: Account.objects.filter(pk=account.pk), on_a_broken_log=mends)
        replaced = Session.objects.filter(account=account).exists()
        open_session(account, token, now)
        account.last_login = now
        account.save()
        told = {"replaces": replaced, "session": stored_digest(token.hashed)}
        entry: Entry = (EventKind.LOGGED_IN, subject(account.name), told)
        try:
            append_events(now, Actor(account.name, Proof.SESSION), [entry])
        except ChainBroken:
            if not mends:
                raise


def refused() -> Unauthenticated:
    return Unauthenticated(
        Text(
            "未能登录：账号、口令或动态码不对，或账号已停用、被锁定",
            "not logged in: account, password or code is wrong, or the account is blocked or locked",
        ),
        Text(
            "连续 5 次失败锁定 30 分钟；每个动态码只能用一次；一次性口令 7 天内有效；"
            "忘记口令找系统管理员，更换手机找安全管理员",
            "five failures in a row lock it for 30 minutes; a code works once; a first password is good for "
            "7 days; a system administrator helps who forgot the password, a security administrator who has "
            "a new phone",
        ),
    )


def _refusal(account: Account, right: bool, code: str, now: datetime, state: Path) -> str | None:
    where = standing(account, now)
    if where is not Standing.ACTIVE:
        return where.value
    if not right:
        return "password"
    if (until := first_password_until(account)) is not None and now >= until:
        return "first password expired"
    if account.second_factor is None:
        return "code" if code.strip() else None
    secret = unseal(bytes(account.second_factor), account.pk, state)
    step = accepted_step(secret, code, now, account.second_factor_step)
    if step is None:
        return "code"
    account.second_factor_step = step
    return None


def _forget_failures(account: Account) -> None:
    account.failures, account.locked_until = 0, None
    account.save()


def _failed(account: Account, reason: str, now: datetime) -> list[Entry]:
    entries: list[Entry] = [(EventKind.LOGIN_REFUSED, subject(account.name), {"reason": reason})]
    if reason in ("password", "code"):
        if account.locked_until is not None:  # a lock that has ended
            account.failures, account.locked_until = 0, None
        account.failures += 1
        if account.failures >= MOST_FAILURES:
            account.locked_until = now + LOCKED_FOR
            until = account.locked_until.isoformat()
            entries.append((EventKind.ACCOUNT_LOCKED, subject(account.name), {"until": until}))
        account.save()
    return entries


def _still(admitted: Admitted) -> Account:
    account = Account.objects.select_for_update().filter(name=admitted.name, is_active=True).first()
    if account is None or account.password != admitted.password_hash:
        raise refused()
    return account


def _admitted(account: Account, now: datetime) -> Admitted:
    return Admitted(
        account.name, account.password, password_is_due(account, now), account.second_factor is None
    )
