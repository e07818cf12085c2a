"""The machine that a storm's hosts are. With root it is one of its own: it restarts, and what ran is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orchestrator.model.run import Intent
from tests.run_site import until
from tests.sshd import SSHD, Sshd, answers, children_by_parent, running_sshd

# Its processes are in a namespace of their own, so that all of them go with the first one, and so is its boot
# id. What it has on its disks stays.
_MACHINE = """#!/bin/sh
trap 'kill -KILL $machine; exit' TERM
while :; do
  cat /proc/sys/kernel/random/uuid >"@FOLDER@/boot_id"
  unshare --mount --pid --fork --kill-child --mount-proc sh "@FOLDER@/init" "$@" &
  machine=$!
  wait $machine
  while [ -e "@FOLDER@/off" ]; do sleep 0.1; done
done
"""
_INIT = """
mount --bind "@FOLDER@/boot_id" /proc/sys/kernel/random/boot_id || exit
while :; do
  @SSHD@ "$@" &
  wait $!
  while [ -e "@FOLDER@/held" ]; do sleep 0.1; done
done
"""


@dataclass(frozen=True)
class Kept:
    """What a host's spool has of one launch, read past all of our own programs that read it."""

    boot: str
    """Id of the boot in which it was claimed; "" where the token is forbidden."""
    how: str
    """How it ended, in the launcher's word; "" where nothing was written down."""
    rc: str


@dataclass(frozen=True)
class Target:
    """All hosts of a site."""

    server: Sshd
    folder: Path
    own: bool
    """Whether it is a machine of its own."""

    @property
    def spools(self) -> Path:
        return self.folder / "spool"

    @property
    def boot(self) -> str:
        path = self.folder / "boot_id" if self.own else Path("/proc/sys/kernel/random/boot_id")
        return path.read_text().strip()

    def cut(self) -> None:
        """All logins are killed."""
        if not self.own:
            self.server.end_connections()
            return
        for pid, title in self._processes():
            if title.startswith("sshd:") and "[listener]" not in title:
                _kill(pid, signal.SIGKILL)

    def restart_sshd(self, seconds: float) -> None:
        """Its sshd ends and comes again, as with a package's update. Logins live on."""
        with self._without("held"):
            for pid, title in self._processes():
                if "[listener]" in title:
                    _kill(pid, signal.SIGTERM)
            time.sleep(seconds)

    def reboot(self, seconds: float) -> None:
        """It loses its power."""
        with self._without("off"):
            _kill(self._init(), signal.SIGKILL)
            time.sleep(seconds)

    def kept(self, intent: Intent) -> Kept | None:
        """None: the token was never used."""
        spool = self.spools / "wardround" / intent.spool
        try:
            claim = (spool / "claims" / intent.token).readlink().name
        except FileNotFoundError:
            return None
        if claim == "forbidden":
            return Kept("", "", "")
        result = spool / "launches" / claim.split(".")[0] / "result"
        words = result.read_text().split() if result.exists() else ["", ""]
        return Kept(claim.rpartition(".")[2], words[0], words[1])

    @contextmanager
    def _without(self, name: str) -> Iterator[None]:
        """It stays away for as long as this lasts, and answers again afterwards."""
        (self.folder / name).touch()
        yield
        (self.folder / name).unlink()
        until(lambda: answers(self.server.port))

    def _init(self) -> int:
        children = children_by_parent()
        (machine,) = children[self.server.pid]
        (first,) = children[machine]
        return first

    def _processes(self) -> Iterator[tuple[int, str]]:
        """All of its processes, with their titles."""
        children = children_by_parent()
        left = [self._init()]
        while left:
            pid = left.pop()
            left += children.get(pid, ())
            with contextlib.suppress(OSError):
                yield pid, Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


@contextmanager
def running_target(folder: Path, *, own: bool) -> Iterator[Target]:
    """Start it. `folder` has its disks, and `spool` in it what is kept of launches."""
    spool = folder / "spool"
    spool.mkdir(mode=0o777, exist_ok=True)
    options = [f"SetEnv XDG_STATE_HOME={spool}"]
    with running_sshd(folder, options=options, program=_machine(folder) if own else None) as (server,):
        try:
            yield Target(server, folder, own)
        finally:
            (folder / "off").touch()  # for good: what is ended now does not begin anew


def _machine(folder: Path) -> Path:
    for name, text in (("machine", _MACHINE), ("init", _INIT)):
        path = folder / name
        path.write_text(text.replace("@FOLDER@", str(folder)).replace("@SSHD@", SSHD))
        path.chmod(0o755)
    return folder / "machine"


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
