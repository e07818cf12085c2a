"""What runs by itself, and when it is due next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from orchestrator.application.clock import Clock
from orchestrator.application.sites import SITE_FILE
from orchestrator.documents.file import read_file
from orchestrator.documents.timetable import read_timetable, runbook_names
from orchestrator.documents.work_calendar import calendar_files, read_work_calendar
from orchestrator.errors import NotFound
from orchestrator.language import Text
from orchestrator.model.due_time import DueTime, upcoming
from orchestrator.model.site import Site
from orchestrator.model.timetable import Schedule, Timetable
from orchestrator.model.work_calendar import WorkCalendar

TIMETABLE_FILE = "timetable.yml"
"""Where a site has none yet, this is where one would be."""


@dataclass(frozen=True, slots=True)
class Coming:
    """The next due times of a timetable, the soonest first."""

    times: tuple[tuple[Schedule, DueTime], ...]
    ended: tuple[tuple[Schedule, NotFound], ...]
    """Schedules that could not be followed as far as was asked: the calendar ends before."""


class Timetables:
    """A site's timetable and the calendars that it hangs on. Reads documents, and no records."""

    def __init__(self, site: Site, clock: Clock) -> None:
        self.site = site
        self._clock = clock

    def read(self) -> None:
        """Read all of it now.

        Raises:
            NotFound, InvalidDocument: as `timetable` and `calendar`.
        """
        _ = self.timetable, self.calendar

    @cached_property
    def timetable(self) -> Timetable:
        """Raises NotFound when the site has none, and InvalidDocument with all that is wrong with it."""
        path = self.site.timetable
        if path is None:
            raise NotFound(
                Text("这个站点没有时间表", "this site has no timetable"),
                Text("在站点目录里写 timetable.yml", "write timetable.yml in the site's folder"),
            )
        runbooks = runbook_names(self.site.runbooks)
        return read_timetable(str(path), read_file(path), self.site.timezone, runbooks)

    @cached_property
    def calendar(self) -> WorkCalendar:
        """Raises InvalidDocument with all that is wrong with its files."""
        return read_work_calendar(calendar_files(self.site.calendars))

    def mark(self) -> tuple[object, ...]:
        """Differs once what they are read from has changed."""
        files = (self.site.root / SITE_FILE, self.site.timetable or self.site.root / TIMETABLE_FILE)
        return tuple(_mark(path) for path in (*files, *calendar_files(self.site.calendars)))

    def coming(self, name: str | None, count: int) -> Coming:
        """The next `count` due times, of one schedule or of all.

        Raises:
            NotFound: there is no timetable, or no schedule of that name.
            InvalidDocument: the timetable or a calendar has errors.
        """
        schedules = self.timetable.schedules if name is None else (self.timetable.find(name),)
        now = self._clock()
        found = [(schedule, upcoming(schedule, self.calendar, now, count)) for schedule in schedules]
        times = [(schedule, due) for schedule, next_ in found for due in next_.times]
        times.sort(key=lambda each: (each[1].start, each[0].name))
        ended = [(schedule, next_.ended) for schedule, next_ in found if next_.ended]
        return Coming(tuple(times[:count]), tuple(ended))


def _mark(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return path, None
    return path, status.st_mtime_ns, status.st_size, status.st_ino
