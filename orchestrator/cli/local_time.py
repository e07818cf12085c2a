"""How a time looks on a terminal: to the minute, as the clocks of the site show it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo


def local(at: datetime, timezone: ZoneInfo) -> str:
    return f"{at.astimezone(timezone):%Y-%m-%d %H:%M}"


def iso(at: datetime | None) -> str | None:
    """A moment in JSON: with its offset, or null."""
    return at.isoformat() if at else None
