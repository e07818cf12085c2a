"""How long something has lasted, as people say it."""

from __future__ import annotations

from datetime import timedelta

from orchestrator.language import Text

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def say_duration(lasted: timedelta) -> Text:
    """In the largest unit that it fills twice."""
    for unit, zh, en in ((_DAY, "天", "days"), (_HOUR, "小时", "hours"), (_MINUTE, "分钟", "minutes")):
        if lasted >= 2 * unit:
            return Text(f"{lasted // unit} {zh}", f"{lasted // unit} {en}")
    seconds = max(0, round(lasted.total_seconds()))
    return Text(f"{seconds} 秒", f"{seconds} seconds")
