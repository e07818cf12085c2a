"""The host's own clock, asked in the command whose times it is compared with: a little wrong does no harm.

Much wrong does: what was written before the clock was set, or will be after, has an age that nobody knows.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator_plugins.linux.answer import unreadable

CLOCK = "echo '@@@ clock'; date '+%s %z'; "
"""Put before a command; its answer is the section `clock`."""
CLOCK_QUOTED = CLOCK.replace("%", "%%")
"""The same for a command with arguments, where a percent sign is doubled."""

TOLERANCE = timedelta(hours=1)
"""By how much an age may be wrong: hosts without a time service are minutes off, and so are rounds."""
CREDIBLE = datetime(2001, 1, 1, tzinfo=UTC)
"""Times before it come from a clock that had lost its battery: such a clock begins in 1970, 1980 or 2000."""


def read_clock(said: str, ours: datetime) -> datetime:
    """The section `clock`, in the host's zone; `ours` is the worker's clock.

    Raises:
        CannotTell: it is none, or so far from ours that no age by it means anything.
    """
    try:
        seconds, zone = said.split()
        hours, minutes = int(zone[:3]), int(zone[0] + zone[3:5])
        offset = timezone(timedelta(hours=hours, minutes=minutes))
        clock = datetime.fromtimestamp(int(seconds), UTC).astimezone(offset)
    except (ValueError, IndexError, OverflowError, OSError):
        raise unreadable(said) from None
    if abs(clock - ours) > TOLERANCE:
        shown = clock.isoformat(" ", "minutes")
        raise CannotTell(
            Text(
                f"主机时钟是 {shown}，与本机相差太多，按它算的时间不可信",
                f"the host's clock says {shown}, too far from ours: times by it mean nothing",
            ),
            f"host {shown}, worker {ours.isoformat(' ', 'minutes')}",
        )
    return clock


def hours_since(changed: int, clock: datetime, name: str) -> float:
    """How long ago the file `name` was changed, by the clock of its host.

    Raises:
        CannotTell: in the future, or when the clock was not set: then nobody knows.
    """
    seconds = clock.timestamp() - changed
    if seconds < -TOLERANCE.total_seconds():
        raise CannotTell(
            Text(
                "文件的修改时间在将来，主机时钟可能调整过",
                "the file was changed in the future, says its host, whose clock may have been set since",
            ),
            name,
        )
    if changed < CREDIBLE.timestamp():
        raise CannotTell(
            Text(
                "写文件时主机时钟不对，文件的时间不可信",
                "the host's clock was wrong when the file was written, so its age is not known",
            ),
            name,
        )
    return max(seconds / 3600, 0.0)
