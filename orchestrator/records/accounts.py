"""Accounts as a system administrator makes, blocks and mends them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db import IntegrityError, connection, transaction

from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.account import AccountView, Credentials, Standing
from orchestrator.model.actor import Actor
from orchestrator.model.near_name import near_names
from orchestrator.model.person import ADMINISTRATORS, Role
from orchestrator.records.database import database_faults
from orchestrator.records.events import Entry, append_events
from orchestrator.records.facts import stored_digest
from orchestrator.records.models.account import Account
from orchestrator.records.models.account_role import AccountRole
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.session import Session
from orchestrator.records.password_settings import FIRST_PASSWORD_DAYS
from orchestrator.records.passwords import issue_password

_NAME = re.compile(r"[a-z0-9\u4e00-\u9fff][a-z0-9\u4e00-\u9fff._-]{1,31}")
_RESERVED = frozenset({"wardround", "unknown", "root"})
"""What the log calls the program itself, and accounts of the machine."""


def account_name(typed: str) -> str:
    """A name as it is kept, however its person types it."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


@database_faults()
def any_account() -> bool:
    return Account.objects.exists()


@database_faults()
def make_account(typed: str, full_name: str, at: datetime, actor: Actor) -> Credentials:
    """Make an account, without any role, and a password for its first login.

    Raises:
        InputError: there is one of that name, or the name can't be used.
    """
    with transaction.atomic():
        return _make(typed, full_name, at, actor)


@database_faults()
def make_first_accounts(
    people: Mapping[Role, tuple[str, str]], at: datetime, actor: Actor
) -> tuple[Credentials, ...]:
    """Make the accounts of the three administrators, all or none.

    Args:
        people: name and full name by role.

    Raises:
        InputError: the site has accounts already, or a name can't be used.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            # Two that set up at once must not both find no account. SQLite lets in one writer anyway.
            with connection.cursor() as cursor:
                cursor.execute("LOCK TABLE records_account IN EXCLUSIVE MODE")
        if Account.objects.exists():
            raise InputError(
                Text("站点已有账号，初始化只能做一次", "the site has accounts: it is set up once"),
                Text(
                    "由系统管理员执行 wardround user add 增加账号",
                    "a system administrator makes more with wardround user add",
                ),
            )
        made = []
        for role, (name, full_name) in people.items():
            made.append(_make(name, full_name, at, actor))
            AccountRole.objects.create(account=Account.objects.get(name=made[-1].name), role=role)
            append_events(at, actor, [(EventKind.ROLE_GIVEN, subject(made[-1].name), {"role": role})])
        return tuple(made)


@database_faults()
def list_accounts(now: datetime) -> tuple[AccountView, ...]:
    rows = Account.objects.prefetch_related("roles").order_by("name")
    return tuple(view(row, now) for row in rows)


@database_faults()
def get_account(typed: str, now: datetime) -> AccountView:
    """Raises NotFound when there is none of that name."""
    return view(found(typed), now)


@database_faults()
def block_account(typed: str, at: datetime, actor: Actor) -> None:
    """End the use of an account, and its session.

    Raises:
        NotFound: there is none of that name.
        InputError: it is the last one that does an administrator's duty.
    """
    with transaction.atomic():
        account = locked(typed)
        for role in roles_of(account) & ADMINISTRATORS:
            refuse_last(account, role)
        if account.is_active:
            account.is_active = False
            account.save()
            Session.objects.filter(account=account).delete()
            append_events(at, actor, [(EventKind.ACCOUNT_BLOCKED, subject(account.name), {})])


@database_faults()
def unblock_account(typed: str, at: datetime, actor: Actor) -> None:
    """Let an account be used again: blocked, or locked by failed logins. Raises NotFound."""
    with transaction.atomic():
        account = locked(typed)
        account.is_active, account.failures, account.locked_until = True, 0, None
        account.save()
        append_events(at, actor, [(EventKind.ACCOUNT_UNBLOCKED, subject(account.name), {})])


@database_faults()
def reset_password(typed: str, at: datetime, actor: Actor) -> Credentials:
    """Issue a password for somebody who forgot theirs, and end their session. Raises NotFound."""
    with transaction.atomic():
        account = locked(typed)
        password = issue_password(account, at)
        Session.objects.filter(account=account).delete()
        told = {"password": stored_digest(account.password)}
        append_events(at, actor, [(EventKind.PASSWORD_RESET, subject(account.name), told)])
    return Credentials(account.name, password)


@database_faults()
def reset_second_factor(typed: str, at: datetime, actor: Actor) -> None:
    """Forget the second factor of somebody who lost it, and end their session. Raises NotFound."""
    with transaction.atomic():
        account = locked(typed)
        account.second_factor = None
        account.second_factor_step = 0
        account.save()
        Session.objects.filter(account=account).delete()
        append_events(at, actor, [(EventKind.SECOND_FACTOR_RESET, subject(account.name), {})])


def enter_anew(*, without_second_factor: Role | None) -> tuple[str, ...]:
    """End all sessions, as after a restore. Runs within the caller's transaction, which records it.

    Args:
        without_second_factor: accounts of that role lose theirs; their names are returned.
    """
    Session.objects.all().delete()
    if without_second_factor is None:
        return ()
    lost = Account.objects.filter(roles__role=without_second_factor).exclude(second_factor=None)
    names = tuple(lost.order_by("name").values_list("name", flat=True))
    Account.objects.filter(name__in=names).update(second_factor=None, second_factor_step=0)
    return names


def found(typed: str) -> Account:
    """Raises NotFound, with the nearest names, when there is none of that name."""
    name = account_name(typed)
    account = Account.objects.filter(name=name).first() if _NAME.fullmatch(name) else None
    if account is None:
        near = near_names(name, Account.objects.values_list("name", flat=True))
        raise NotFound(
            Text(f"没有账号 {typed}", f"there is no account {typed}"),
            Text(f"是否指 {'、'.join(near)}？", f"did you mean {', '.join(near)}?")
            if near
            else Text("用 wardround user list 查看", "see wardround user list"),
        )
    return account


def locked(typed: str) -> Account:
    """`found`, kept as it is until the transaction ends."""
    return Account.objects.select_for_update().get(pk=found(typed).pk)


def roles_of(account: Account) -> frozenset[Role]:
    return frozenset(Role(row.role) for row in account.roles.all())


def first_password_until(account: Account) -> datetime | None:
    """How long an issued password waits for its person: longer, and somebody else may have found it.

    None once they chose their own; and for the only system administrator, to whom nobody could issue another.
    """
    if not account.must_change_password:
        return None
    if Role.SYSTEM_ADMIN in roles_of(account) and _nobody_else(account, Role.SYSTEM_ADMIN):
        return None
    return account.password_changed_at + timedelta(days=FIRST_PASSWORD_DAYS)


def refuse_last(account: Account, role: Role) -> None:
    """Raises InputError when nobody else who can log in has this administrator's role."""
    if account.is_active and _nobody_else(account, role):
        raise InputError(
            Text(
                f"{account.name} 是唯一的{role.label.zh}，停用或撤销后无人能担任",
                f"{account.name} is the only {role.label.en}: nobody would be left to do it",
            ),
            Text("先把该角色给另一个账号", "give that role to another account first"),
        )


def standing(account: Account, now: datetime) -> Standing:
    if not account.is_active:
        return Standing.BLOCKED
    return Standing.LOCKED if account.locked_until and now < account.locked_until else Standing.ACTIVE


def view(account: Account, now: datetime) -> AccountView:
    where = standing(account, now)
    return AccountView(
        name=account.name,
        full_name=account.full_name,
        roles=ordered(roles_of(account)),
        standing=where,
        locked_until=account.locked_until if where is Standing.LOCKED else None,
        must_change_password=account.must_change_password,
        first_password_until=first_password_until(account),
        has_second_factor=account.second_factor is not None,
        made_at=account.made_at,
        last_login=account.last_login,
    )


def ordered(roles: frozenset[Role]) -> tuple[Role, ...]:
    return tuple(role for role in Role if role in roles)


def subject(name: str) -> str:
    """How the log names an account."""
    return f"account {name}"


def _nobody_else(account: Account, role: Role) -> bool:
    others = AccountRole.objects.filter(role=role, account__is_active=True).exclude(account=account)
    return not others.exists()


def _make(typed: str, full_name: str, at: datetime, actor: Actor) -> Credentials:
    name, full_name = _checked_name(typed), _checked_full_name(full_name)
    account = Account(name=name, full_name=full_name, made_at=at, password_changed_at=at)
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise InputError(
            Text(f"已有账号 {name}", f"there is an account {name} already"),
            Text(
                "换一个名字；停用的账号用 wardround user unblock 恢复",
                "choose another name; a blocked account comes back with wardround user unblock",
            ),
        ) from error
    password = issue_password(account, at)
    told = {"full_name": full_name, "password": stored_digest(account.password)}
    entry: Entry = (EventKind.ACCOUNT_MADE, subject(name), told)
    append_events(at, actor, [entry])
    return Credentials(name, password)


def _checked_name(typed: str) -> str:
    name = account_name(typed)
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise InputError(
            Text(f"账号名 {typed!r} 不可用", f"an account can't be named {typed!r}"),
            Text(
                "2-32 个字符：小写字母、数字、汉字、点、下划线、连字符，以字母、数字或汉字开头；"
                f"不能是 {'、'.join(sorted(_RESERVED))}",
                "2-32 characters: lower-case letters, digits, Chinese, dot, underscore, hyphen; it begins "
                f"with a letter, digit or Chinese, and is none of {', '.join(sorted(_RESERVED))}",
            ),
        )
    return name


def _checked_full_name(typed: str) -> str:
    full_name = " ".join(typed.split())
    if not full_name or len(full_name) > 64 or not full_name.isprintable():
        raise InputError(
            Text("姓名不可用", "the full name can't be used"),
            Text("1-64 个可显示的字符", "1-64 characters that can be shown"),
        )
    return full_name
