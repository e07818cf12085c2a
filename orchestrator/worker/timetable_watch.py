"""The timetable as a worker knows it: read anew when a file changes, and else the last good one."""

from __future__ import annotations

import logging
from collections.abc import Callable

from orchestrator.application.timetables import Timetables
from orchestrator.errors import InputError, InvalidDocument, NotFound

_RETRY = 15
"""Looks until one that could not be used is tried again: what it names may have come."""
_log = logging.getLogger(__name__)


class TimetableWatch:
    """Watches a site's timetable and its work calendars."""

    def __init__(self, opened: Timetables, open_anew: Callable[[], Timetables]) -> None:
        """
        Args:
            open_anew: reads the site. Raises what `open_site` raises.
        """
        self._opened = opened
        self._open_anew = open_anew
        self._mark: tuple[object, ...] | None = None
        self._had_one = False
        self._trouble = ""
        self._looks = 0

    def fresh(self) -> Timetables | None:
        """A timetable that has come since the last look, read; None: it is as it was, or can't be used."""
        self._looks += 1
        mark = self._opened.mark()
        if mark == self._mark and not (self._trouble and self._looks > _RETRY):
            return None
        self._mark, self._looks = mark, 0
        try:
            opened = self._open_anew()
            opened.read()
        except (NotFound, InvalidDocument) as error:
            self._tell(error)
            return None
        self._opened, self._had_one, self._trouble = opened, True, ""
        return opened

    def _tell(self, error: InputError) -> None:
        if str(error) == self._trouble:
            return
        self._trouble = str(error)
        if isinstance(error, NotFound) and not self._had_one:
            return  # a site that has none
        zh, en = (
            ("沿用上一份", "the last good one holds") if self._had_one else ("不会自动执行", "nothing runs")
        )
        said = error.message
        _log.error("时间表不能用，%s：%s / the timetable can't be used, %s: %s", zh, said.zh, en, said.en)
