"""Schedules as people see them, and what they decide: pause, resume, answer."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.application.clock import Clock
from orchestrator.application.deadline import read_deadline
from orchestrator.application.people import People
from orchestrator.application.runbooks import read_documents
from orchestrator.application.timetables import Timetables
from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.due_time import DueTime, upcoming
from orchestrator.model.person import Permission
from orchestrator.model.run import RunRequest
from orchestrator.model.runbook import Runbook
from orchestrator.model.schedule_record import OccurrenceRecord, PauseRecord
from orchestrator.model.site import Site
from orchestrator.model.tick import Pause
from orchestrator.model.timetable import Schedule
from orchestrator.model.work_calendar import WorkCalendar
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.records.masking import Masker
from orchestrator.records.schedule_pauses import pause_schedule, pauses, resume_schedule
from orchestrator.records.schedules import (
    answer,
    asking_occurrences,
    latest_occurrences,
    list_occurrences,
    settled_until,
)
from orchestrator.records.site_key import site_key

UNSEEN = timedelta(minutes=1)
"""Due for longer than this without a record, nobody looks: workers do so every second."""


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule of the timetable, and how it stands."""

    schedule: Schedule
    next: DueTime | None
    ended: NotFound | None
    """Why there is no next one: the work calendar ends."""
    last: OccurrenceRecord | None
    """The latest due time that has a record."""
    pause: PauseRecord | None
    """The one that lasts."""
    asks: tuple[OccurrenceRecord, ...]
    """Missed ones that wait for an answer, the oldest first."""
    unseen: DueTime | None
    """The first due time that passed without a record: no worker looks after the timetable."""
    ahead: timedelta
    """How far its records reach into the future: the clock was set back, and nothing runs until then."""


class Schedules:
    """The schedules of one site, whose database is open."""

    def __init__(
        self,
        site: Site,
        checks: Registry[CheckPlugin],
        timetables: Timetables,
        people: People,
        clock: Clock,
    ) -> None:
        self._site = site
        self._checks = checks
        self._timetables = timetables
        self._people = people
        self._clock = clock

    def list(self) -> tuple[ScheduleView, ...]:
        """All of the timetable, in its order.

        Raises:
            NotFound: the site has no timetable.
            InvalidDocument: the timetable or a calendar has errors.
        """
        schedules = self._timetables.timetable.schedules
        settled, paused = settled_until(), pauses()
        last = latest_occurrences([one.name for one in schedules])
        asks = asking_occurrences()
        return tuple(
            self._view(
                one,
                settled.get(one.name),
                last.get(one.name),
                paused.get(one.name),
                tuple(asked for asked in asks if asked.schedule == one.name),
            )
            for one in schedules
        )

    def past(self, name: str, last: int) -> tuple[OccurrenceRecord, ...]:
        """The latest due times of a schedule, newest first, also of one that is no longer in the timetable.

        Raises:
            NotFound: no such schedule, and no record of one.
        """
        found = list_occurrences(name, last)
        if not found:
            self._timetables.timetable.find(name)
        return tuple(found)

    def pause(self, name: str, until: str | None, reason: str) -> PauseRecord:
        """Have nothing of a schedule run, until a time or until somebody resumes it.

        Raises:
            NotFound: no such schedule.
            InputError: no reason, or a time that is past.
            Unauthenticated, Forbidden: it is not known who decides, or that person may not.
        """
        self._require(name)
        now = self._clock()
        if not reason.strip():
            raise InputError(Text("必须写明理由", "a reason is required"))
        end = read_deadline(until, now, self._site.timezone) if until is not None else None
        said = Masker((), site_key(self._site.state)).mask(reason.strip())
        return pause_schedule(PauseRecord(name, Pause(now, end), self._decider(), said), now)

    def resume(self, name: str) -> None:
        """End a pause. What was due meanwhile was skipped, and stays so.

        Raises:
            NotFound, InputError, Unauthenticated, Forbidden: nothing was changed.
        """
        self._require(name)
        resume_schedule(name, self._decider(), self._clock())

    def answer(self, name: str, due_at: str, *, run: bool) -> OccurrenceRecord:
        """Say whether a due time that was missed is made up for.

        Args:
            due_at: as `list` shows it; a time without a zone is meant in the schedule's.

        Raises:
            NotFound: no such schedule or due time, or its runbook is gone.
            InvalidDocument: its runbook has errors.
            InputError: nobody was asked about it.
            Busy: the run before is under way.
            Unauthenticated, Forbidden: it is not known who decides, or that person may not.
        """
        at = self._asked(name, due_at)
        request = None
        if run:
            schedule = self._timetables.timetable.find(name)
            runbook = read_documents(self._site, schedule.runbook, self._checks).runbook
            request = scheduled_request(runbook, schedule, at)
        return answer(name, at, request, self._decider(), self._clock())

    def _view(
        self,
        schedule: Schedule,
        settled: datetime | None,
        last: OccurrenceRecord | None,
        pause: PauseRecord | None,
        asks: tuple[OccurrenceRecord, ...],
    ) -> ScheduleView:
        now, calendar = self._clock(), self._timetables.calendar
        coming = upcoming(schedule, calendar, now, 1)
        return ScheduleView(
            schedule=schedule,
            next=next(iter(coming.times), None),
            ended=coming.ended,
            last=last,
            pause=pause if pause and pause.pause.covers(now) else None,
            asks=asks,
            unseen=first_unseen(schedule, calendar, settled, now) if settled else None,
            ahead=max(settled - now, timedelta(0)) if settled else timedelta(0),
        )

    def _require(self, name: str) -> None:
        """A worker goes on with what it knows while the file is broken, so what it knows can be paused."""
        if name not in settled_until():
            self._timetables.timetable.find(name)

    def _asked(self, name: str, text: str) -> datetime:
        asks = [one for one in asking_occurrences() if one.schedule == name]
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise InputError(
                Text(f"看不懂时间 {text!r}", f"{text!r} is no time"),
                Text(
                    "照 wardround schedule list 所示写，如 '2026-12-31 06:30'",
                    "write it as wardround schedule list shows it: '2026-12-31 06:30'",
                ),
            ) from None
        if at.tzinfo is None:
            zones = {one.name: one.timezone for one in self._timetables.timetable.schedules}
            at = at.replace(tzinfo=zones.get(name, self._site.timezone))
        # To the minute, as the list shows it.
        return next((one.due_at for one in asks if one.due_at.replace(second=0) == at.replace(second=0)), at)

    def _decider(self) -> Actor:
        return self._people.decider(Permission.MANAGE_SCHEDULES, ())


def first_unseen(
    schedule: Schedule, calendar: WorkCalendar, settled: datetime, now: datetime
) -> DueTime | None:
    """The first due time after those with records that has passed: whoever should look after it does not."""
    first = next(iter(upcoming(schedule, calendar, settled, 1).times), None) if settled < now else None
    return first if first and first.start + UNSEEN < now else None


def scheduled_request(runbook: Runbook, schedule: Schedule, due_at: datetime) -> RunRequest:
    """What a due time asks for: whoever asks, and however often, it is the same run."""
    actor = Actor(f"schedule:{schedule.name}", Proof.PROGRAM)
    key = hashlib.sha256(f"{actor.name}\n{due_at.isoformat()}".encode()).hexdigest()
    return RunRequest(
        runbook=f"{Path(runbook.path).parent.name}/{runbook.name}",
        kind=runbook.kind,
        actor=actor,
        key=key,
        title=runbook.title,
        limit=schedule.limit or None,
        schedule=schedule.name,
        due_at=due_at,
    )
