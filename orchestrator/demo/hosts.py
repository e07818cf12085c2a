"""Turns the demo's hosts on and off: SSH servers, in namespaces of their own where that can be."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable

from orchestrator.demo.isolation import Isolation, inner_user, namespaces
from orchestrator.demo.place import Place, has_openssh
from orchestrator.demo.ports import answers
from orchestrator.demo.process import end, launch, recorded
from orchestrator.demo.programs import find_program
from orchestrator.demo.tree import write_tree
from orchestrator.errors import Unreachable, UnreachableReason
from orchestrator.language import Text

_PATIENCE = 15.0


def prepare(place: Place) -> None:
    """Write the folder of a host that does not run; end what is left of its last time."""
    if place.running:
        return
    stop(place)
    write_tree(place)


def start(place: Place) -> None:
    """Start a prepared host; it may take a moment to answer."""
    if recorded(place.record) is not None:
        return
    place.record.parent.mkdir(exist_ok=True)
    command = ["sh", f"{place.root}/bin/enter.sh", str(place.root), *_ssh_server(place)]
    if place.isolation is not Isolation.SHARED:
        private = " ".join(place.private)
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
        _wait(place, service.name, lambda: answers(place.host.address, place.port))


def stop(place: Place) -> None:
    """End the host and everything that runs on it."""
    end(place.record)
    for service in (place.folder / "run").glob("*.process"):
        end(service, gently=True)


def _ssh_server(place: Place) -> list[str]:
    if has_openssh() and (sshd := find_program("sshd")):
        log = f"{place.root}/log/sshd.log"
        return [sshd, "-D", "-f", f"{place.root}/etc/sshd_config", "-E", log]
    stand_in = [sys.executable, "-m", "orchestrator.demo.ssh_server", place.host.address, str(place.ssh_port)]
    return [
        "env",
        f"PYTHONPATH={os.pathsep.join(path for path in sys.path if path)}",
        *stand_in,
        str(place.root),
    ]


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
