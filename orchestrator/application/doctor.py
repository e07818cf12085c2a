"""Looks a site over, as a physician does: what is ill, how ill, and what mends it. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from time import sleep

from orchestrator.application.clock import Clock
from orchestrator.application.examination.clocks import examine_future, examine_server_clock
from orchestrator.application.examination.database import (
    examine_backups,
    examine_database,
    examine_log,
    use_database,
)
from orchestrator.application.examination.files import examine_files
from orchestrator.application.examination.room import examine_room
from orchestrator.application.examination.runs import examine_runs
from orchestrator.application.examination.schedules import examine_schedules, examine_timetable
from orchestrator.application.examination.workers import examine_workers, look_at_crew
from orchestrator.application.timetables import Timetables
from orchestrator.errors import OrchestratorError
from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis, worst_first
from orchestrator.model.site import Site

Examination = Callable[[], Iterable[Diagnosis]]


class Doctor:
    """Of one site. Its database need not be open, nor even be there."""

    def __init__(
        self, site: Site, timetables: Timetables, clock: Clock, wait: Callable[[float], None] = sleep
    ) -> None:
        """
        Args:
            wait: for that many seconds, between two looks at a worker that may be silent.
        """
        self._site = site
        self._timetables = timetables
        self._clock = clock
        self._wait = wait

    def examine(self) -> tuple[Diagnosis, ...]:
        """Look at everything, the worst first. What can't be looked at is `unknown`, never left out."""
        site, now = self._site, self._clock()
        found = [*_look("files", lambda: examine_files(site)), *_look("disk", lambda: examine_room(site))]
        if site.timetable is not None:
            found += _look("timetable", lambda: examine_timetable(self._timetables, now))
        found += _look("backup", lambda: examine_backups(site, now))
        found += self._records()
        return worst_first(found)

    def _records(self) -> list[Diagnosis]:
        use_database(self._site)
        state = list(_look("database", lambda: examine_database(self._site)))
        if any(one.condition is Condition.WARN for one in state):
            return state  # nothing has been recorded yet
        if any(one.condition is not Condition.OK for one in state):
            missing = Text(
                "没有查看执行、工作进程、时钟与审计日志：数据库不可用",
                "runs, workers, clocks and the log were not looked at: the database can't be used",
            )
            cure = Text("先处理数据库", "mend the database first")
            return [*state, Diagnosis("records", Condition.UNKNOWN, missing, cure)]
        return [
            *state,
            *_look("log", examine_log),
            *_look("clock", lambda: examine_server_clock(self._clock)),
            *_look("future", lambda: examine_future(self._clock)),
            *_look("worker", self._work),
            *(_look("schedule", self._schedules) if self._site.timetable is not None else ()),
        ]

    def _schedules(self) -> Iterable[Diagnosis]:
        return examine_schedules(self._timetables, self._site.timezone, self._clock())

    def _work(self) -> Iterable[Diagnosis]:
        crew = look_at_crew(self._clock, self._wait)
        yield from examine_workers(crew, self._clock, needed=self._site.timetable is not None)
        yield from _look("runs", lambda: examine_runs(self._site, crew, self._clock()))


def _look(name: str, examination: Examination) -> Iterator[Diagnosis]:
    """What an examination finds, and that it could not go on where it could not."""
    try:
        yield from examination()
    except OrchestratorError as error:
        yield Diagnosis(name, Condition.UNKNOWN, error.message, error.hint)
    except OSError as error:
        words = f"{error.filename or name}: {error.strerror or error}"
        cure = Text(
            "以工作进程的账号执行 wardround doctor", "run wardround doctor as the account of the worker"
        )
        yield Diagnosis(name, Condition.UNKNOWN, Text(words, words), cure)
