"""Sites with a timetable, and workers that look after it at times that a test chooses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from orchestrator.application.new_site import make_site
from orchestrator.application.sites import open_site
from orchestrator.application.timetables import Timetables
from orchestrator.bootstrap import all_checks
from orchestrator.model.run import RunState
from orchestrator.model.site import Site
from orchestrator.records.models import Run
from orchestrator.records.models import ScheduleOccurrence as Row
from orchestrator.settings import content_root
from orchestrator.worker.scheduler import Scheduler
from orchestrator.worker.timetable_watch import TimetableWatch

RUNBOOK = """\
- name: ours
  kind: inspection
  hosts: all
  tasks:
    - {name: load, id: load, check: {cpu_load: {}}}
"""


@dataclass
class Wall:
    """A clock that is set by hand."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **span: float) -> None:
        self.now += timedelta(**span)


class Place:
    """A site whose timetable can be written anew."""

    def __init__(self, folder: Path, wall: Wall, timetable: str) -> None:
        make_site(folder, content_root() / "inventories" / "template")
        self.wall = wall
        self.root = folder
        self._written = 0
        self.write(timetable)

    @property
    def site(self) -> Site:
        return open_site(self.root, content_root())

    @property
    def timetables(self) -> Timetables:
        return Timetables(self.site, self.wall)

    def write(self, timetable: str) -> None:
        path = self.root / "timetable.yml"
        path.write_text(timetable, encoding="utf-8")
        self._written += 1
        # Files that are written within a tick of the disk's clock would look the same.
        os.utime(path, (self._written, self._written))

    def write_runbook(self, name: str) -> Path:
        """One that is quickly read."""
        path = self.root / "runbooks" / "inspection" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RUNBOOK, encoding="utf-8")
        return path

    def scheduler(self, wall: Wall | None = None) -> Scheduler:
        """Another worker's, which may have a clock of its own."""
        watch = TimetableWatch(self.timetables, lambda: self.timetables)
        return Scheduler(watch, all_checks(), wall or self.wall)


def states(name: str = "round") -> dict[str, str]:
    """What became of each due time: `06:30` on its day, in UTC."""
    rows = Row.objects.filter(schedule=name).order_by("due_at")
    return {f"{row.due_at:%m-%d %H:%M}": row.state for row in rows}


def end_runs() -> None:
    """As if every run were over."""
    Run.objects.update(state=RunState.SUCCEEDED)
