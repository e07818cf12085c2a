"""A command that must run once on a host: the order for it, and what the host says came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from orchestrator.language import Text

CHUNK = 1024 * 1024
"""Bytes of stdout, and of stderr, that one report carries at most."""

KEPT = 256 * 1024 * 1024
"""Bytes of stdout, and of stderr, that a host keeps at most: the first ones."""

_ID = re.compile(r"[0-9a-f]{32}")


def is_id(text: str) -> bool:
    """Whether it can be a token, or the id of a spool."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Launch:
    """An order, journalled before it leaves. One for each host, loop item and attempt."""

    token: str
    """32 hex digits, random. Whatever happens, one token starts its command at most once."""
    spool: str
    """The host's spool, from `open_spool`, journalled as well: an order for a spool that is gone is not
    mistaken for one that never came."""
    command: str
    """Text for `sh`. It may hold secrets: on the host it is in a private file, never among arguments."""
    timeout: float | None = None
    """Seconds, kept by the host itself; None: no limit."""

    def __post_init__(self) -> None:
        if not is_id(self.token) or not is_id(self.spool):
            raise ValueError("a launch needs a token and a spool of 32 hex digits each")
        if "\0" in self.command:
            raise ValueError("a command can't contain a NUL byte")


class LaunchState(StrEnum):
    """What a host says of a token."""

    ABSENT = "absent"
    """Not started. From `start`: it could not be, `reason` says why. From `forbid`: and it never will be.
    From `look`: not yet, a start that is under way may still come."""
    RUNNING = "running"
    """Claimed, and its supervisor or the command itself is alive. Also after a stop that is not confirmed."""
    EXITED = "exited"
    """Ended by itself, `rc` is its exit status (128+n for a signal)."""
    TIMED_OUT = "timed_out"
    """Its time was over: ended by its supervisor, all its processes are gone."""
    STOPPED = "stopped"
    """Ended by `stop`, all its processes are gone."""
    UNKNOWN = "unknown"
    """It was claimed, and the host can't tell what came of it; `reason` says why."""

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for, but for the rest of the output."""
        return self is not LaunchState.RUNNING


@dataclass(frozen=True, slots=True)
class LaunchReport:
    """What a host says of one token at one moment."""

    state: LaunchState
    spool: str
    rc: int | None = None
    """Known when it exited; after TIMED_OUT and STOPPED what its ending left."""
    stdout: bytes = b""
    """From the offset that was asked for, at most `CHUNK` bytes of it."""
    stderr: bytes = b""
    stdout_size: int = 0
    """Bytes there are on the host by now, at most `KEPT`."""
    stderr_size: int = 0
    capped: bool = False
    """It wrote more than is kept: the first `KEPT` bytes of each stream are there."""
    seconds: float | None = None
    """How long it ran, where the host can tell."""
    ended_ago: float | None = None
    """Seconds since it was over; None where the host has restarted since, or can't tell."""
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """What was removed from a spool."""

    launches: int
    bytes: int
