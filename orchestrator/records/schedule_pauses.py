"""Pauses of schedules: begun, ended and found again."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from orchestrator.errors import ChainBroken, InputError
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.schedule_record import PauseRecord
from orchestrator.model.tick import Pause
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.schedule_pause import SchedulePause
from orchestrator.records.vouching import vouched


@database_faults()
def pause_schedule(asked: PauseRecord, at: datetime) -> PauseRecord:
    """Record a pause. One that lasts goes on under the new words, and with its own beginning."""
    name, until = asked.schedule, asked.pause.until
    with transaction.atomic():
        row = SchedulePause.objects.select_for_update().filter(schedule=name).first()
        lasts = row is not None and _read_pause(row).covers(at) and bool(vouched([row]))
        row = row or SchedulePause(schedule=name)
        if not lasts:
            row.since = asked.pause.since
        row.until, row.by, row.proof, row.reason = until, asked.by.name, asked.by.proof, asked.reason
        row.save()
        data = {
            "since": row.since.isoformat(),
            "until": until and until.isoformat(),
            "reason": asked.reason,
        }
        append_events(at, asked.by, [(EventKind.SCHEDULE_PAUSED, schedule_name(name), data)])
    return replace(asked, pause=_read_pause(row))


@database_faults()
def resume_schedule(name: str, actor: Actor, at: datetime) -> None:
    """End a pause now.

    Raises:
        InputError: it is not paused.
    """
    with transaction.atomic():
        row = SchedulePause.objects.select_for_update().filter(schedule=name).first()
        if row is None or not _read_pause(row).covers(at):
            raise InputError(
                Text(f"{name} 没有暂停", f"{name} is not paused"),
                Text("用 wardround schedule list 查看", "see wardround schedule list"),
            )
        row.until = at
        row.save(update_fields=("until",))
        append_events(at, actor, [(EventKind.SCHEDULE_RESUMED, schedule_name(name), {})])


@database_faults()
def pauses() -> Mapping[str, PauseRecord]:
    """The last pause of each schedule, also where it is over. What the log does not tell of pauses nothing,
    and is not among them; of a broken log, which can't tell, all are shown."""
    rows = list(SchedulePause.objects.order_by("schedule"))
    with suppress(ChainBroken):
        rows = vouched(rows)
    return {
        row.schedule: PauseRecord(row.schedule, _read_pause(row), Actor(row.by, Proof(row.proof)), row.reason)
        for row in rows
    }


def last_pause(name: str, since: datetime) -> Pause | None:
    """The pause that lasts, or the last one that did; None where it was over by `since`, or somebody has put
    it into the database: that would silence the rounds.

    Raises:
        ChainBroken: the log can't tell.
    """
    row = SchedulePause.objects.filter(schedule=name).first()
    if row is None or (row.until is not None and row.until <= since) or not vouched([row]):
        return None
    return _read_pause(row)


def schedule_name(name: str) -> str:
    """How the log calls it."""
    return f"schedule {name}"


def _read_pause(row: SchedulePause) -> Pause:
    return Pause(row.since, row.until)
