"""Hosts for tests of commands that must run once: this machine, under a shell and a spool of the test's own.

shell = make_shell(tmp_path, "busybox")        # a PATH on which `sh` is that shell
async with host_session() as session: ...      # over `ansible_connection: local`
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.model.host import Connection, Host, Transport
from orchestrator.model.launch import Launch, LaunchReport, LaunchState
from orchestrator.reach import launcher
from orchestrator.reach.host_keys import KnownHosts
from orchestrator.reach.pool import Pool
from orchestrator.reach.prober import Prober
from orchestrator.reach.session import Session
from tests.sshd import Sshd, known_hosts_of

SHELLS = ("dash", "bash", "busybox")


def make_shell(folder: Path, name: str) -> str:
    """A PATH on which `sh` is that shell; for busybox, all programs are its own as well."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is missing")
    place = folder / name
    place.mkdir()
    if name == "busybox":
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
        for applet in set(listed.stdout.split()):
            (place / applet).symlink_to(program)
    else:
        (place / "sh").symlink_to(program)
    return f"{place}:{os.environ['PATH']}"


@contextlib.asynccontextmanager
async def host_session(server: Sshd | None = None, user: str | None = None) -> AsyncIterator[Session]:
    """A session on this machine: as a child of this process, or over SSH."""
    pool = Pool(KnownHosts(known_hosts_of([server]) if server else ""), Prober())
    here = Host("here", (), Connection(Transport.LOCAL, "localhost"), {})
    try:
        yield await pool.connect(server.host(user=user) if server else here)
    finally:
        await pool.close()


@dataclass(frozen=True)
class Stage:
    """A session with a spool, and where it is."""

    session: Session
    spool: str
    folder: Path

    def order(self, command: str, timeout: float | None = None) -> Launch:
        return Launch(secrets.token_hex(16), self.spool, command, timeout)

    async def run(self, command: str, timeout: float | None = None) -> LaunchReport:
        """Start it and wait for its end, however long it takes."""
        launch = self.order(command, timeout)
        await launcher.start(self.session, launch)
        return await self.end(launch)

    async def end(self, launch: Launch) -> LaunchReport:
        while True:
            report = await launcher.look(self.session, launch.token, self.spool, wait=5)
            if report.state is not LaunchState.RUNNING:
                return report

    def claim(self, launch: Launch) -> Path:
        return self.folder / self.spool / "claims" / launch.token

    def files(self, launch: Launch) -> Path:
        """The folder of the launch that has the claim."""
        nonce = self.claim(launch).readlink().name.partition(".")[0]
        return self.folder / self.spool / "launches" / nonce

    def supervisor(self, launch: Launch) -> int:
        return int((self.files(launch) / "supervisor").read_text().split()[0])

    def command(self, launch: Launch) -> int:
        return int((self.files(launch) / "process").read_text().split()[0])

    def kill(self, *pids: int) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: not any(alive(pid) for pid in pids))


@contextlib.asynccontextmanager
async def stage(folder: Path, server: Sshd | None = None) -> AsyncIterator[Stage]:
    """`folder` is what XDG_STATE_HOME is on the host."""
    async with host_session(server) as session:
        yield Stage(session, await launcher.open_spool(session), folder / "wardround")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.01)


async def until_async(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """As `until`, while the event loop goes on."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come"
        await asyncio.sleep(0.01)
