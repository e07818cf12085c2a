"""Starts a command on a host once, whatever happens to us, the network or the host; or says `unknown`."""

from __future__ import annotations

from orchestrator.model.launch import Launch, LaunchReport, Swept
from orchestrator.reach.session import Session

CHUNK = 1024 * 1024
"""Bytes of stdout, and of stderr, that one report carries at most."""

KEPT = 256 * 1024 * 1024
"""Bytes of stdout, and of stderr, that are kept on the host at most: the first ones."""


async def open_spool(session: Session) -> str:
    """The id of the host's spool, made if there is none. Journal it with the token, before `start`.

    It may be remembered for as long as the host is asked: a spool that was replaced since is noticed.

    Raises:
        SpoolError: the host has no place to keep launches. Nothing can be started there once.
        Unreachable: the connection broke and could not be made again.
    """
    raise NotImplementedError


async def start(session: Session, launch: Launch) -> LaunchReport:
    """Start it, unless its token was used before; then report on what that one does.

    Comes back when the command is over, or within about a second: one round trip for a quick command.

    Raises:
        SpoolError: the host gives no sensible answer now. It may have been started: `look` or `forbid`.
        Unreachable: likewise.
    """
    raise NotImplementedError


async def look(
    session: Session,
    token: str,
    spool: str,
    stdout_offset: int = 0,
    stderr_offset: int = 0,
    wait: float = 0.0,
) -> LaunchReport:
    """What became of it. Waits on the host up to `wait` seconds for its end or for more output.

    The session answers nobody else meanwhile.

    Raises:
        SpoolError, Unreachable: nothing is known now; ask again.
    """
    raise NotImplementedError


async def forbid(session: Session, token: str, spool: str) -> LaunchReport:
    """For recovery: ABSENT, and then no start with this token ever succeeds; else what is there.

    Raises:
        SpoolError, Unreachable: nothing is known now; ask again.
    """
    raise NotImplementedError


async def stop(session: Session, token: str, spool: str, grace: float = 10.0) -> LaunchReport:
    """End the command and all that it started: TERM, after `grace` seconds KILL.

    STOPPED is confirmed; RUNNING means that something does not end, or that the host can't tell. What was
    over before stays what it was.

    Raises:
        SpoolError, Unreachable: nothing is known now; ask again.
    """
    raise NotImplementedError


async def sweep(session: Session, age_days: int) -> Swept:
    """Remove what is over for more than `age_days`. That a token was used is never forgotten.

    Raises:
        SpoolError, Unreachable: nothing may have been removed; ask again.
    """
    raise NotImplementedError
