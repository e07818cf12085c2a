"""Turns the demo's hosts on and off: SSH servers, in namespaces of their own where that can be."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.demo.hospital import StageHost
from orchestrator.demo.isolation import Isolation, host_root, inner_user, namespaces, private_places
from orchestrator.demo.keys import host_key, login_key
from orchestrator.demo.ports import answers
from orchestrator.demo.process import end, launch, recorded
from orchestrator.demo.services import find_program, interpreter
from orchestrator.demo.shell import Login, run
from orchestrator.demo.tree import write_tree
from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text

_PATIENCE = 15.0
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


def prepare(place: Place) -> None:
    """Write the folder of a host that does not run; end what is left of its last time."""
    if place.running:
        return
    stop(place)
    write_tree(place.folder, place.host, place.root, place.ports, place.ssh_port, login_key(place.demo))


def start(place: Place) -> None:
    """Start a prepared host; it may take a moment to answer."""
    if recorded(place.record) is not None:
        return
    place.record.parent.mkdir(exist_ok=True)
    command = ["sh", f"{place.root}/bin/enter.sh", str(place.root), *_ssh_server(place)]
    if place.isolation is not Isolation.SHARED:
        private = " ".join(private_places(_needed()))
        boot = ["sh", str(place.folder / "bin" / "boot.sh"), place.host.name]
        command = [*namespaces(place.isolation), *boot, str(place.folder), str(place.root), private, *command]
    log = place.folder / "log" / "console.log"
    launch(place.record, command, log, inner_user(place.isolation))


def wait_until_up(place: Place) -> None:
    """Wait for the host's SSH server.

    Raises:
        Unreachable: it did not come up; the message holds its last words.
    """
    _wait(place, place.host.name, lambda: place.running)


def wait_for_service(place: Place) -> None:
    """Wait for the host's service to accept connections.

    Raises:
        Unreachable: it did not come up; the message holds its last words.
    """
    service = place.host.service
    if service is not None:
        _wait(place, service.name, lambda: answers(place.host.address, place.ports[place.host.name]))


def stop(place: Place) -> None:
    """End the host and everything that runs on it."""
    end(place.record)
    for service in (place.folder / "run").glob("*.process"):
        end(service, gently=True)


def has_openssh() -> bool:
    """Whether the hosts run real OpenSSH; else they run a stand-in that serves real shells."""
    return find_program("sshd") is not None


def _ssh_server(place: Place) -> list[str]:
    if sshd := find_program("sshd"):
        log = f"{place.root}/log/sshd.log"
        return [sshd, "-D", "-f", f"{place.root}/etc/sshd_config", "-E", log]
    stand_in = [sys.executable, "-m", "orchestrator.demo.ssh_server", place.host.address, str(place.ssh_port)]
    return [
        "env",
        f"PYTHONPATH={os.pathsep.join(path for path in sys.path if path)}",
        *stand_in,
        str(place.root),
    ]


def _needed() -> tuple[Path, ...]:
    """What a host must still see when it has folders of its own."""
    if has_openssh():
        return (interpreter(),)
    return (interpreter(), Path(sys.executable), Path(sys.prefix), _PACKAGE)


def _wait(place: Place, what: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > deadline:
            where, words = place.host.name, _last_words(place, what)
            raise Unreachable(
                where,
                UnreachableReason.TIMEOUT,
                Text(
                    f"演示主机 {where} 上的 {what} 没有启动：{words}",
                    f"{what} on {where} did not come up: {words}",
                ),
                Text("执行 wardround demo down 后重试", "run wardround demo down and try again"),
            )
        time.sleep(0.02)


def _last_words(place: Place, what: str) -> str:
    for name in (f"{what}.out", "sshd.log", "console.log"):
        log = place.folder / "log" / name
        if log.exists() and (lines := log.read_text(errors="replace").split("\n")[-4:-1]):
            return " / ".join(lines)
    return "-"
