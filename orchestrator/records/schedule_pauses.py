"""Pauses of schedules: begun, ended and found again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.schedule_record import PauseRecord
from orchestrator.model.tick import Pause
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.schedule_pause import SchedulePause


@database_faults()
def pause_schedule(asked: PauseRecord, at: datetime) -> PauseRecord:
    """Record a pause. One that lasts goes on under the new words, and with its own beginning."""
    name, until = asked.schedule, asked.pause.until
    with transaction.atomic():
        row = SchedulePause.objects.select_for_update().filter(schedule=name).first()
        row = row or SchedulePause(schedule=name, since=asked.pause.since)
        if not _read_pause(row).covers(at):
            row.since = asked.pause.since
        row.until, row.by, row.proof, row.reason = until, asked.by.name, asked.by.proof, asked.reason
        row.save()
        data = {"until": until and until.isoformat(), "reason": asked.reason}
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
    """The last pause of each schedule, also where it is over."""
    return {
        row.schedule: PauseRecord(row.schedule, _read_pause(row), Actor(row.by, Proof(row.proof)), row.reason)
        for row in SchedulePause.objects.order_by("schedule")
    }


def last_pause(name: str) -> Pause | None:
    """The pause that lasts, or the last one that did."""
    row = SchedulePause.objects.filter(schedule=name).first()
    return None if row is None else _read_pause(row)


def schedule_name(name: str) -> str:
    """How the log calls it."""
    return f"schedule {name}"


def _read_pause(row: SchedulePause) -> Pause:
    return Pause(row.since, row.until)
