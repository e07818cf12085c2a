"""A time as people write it: `3d`, `2026-12-31`, `2026-12-31 18:00`."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestrator.errors import InputError
from orchestrator.language import Text

_SPAN = re.compile(r"(\d{1,4})([hd])")
_LAST = time(23, 59, 59)
"""A day alone means all of it."""


def read_deadline(text: str, now: datetime, timezone: ZoneInfo) -> datetime:
    """The time that `text` means at the site.

    Raises:
        InputError: it means none, or one that has passed.
    """
    at = _read(text.strip(), now, timezone)
    if at is None:
        raise InputError(
            Text(f"看不懂时间 {text!r}", f"{text!r} is no time"),
            Text(
                "写成 3d、8h、2026-12-31 或 '2026-12-31 18:00'",
                "write 3d, 8h, 2026-12-31 or '2026-12-31 18:00'",
            ),
        )
    if at <= now:
        raise InputError(
            Text(f"时间 {text} 已经过去", f"{text} has passed"),
            Text("写一个将来的时间", "give a time to come"),
        )
    return at


def _read(text: str, now: datetime, timezone: ZoneInfo) -> datetime | None:
    if span := _SPAN.fullmatch(text):
        unit = timedelta(days=1) if span[2] == "d" else timedelta(hours=1)
        return now + int(span[1]) * unit
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if len(text) <= len("2026-12-31"):
        at = datetime.combine(at, _LAST)
    return at if at.tzinfo else at.replace(tzinfo=timezone)
