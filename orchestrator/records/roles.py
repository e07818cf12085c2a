"""Roles and authorisations as a security administrator gives and takes them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.account import Authorisation
from orchestrator.model.actor import Actor
from orchestrator.model.person import ADMINISTRATORS, Permission, Role, conflict
from orchestrator.records.accounts import account_name, found, locked, refuse_last, roles_of, subject
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.account import Account
from orchestrator.records.models.account_role import AccountRole
from orchestrator.records.models.authorisation import Authorisation as Row
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.session import Session
from orchestrator.records.vouching import require_vouched


@database_faults()
def change_roles(
    typed: str, give: Collection[Role], take: Collection[Role], at: datetime, actor: Actor
) -> frozenset[Role]:
    """Give and take roles in one step; returns those that the account then holds.

    Raises:
        NotFound: there is no such account.
        InputError: those roles exclude one another, or the last administrator of a kind would go.
    """
    with transaction.atomic():
        account = locked(typed)
        before = roles_of(account)
        after = before - frozenset(take) | frozenset(give)
        if (why := conflict(after)) is not None:
            raise InputError(
                why, Text("先撤销冲突的角色（--take）", "take the conflicting role (--take) first")
            )
        for role in (before - after) & ADMINISTRATORS:
            refuse_last(account, role)
        AccountRole.objects.filter(account=account, role__in=before - after).delete()
        AccountRole.objects.bulk_create(
            AccountRole(account=account, role=role) for role in sorted(after - before)
        )
        changes = [(EventKind.ROLE_TAKEN, role) for role in sorted(before - after)]
        changes += [(EventKind.ROLE_GIVEN, role) for role in sorted(after - before)]
        append_events(at, actor, [(kind, subject(account.name), {"role": role}) for kind, role in changes])
        return after


@database_faults()
def grant(
    typed: str, system: str, permission: Permission, expires_at: datetime, at: datetime, actor: Actor
) -> Authorisation:
    """Allow something on a system until then; an earlier authorisation for the same is replaced.

    Raises:
        NotFound: there is no such account.
        InputError: no role of the account makes it eligible.
    """
    with transaction.atomic():
        account = locked(typed)
        if not roles_of(account) & permission.roles:
            names = [role for role in Role if role in permission.roles]
            raise InputError(
                Text(
                    f"{account.name} 的角色不能{permission.label.zh}：需要"
                    f"{'、'.join(role.label.zh for role in names)}之一",
                    f"no role of {account.name} may {permission.label.en}: that takes one of "
                    f"{', '.join(role.label.en for role in names)}",
                ),
                Text(
                    f"先给角色：wardround user role {account.name} --give {names[0]}",
                    f"give the role first: wardround user role {account.name} --give {names[0]}",
                ),
            )
        replaced = _replace(account.pk, system, permission, at, actor)
        row = Row.objects.create(
            account=account,
            system=system,
            permission=permission,
            granted_by=actor.name,
            granted_at=at,
            expires_at=expires_at,
        )
        data = {**_data(row), "replaces": replaced}
        append_events(at, actor, [(EventKind.AUTHORISATION_GRANTED, subject(account.name), data)])
        return _view(row)


@database_faults()
def revoke(number: int, at: datetime, actor: Actor) -> Authorisation:
    """End an authorisation before its time.

    Raises:
        NotFound: there is none of that number.
        InputError: it has ended already.
    """
    with transaction.atomic():
        row = Row.objects.select_for_update().filter(pk=number).first()
        if row is None:
            raise _no_authorisation(number)
        if row.ended_at is not None or row.expires_at <= at:
            raise InputError(
                Text(f"授权 {number} 早已失效", f"authorisation {number} has ended already"),
                Text("用 wardround user authorisations 查看", "see wardround user authorisations"),
            )
        row.ended_at, row.ended_by = at, actor.name
        row.save()
        entry = (EventKind.AUTHORISATION_REVOKED, subject(row.account.name), _data(row))
        append_events(at, actor, [entry])
        return _view(row)


@database_faults()
def get_authorisation(number: int) -> Authorisation:
    """Raises NotFound when there is none of that number."""
    row = Row.objects.select_related("account").filter(pk=number).first()
    if row is None:
        raise _no_authorisation(number)
    return _view(row)


@database_faults()
def require_vouched_person(typed: str, *, on_a_broken_log: bool) -> None:
    """Raises Forbidden when account, roles or session are not what was decided; as `require_vouched`."""
    name = account_name(typed)

    def read() -> tuple[Account | Session, ...]:
        accounts = Account.objects.filter(name=name)
        return (*accounts, *Session.objects.filter(account__name=name).select_related("account"))

    require_vouched(read, on_a_broken_log=on_a_broken_log)


@database_faults()
def require_vouched_authorisations(numbers: Collection[int]) -> None:
    """Raises Forbidden when one of them is not what was granted; as `require_vouched`."""
    require_vouched(lambda: Row.objects.filter(pk__in=numbers).select_related("account"))


@database_faults()
def list_authorisations(typed: str | None) -> tuple[Authorisation, ...]:
    """Of one account or of all, ended ones too. Raises NotFound."""
    rows = Row.objects.select_related("account").order_by("account__name", "pk")
    if typed is not None:
        rows = rows.filter(account=found(typed))
    return tuple(_view(row) for row in rows)


def _replace(account: int, system: str, permission: Permission, at: datetime, actor: Actor) -> int | None:
    row = Row.objects.filter(account=account, system=system, permission=permission, ended_at=None).first()
    if row is None:
        return None
    live = at < row.expires_at
    row.ended_at, row.ended_by = (at, actor.name) if live else (row.expires_at, "")
    row.save()
    return row.pk if live else None


def _view(row: Row) -> Authorisation:
    return Authorisation(
        number=row.pk,
        account=row.account.name,
        system=row.system,
        permission=Permission(row.permission),
        granted_by=row.granted_by,
        granted_at=row.granted_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
    )


def _data(row: Row) -> dict[str, object]:
    return {
        "authorisation": row.pk,
        "system": row.system,
        "permission": row.permission,
        "expires_at": row.expires_at.isoformat(),
    }


def _no_authorisation(number: int) -> NotFound:
    return NotFound(
        Text(f"没有授权 {number}", f"there is no authorisation {number}"),
        Text("用 wardround user authorisations 查看", "see wardround user authorisations"),
    )
