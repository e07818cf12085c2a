"""When a log line was written, by the stamp that it carries, and which lines are recent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator_plugins.linux.clock import CREDIBLE, TOLERANCE

_ISO = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[ T](?P<time>\d\d:\d\d:\d\d)"
    r"(?:[.,]\d+)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_NAMED = re.compile(
    r"(?P<day>\d\d)[-/](?P<month>[A-Z][a-z]{2})[-/](?P<year>\d{4})[ :](?P<time>\d\d:\d\d:\d\d)"
    r"(?:\.\d+)?(?: (?P<zone>[+-]\d{4}))?"
)
_SYSLOG = re.compile(r"^(?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<time>\d\d:\d\d:\d\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_REACH = 80
"""A stamp stands at a line's beginning; a date further on is what the line speaks about."""


def read_time(line: str, clock: datetime) -> datetime | None:
    """The line's time, or None; what it leaves open (zone, year) is that of `clock`, the host's clock.

    The time of a clock that was not set is none.
    """
    written = _written(line, clock)
    return None if written is None or written < CREDIBLE else written


def recent(times: Sequence[datetime | None], clock: datetime, reach: timedelta) -> list[int]:
    """The places of those within `reach` before `clock`, given in the order in which they were written.

    One without a time counts, unless a later one is too old.

    Raises:
        CannotTell: they lie in the future, or jump back: the clock was set, their age is unknown.
    """
    stamped = [(place, time) for place, time in enumerate(times) if time is not None]
    since = clock - reach
    new = [(place, time) for place, time in stamped if time >= since]
    old = [(place, time) for place, time in stamped if time < since]
    last_old = old[-1][0] if old else -1
    before = [time for place, time in new if place < last_old]
    ahead = max((time for _, time in new), default=clock) - clock
    back = max(before) - min(time for place, time in old if place > new[0][0]) if before else timedelta()
    if max(ahead, back) > TOLERANCE:
        raise CannotTell(
            Text(
                "记录的时间在将来或倒退，主机时钟可能调整过",
                "times lie in the future or jump back: the host's clock may have been set",
            ),
            f"{max(before, default=clock + ahead)} after {clock if ahead > TOLERANCE else old[-1][1]}",
        )
    return [
        place for place, time in enumerate(times) if (place > last_old if time is None else time >= since)
    ]


def _written(line: str, clock: datetime) -> datetime | None:
    head = line[:_REACH]
    match = _ISO.search(head) or _NAMED.search(head)
    try:
        if match is not None:
            month = match["month"]
            return _time(int(match["year"]), month, match["day"], match["time"], _zone(match["zone"], clock))
        match = _SYSLOG.search(head)
        if match is None:
            return None
        written = _time(clock.year, match["month"], match["day"], match["time"], _zone(None, clock))
        if written > clock + timedelta(days=1):
            # December's lines, read in January.
            written = written.replace(year=clock.year - 1)
    except ValueError:
        return None
    return written


def _time(year: int, month: str, day: str, time: str, zone: tzinfo | None) -> datetime:
    number = int(month) if month.isdecimal() else _MONTHS.index(month) + 1
    hours, minutes, seconds = (int(part) for part in time.split(":"))
    return datetime(year, number, int(day), hours, minutes, min(seconds, 59), tzinfo=zone)


def _zone(written: str | None, clock: datetime) -> tzinfo | None:
    if written is None:
        return clock.tzinfo
    if written == "Z":
        return UTC
    digits = written[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if written[0] == "-" else offset)
