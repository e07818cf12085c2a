"""When a log line was written, by the stamp that it carries."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

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
    """The line's time, or None; what it leaves open (zone, year) is that of `clock`, the host's clock."""
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
