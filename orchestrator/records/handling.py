"""What people do about findings: find them, give them to somebody, note, close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Max, Min, Q

from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.finding import (
    Act,
    FindingDetail,
    FindingLine,
    FindingState,
    Note,
    SampleRange,
)
from orchestrator.model.verdict import Verdict
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.findings import identity
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.finding_note import FindingNote
from orchestrator.records.models.sample import Sample
from orchestrator.records.models.series import Series
from orchestrator.records.models.waiver import Waiver
from orchestrator.records.row_words import subject_of
from orchestrator.records.vouching import require_vouched
from orchestrator.records.waivers import read_waiver
from orchestrator.records.waiving import concerns

_KINDS = {
    Act.ASSIGNED: EventKind.FINDING_ASSIGNED,
    Act.NOTED: EventKind.FINDING_NOTED,
    Act.CLOSED: EventKind.FINDING_CLOSED,
}


@dataclass(frozen=True, slots=True)
class FindingFilter:
    """Which findings are asked for."""

    everything: bool = False
    """Also those that are gone; otherwise those alone that somebody still has to deal with."""
    owner: str | None = None
    overdue: bool = False
    host: str | None = None
    runbook: str | None = None


@database_faults()
def list_findings(asked: FindingFilter, now: datetime, limit: int) -> tuple[FindingLine, ...]:
    """The newest first. One that is gone still waits for its owner, if it has one, to close it."""
    rows = Finding.objects.select_related("first_seen", "last_seen")
    rows = rows.defer("first_seen__scope", "last_seen__scope").order_by("-pk")
    if not asked.everything:
        waits = Q(closed_at=None) & ~Q(owner="")
        rows = rows.filter(Q(cleared_in=None) | waits)
    if asked.owner is not None:
        rows = rows.filter(owner=asked.owner)
    if asked.overdue:
        rows = rows.filter(cleared_in=None, due_at__lt=now)
    if asked.host is not None:
        rows = rows.filter(host=asked.host)
    if asked.runbook is not None:
        rows = rows.filter(first_seen__runbook=asked.runbook)
    return tuple(_line(row, now) for row in rows[:limit])


@database_faults()
def get_finding(number: int, now: datetime) -> FindingLine:
    """Raises NotFound when there is no such finding."""
    return _line(_get(number), now)


@database_faults()
def finding_detail(number: int, now: datetime) -> FindingDetail:
    """Raises NotFound when there is no such finding."""
    row = _get(number)
    others = Finding.objects.filter(fingerprint=row.fingerprint).exclude(pk=row.pk).order_by("pk")
    waivers = Waiver.objects.filter(runbook=row.first_seen.runbook, host=row.host).order_by("pk")
    covering = [read_waiver(one) for one in waivers]
    return FindingDetail(
        line=_line(row, now),
        first_round=row.first_seen_id,
        last_round=row.last_seen_id,
        cleared_round=row.cleared_in_id,
        cleared_at=row.cleared_in.started_at if row.cleared_in else None,
        closed_at=row.closed_at,
        closed_by=Actor(row.closed_by, Proof(row.closed_proof)) if row.closed_at else None,
        notes=tuple(_note(one) for one in row.notes.all()),
        waivers=tuple(one for one in covering if concerns(one, identity(row))),
        samples=_samples(row),
        others=tuple(others.values_list("pk", flat=True)),
    )


@database_faults()
def assign_finding(
    number: int, actor: Actor, at: datetime, owner: str, due_at: datetime | None, text: str
) -> FindingLine:
    """Give a finding to somebody. Without a due time it keeps the one that it has.

    Raises:
        NotFound, InputError, Forbidden: there is none, closed, or changed outside of this program.
    """
    with transaction.atomic():
        row = _open(number)
        row.owner, row.due_at = owner, due_at or row.due_at
        row.save(update_fields=("owner", "due_at"))
        _write(row, actor, at, Act.ASSIGNED, text, owner, row.due_at)
    return _line(row, at)


@database_faults()
def note_finding(number: int, actor: Actor, at: datetime, text: str) -> FindingLine:
    """Raises NotFound when there is no such finding."""
    with transaction.atomic():
        row = _vouched(number)
        _write(row, actor, at, Act.NOTED, text)
    return _line(row, at)


@database_faults()
def close_finding(number: int, actor: Actor, at: datetime, text: str) -> FindingLine:
    """Say that a finding is done with.

    Raises:
        NotFound, InputError: there is none, it is closed already, or no check saw it gone.
    """
    with transaction.atomic():
        row = _open(number)
        if row.cleared_in_id is None:
            raise _still_there(row)
        row.closed_at, row.closed_by, row.closed_proof = at, actor.name, actor.proof
        row.save(update_fields=("closed_at", "closed_by", "closed_proof"))
        _write(row, actor, at, Act.CLOSED, text)
    return _line(row, at)


def _write(
    row: Finding,
    actor: Actor,
    at: datetime,
    act: Act,
    text: str,
    owner: str = "",
    due_at: datetime | None = None,
) -> None:
    FindingNote.objects.create(
        finding=row,
        at=at,
        author=actor.name,
        proof=actor.proof,
        act=act,
        text=text,
        owner=owner,
        due_at=due_at,
    )
    about: Mapping[str, object] = {
        "what": str(identity(row)),
        "text": text,
        "owner": owner,
        "due": due_at.isoformat() if due_at else None,
    }
    append_events(at, actor, [(_KINDS[act], subject_of(row), about)])


def _get(number: int) -> Finding:
    rows = Finding.objects.select_related("first_seen", "last_seen", "cleared_in")
    row = rows.defer("first_seen__scope", "last_seen__scope", "cleared_in__scope").filter(pk=number).first()
    if row is None:
        raise NotFound(
            Text(f"没有编号为 {number} 的发现", f"there is no finding {number}"),
            Text("用 wardround finding list --all 查看", "see wardround finding list --all"),
        )
    return row


def _vouched(number: int) -> Finding:
    """Raises Forbidden when it is not what people made of it: nobody builds on that."""
    row = _get(number)
    require_vouched(lambda: Finding.objects.filter(pk=number).prefetch_related("notes"))
    return row


def _open(number: int) -> Finding:
    row = _vouched(number)
    if row.closed_at is not None:
        raise InputError(
            Text(
                f"发现 {number} 已由 {row.closed_by} 关闭", f"finding {number} was closed by {row.closed_by}"
            ),
            Text("再次出现时会有新的编号", "if it comes back it gets a number of its own"),
        )
    return row


def _still_there(row: Finding) -> InputError:
    return InputError(
        Text(
            f"发现 {row.number} 还没有检查证实已消除，不能关闭",
            f"no check has seen finding {row.number} gone: it can't be closed",
        ),
        Text(
            f"处理后复检：wardround finding recheck {row.number}；"
            f"暂不处理则豁免：wardround waiver add --finding {row.number}",
            f"mend it and look again with wardround finding recheck {row.number}, "
            f"or accept it for a time with wardround waiver add --finding {row.number}",
        ),
    )


def _line(row: Finding, now: datetime) -> FindingLine:
    state = _state(row)
    return FindingLine(
        number=row.number,
        runbook=row.first_seen.runbook,
        host=row.host,
        task=row.task,
        metric=row.metric,
        subject=row.subject,
        verdict=Verdict(row.verdict),
        value=row.value,
        state=state,
        since=row.first_seen.started_at,
        last_seen=row.last_seen.started_at,
        owner=row.owner,
        due_at=row.due_at,
        overdue=row.cleared_in_id is None and row.due_at is not None and row.due_at < now,
    )


def _state(row: Finding) -> FindingState:
    if row.closed_at is not None:
        return FindingState.CLOSED
    if row.cleared_in_id is not None:
        return FindingState.CLEARED
    return FindingState.WAIVED if row.verdict == Verdict.WAIVED else FindingState.OPEN


def _note(row: FindingNote) -> Note:
    return Note(row.at, Actor(row.author, Proof(row.proof)), Act(row.act), row.text, row.owner, row.due_at)


def _samples(row: Finding) -> SampleRange | None:
    series = Series.objects.filter(
        host=row.host, task=row.task, metric=row.metric, subject=row.subject
    ).first()
    if series is None:
        return None
    since = int(row.first_seen.started_at.timestamp())
    seen = Sample.objects.filter(series=series, at__gte=since)
    found = seen.aggregate(count=Count("pk"), least=Min(F("value")), most=Max(F("value")))
    if not found["count"]:
        return None
    return SampleRange(found["count"], found["least"], found["most"], series.unit)
