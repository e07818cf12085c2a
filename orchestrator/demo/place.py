"""Where one host of the demo lives on this machine, and how the demo's own engineers get at it."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.demo.hospital import StageHost
from orchestrator.demo.isolation import Isolation, host_root, private_places
from orchestrator.demo.keys import host_key, login_key
from orchestrator.demo.ports import answers
from orchestrator.demo.process import recorded
from orchestrator.demo.programs import find_program, interpreter
from orchestrator.demo.shell import Login, run

_PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one host of a demo lives on this machine, and how its own demo logs in."""

    host: StageHost
    demo: Path
    isolation: Isolation
    ssh_port: int
    ports: Mapping[str, int]

    @property
    def folder(self) -> Path:
        """Its folder, as this machine sees it."""
        return self.demo / "hosts" / self.host.name

    @property
    def root(self) -> Path:
        """Its folder, as the host itself sees it."""
        return host_root(self.isolation, self.folder, _needed())

    @property
    def private(self) -> tuple[str, ...]:
        """Folders of which the host has its own."""
        return private_places(_needed())

    @property
    def port(self) -> int:
        """Its service's port."""
        return self.ports[self.host.name]

    @property
    def record(self) -> Path:
        return self.demo / "run" / f"{self.host.name}.process"

    @property
    def running(self) -> bool:
        return recorded(self.record) is not None and answers(self.host.address, self.ssh_port, b"SSH-")

    def shell(self, script: str) -> str:
        """Run `script` on the host, logged in as its engineers are.

        Raises:
            Unreachable: it can't be asked, or the script failed.
        """
        login = Login(
            self.host.name, self.host.address, self.ssh_port, login_key(self.demo), host_key(self.folder)
        )
        return run(login, f"root='{self.root}'\n{script}")


def has_openssh() -> bool:
    """Whether the hosts run real OpenSSH; else they run a stand-in that serves real shells."""
    return find_program("sshd") is not None and _may_log_in()


def _may_log_in() -> bool:
    """OpenSSH lets nobody in who is not in the list of users, as in some containers, or has no shell."""
    try:
        shell = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return False
    return not shell.endswith(("/nologin", "/false"))


def _needed() -> tuple[Path, ...]:
    """What a host must still see when it has folders of its own."""
    if has_openssh():
        return (interpreter(),)
    return (interpreter(), Path(sys.executable), Path(sys.prefix), _PACKAGE)
