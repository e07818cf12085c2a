"""Starts a command on a host once, whatever happens to us, the network or the host; or says `unknown`.

Every operation is one stateless command over a kept session: `launch_script` has what the host does, and what
is true after each of its steps.
"""

from __future__ import annotations

import contextlib
from typing import cast

from orchestrator.errors import SpoolError
from orchestrator.model.launch import Launch, LaunchReport, LaunchState, Swept
from orchestrator.model.question import Command, CommandAnswer
from orchestrator.reach.launch_answer import read_report, read_spool, read_swept
from orchestrator.reach.launch_script import (
    Offsets,
    forbid_script,
    look_script,
    start_script,
    stop_script,
)
from orchestrator.reach.session import Session
from orchestrator.reach.spool_script import open_script, sweep_script

_PATIENCE = 60.0
"""Seconds for a host to do its part, beyond what it is asked to wait: a sync on a busy disk takes long."""

_SWEEPING = 600.0


async def open_spool(session: Session) -> str:
    """The id of the host's spool, made if there is none. Journal it with the token, before `start`.

    It may be remembered for as long as the host is asked: a spool that was replaced since is noticed.

    Raises:
        SpoolError: the host has no place to keep launches. Nothing can be started there once.
        Unreachable: the connection broke and could not be made again.
    """
    return read_spool(await _ask(session, open_script()))


async def start(session: Session, launch: Launch) -> LaunchReport:
    """Start it, unless its token was used before; then report on what that one does.

    Comes back when the command is over, or within about a second: one round trip for a quick command.
    ABSENT says why it could not be started.

    Raises:
        SpoolError: the host gives no sensible answer now. It may have been started: `look` or `forbid`.
        Unreachable: likewise.
    """
    report = read_report(await _ask(session, start_script(launch)), launch.spool)
    if report.state is LaunchState.ABSENT:
        # A session whose connection breaks asks again: nothing of the first time may come later.
        with contextlib.suppress(SpoolError):
            found = await forbid(session, launch.token, launch.spool)
            return report if found.state is LaunchState.ABSENT else found
    return report


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
    offsets = Offsets(stdout_offset, stderr_offset)
    script = look_script(token, spool, offsets, wait)
    return read_report(await _ask(session, script, wait), spool, offsets)


async def forbid(session: Session, token: str, spool: str) -> LaunchReport:
    """For recovery: ABSENT, and then no start with this token ever succeeds; else what is there.

    Raises:
        SpoolError, Unreachable: nothing is known now; ask again.
    """
    return read_report(await _ask(session, forbid_script(token, spool)), spool)


async def stop(session: Session, token: str, spool: str, grace: float = 10.0) -> LaunchReport:
    """End the command and all that it started: TERM, after `grace` seconds KILL.

    What never began is forbidden. STOPPED is confirmed; RUNNING means that something does not end.
    What was over before stays what it was.

    Raises:
        SpoolError, Unreachable: nothing is known now; ask again.
    """
    return read_report(await _ask(session, stop_script(token, spool, grace), grace), spool)


async def sweep(session: Session, age_days: int) -> Swept:
    """Remove what is over for more than `age_days`. That a token was used is never forgotten.

    Raises:
        SpoolError, Unreachable: something may have been removed; ask again.
    """
    return read_swept(await _ask(session, sweep_script(age_days), _SWEEPING))


async def _ask(session: Session, script: str, wait: float = 0.0) -> CommandAnswer:
    command = Command(script, wait + _PATIENCE)
    return cast("CommandAnswer", (await session.ask([command]))[command])
