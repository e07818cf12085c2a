"""Looks after the timetable within a worker: starts what is due, and tells what could not be started."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from orchestrator.application.clock import Clock
from orchestrator.application.runbooks import read_documents
from orchestrator.application.schedules import scheduled_request
from orchestrator.application.timetables import Timetables
from orchestrator.errors import NotFound, OrchestratorError
from orchestrator.language import Text
from orchestrator.model.due_time import upcoming
from orchestrator.model.run import RunRequest
from orchestrator.model.tick import Before, Occurrence, OccurrenceState, Pause, Tick, decide
from orchestrator.model.timetable import Schedule
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.records.database import disconnect
from orchestrator.records.schedules import (
    Settled,
    queued_schedules,
    settle,
    settled_until,
    skip_queued,
    start_queued,
    watch_schedules,
)
from orchestrator.worker.timetable_watch import TimetableWatch

TICK_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Scheduler:
    """Any number of workers have one each: the records decide who of them starts a due time."""

    def __init__(self, watch: TimetableWatch, checks: Registry[CheckPlugin], clock: Clock) -> None:
        self._watch = watch
        self._checks = checks
        self._clock = clock
        self._known: Timetables | None = None
        self._coming: Timetables | None = None
        self._due: dict[str, datetime | None] = {}
        """When each schedule is to be looked at; None: not before the timetable or a calendar changes."""
        self._trouble = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="timetable", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start nothing more. What was started is the engine's."""
        self._stop.set()
        self._thread.join()

    def tick(self) -> None:
        """Look once: start what is due, and record what was missed.

        Raises:
            StoreError: the records can't be used; nothing was started that has no record.
        """
        # By the timetable as it was up to now, and only then by what it has become.
        if self._known is not None:
            self._look(self._known)
        self._coming = self._watch.fresh() or self._coming
        if (coming := self._coming) is not None:
            self._take_up(coming)
            self._coming = None
            self._look(coming)

    def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                self.tick()
                self._trouble = ""
            except OrchestratorError as error:
                self._complain(error.message)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end all schedules unseen
                self._complain(Text(repr(error), repr(error)))
            self._stop.wait(TICK_SECONDS)
        disconnect()

    def _complain(self, about: Text) -> None:
        """Once, not every second. A connection that the server has closed is made anew."""
        disconnect()
        if about.en != self._trouble:
            _log.error("时间表暂时无人照看：%s / nobody looks after the timetable: %s", about.zh, about.en)
        self._trouble = about.en

    def _look(self, known: Timetables) -> None:
        schedules = known.timetable.schedules
        for name in queued_schedules():
            self._go_on(known, next((one for one in schedules if one.name == name), None), name)
        for schedule in schedules:
            due = self._due[schedule.name]
            if due is not None and due <= self._clock():
                self._settle(known, schedule)

    def _take_up(self, fresh: Timetables) -> None:
        schedules = fresh.timetable.schedules
        before = {one.name: _times(one) for one in self._known.timetable.schedules} if self._known else {}
        anew = [one.name for one in schedules if before.get(one.name, _times(one)) != _times(one)]
        watch_schedules([one.name for one in schedules], anew, self._clock())
        until = settled_until()
        self._due = {
            one.name: _next(fresh, one, until[one.name]) if one.name in until else None for one in schedules
        }
        self._known = fresh

    def _settle(self, known: Timetables, schedule: Schedule) -> None:
        """Whatever is wrong with one schedule, the others go on."""
        settled = self._settle_once(known, schedule)
        while settled is not None and settled.more:
            settled = self._settle_once(known, schedule)
        self._due[schedule.name] = _next(known, schedule, settled.until) if settled else None

    def _settle_once(self, known: Timetables, schedule: Schedule) -> Settled | None:
        def policy(last: datetime, before: Before, pause: Pause | None) -> Tick:
            return decide(schedule, known.calendar, last, self._clock(), before, pause)

        try:
            settled = settle(schedule.name, policy, partial(self._request, known, schedule), self._clock)
        except NotFound as error:
            _tell_ended(schedule, error)
            return None
        if settled is None:
            # The records are an earlier state that was restored, or a worker has another timetable.
            _log.error("%s 未被记录，重新开始照看 / %s is looked after anew", schedule.name, schedule.name)
            self._coming = known
            return None
        _tell(schedule.name, settled.occurrences)
        return settled

    def _go_on(self, known: Timetables, schedule: Schedule | None, name: str) -> None:
        """With what waits for the run before."""
        if schedule is None:
            record = skip_queued(name, _GONE, self._clock())
        else:
            record = start_queued(name, partial(self._request, known, schedule), self._clock)
        if record is not None and record.run is None:
            _warn(name, record.state, record.due_at.isoformat(), record.reason)

    def _request(self, known: Timetables, schedule: Schedule, due_at: datetime) -> RunRequest:
        runbook = read_documents(known.site, schedule.runbook, self._checks).runbook
        return scheduled_request(runbook, schedule, due_at)


def _next(known: Timetables, schedule: Schedule, after: datetime) -> datetime | None:
    """When it is to be looked at again: so that looking costs nothing until then."""
    coming = upcoming(schedule, known.calendar, after, 1)
    if coming.ended is not None:
        _tell_ended(schedule, coming.ended)
    return coming.times[0].start if coming.times else None


def _times(schedule: Schedule) -> tuple[object, ...]:
    """What says when it is due."""
    return schedule.when, schedule.days, schedule.timezone, schedule.first, schedule.last


def _tell(name: str, occurrences: Sequence[Occurrence]) -> None:
    """Messages to people come from here; so far they are lines of the worker's log."""
    missed = [one for one in occurrences if one.state is OccurrenceState.MISSED]
    if missed:
        first, last = (one.due.at.isoformat() for one in (missed[0], missed[-1]))
        when = first if len(missed) == 1 else f"{first} … {last} ({len(missed)})"
        _warn(name, OccurrenceState.MISSED, when, missed[-1].reason)
    for one in occurrences:
        if one.state in (OccurrenceState.ASKS, OccurrenceState.SKIPPED):
            _warn(name, one.state, one.due.at.isoformat(), one.reason)


def _warn(name: str, state: OccurrenceState, when: str, reason: Text | None) -> None:
    why = reason or Text("", "")
    _log.warning(
        "%s %s %s：%s / %s of %s: %s, %s",
        name, when, state.label.zh, why.zh, name, when, state.label.en, why.en,
    )  # fmt: skip


def _tell_ended(schedule: Schedule, error: NotFound) -> None:
    _log.error(
        "%s 无法继续：%s / %s can't be followed any further: %s",
        schedule.name, error.message.zh, schedule.name, error.message.en,
    )  # fmt: skip


_GONE = Text("已不在时间表中", "the timetable has it no more")
