"""Waivers as they are approved, ended, found again and told of once they have run out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Q, QuerySet

from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM, Actor, Proof
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from orchestrator.records.chain_tail import hold_tail
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.waiver import Waiver as Row
from orchestrator.records.row_words import subject_of
from orchestrator.records.vouching import vouched


@database_faults()
def approve_waiver(asked: Waiver) -> Waiver:
    """Record a waiver; its number is given to it here.

    Raises:
        InputError: another one stands for a part of the same.
    """
    with transaction.atomic():
        hold_tail()  # so that of two who approve the same at once the second one sees the first
        for other in _standing(asked.approved_at).filter(runbook=asked.runbook, host=asked.host):
            if _overlap(asked, other):
                raise _double(other)
        row = Row.objects.create(
            runbook=asked.runbook,
            host=asked.host,
            task=asked.task,
            metric=asked.metric,
            subject=asked.subject,
            covers=asked.covers,
            reason=asked.reason,
            approver=asked.approver.name,
            proof=asked.approver.proof,
            approved_at=asked.approved_at,
            expires_at=asked.expires_at,
        )
        data = {
            **_about(row),
            "covers": row.covers,
            "until": row.expires_at.isoformat(),
            "reason": row.reason,
        }
        append_events(asked.approved_at, asked.approver, [(EventKind.WAIVER_APPROVED, subject_of(row), data)])
    return read_waiver(row)


@database_faults()
def end_waiver(number: int, actor: Actor, at: datetime, reason: str) -> Waiver:
    """End a waiver before its time.

    Raises:
        NotFound, InputError: there is none, or it holds no more.
    """
    with transaction.atomic():
        hold_tail()
        row = _get(number)
        if row.ends_at <= at:
            raise InputError(
                Text(f"豁免 {number} 已经失效", f"waiver {number} has ended already"),
                Text("用 wardround waiver list --all 查看", "see wardround waiver list --all"),
            )
        row.ended_at = at
        row.save(update_fields=("ended_at",))
        append_events(
            at, actor, [(EventKind.WAIVER_ENDED, subject_of(row), {**_about(row), "reason": reason})]
        )
    return read_waiver(row)


@database_faults()
def get_waiver(number: int) -> Waiver:
    """Raises NotFound when there is no such waiver."""
    return read_waiver(_get(number))


@database_faults()
def list_waivers() -> tuple[Waiver, ...]:
    """All that there ever were, oldest first."""
    return tuple(map(read_waiver, Row.objects.order_by("pk")))


@database_faults()
def waivers_for_round(number: int, runbook: str, hosts: Collection[str], at: datetime) -> tuple[Waiver, ...]:
    """The waivers that may hold in a round that starts: those that the log of events vouches for. Those over
    its hosts that have run out since are told of, each once."""
    with transaction.atomic():
        spent = Q(ended_at=None, expires_at__lte=at) | Q(ended_at__lte=at)
        untold = [
            row for row in Row.objects.filter(spent, runbook=runbook, told_in=None) if row.host in hosts
        ]
        Row.objects.filter(pk__in=[row.pk for row in untold]).update(told_in=number)
        expired = [row for row in untold if row.ended_at is None]
        append_events(at, PROGRAM, [_expired(row, number) for row in expired])
    return standing_waivers(runbook, hosts, at)


@database_faults()
def standing_waivers(runbook: str, hosts: Collection[str], at: datetime) -> tuple[Waiver, ...]:
    """The waivers that may hold over these hosts: those that the log of events vouches for."""
    standing = [row for row in _standing(at).filter(runbook=runbook) if row.host in hosts]
    return tuple(map(read_waiver, vouched(standing)))


def read_waiver(row: Row) -> Waiver:
    return Waiver(
        number=row.number,
        runbook=row.runbook,
        host=row.host,
        task=row.task,
        metric=row.metric,
        subject=row.subject,
        covers=Verdict(row.covers),
        reason=row.reason,
        approver=Actor(row.approver, Proof(row.proof)),
        approved_at=row.approved_at,
        expires_at=row.expires_at,
        ended_at=row.ended_at,
    )


def _standing(at: datetime) -> QuerySet[Row]:
    return Row.objects.filter(ended_at=None, expires_at__gt=at).order_by("pk")


def _overlap(asked: Waiver, other: Row) -> bool:
    return (
        asked.task == other.task and _meet(asked.metric, other.metric) and _meet(asked.subject, other.subject)
    )


def _meet(one: str, other: str) -> bool:
    return "" in (one, other) or one == other


def _get(number: int) -> Row:
    row = Row.objects.filter(pk=number).first()
    if row is None:
        raise NotFound(
            Text(f"没有编号为 {number} 的豁免", f"there is no waiver {number}"),
            Text("用 wardround waiver list --all 查看", "see wardround waiver list --all"),
        )
    return row


def _double(other: Row) -> InputError:
    place = " ".join(part for part in (other.host, other.task, other.metric, other.subject) if part)
    return InputError(
        Text(
            f"豁免 {other.number}（{place}）已涵盖同一事项",
            f"waiver {other.number} ({place}) stands for the same already",
        ),
        Text(
            f"先结束它：wardround waiver expire {other.number} --reason 理由",
            f"end that one first: wardround waiver expire {other.number} --reason WHY",
        ),
    )


def _expired(row: Row, number: int) -> tuple[EventKind, str, dict[str, object]]:
    data = {**_about(row), "round": number, "until": row.expires_at.isoformat(), "approver": row.approver}
    return EventKind.WAIVER_EXPIRED, subject_of(row), data


def _about(row: Row) -> dict[str, object]:
    return {
        "runbook": row.runbook,
        "host": row.host,
        "task": row.task,
        "metric": row.metric,
        "subject": row.subject,
    }
