"""The host's own clock, asked in the command whose times it is compared with: a wrong clock does no harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from orchestrator_plugins.linux.answer import unreadable

CLOCK = "echo '@@@ clock'; date '+%s %z'; "
"""Put before a command; its answer is the section `clock`."""
CLOCK_QUOTED = CLOCK.replace("%", "%%")
"""The same for a command with arguments, where a percent sign is doubled."""


def read_clock(said: str) -> datetime:
    """The section `clock`, in the host's zone.

    Raises:
        CannotTell: it is none.
    """
    try:
        seconds, zone = said.split()
        hours, minutes = int(zone[:3]), int(zone[0] + zone[3:5])
        offset = timezone(timedelta(hours=hours, minutes=minutes))
        return datetime.fromtimestamp(int(seconds), UTC).astimezone(offset)
    except (ValueError, IndexError, OverflowError):
        raise unreadable(said) from None
