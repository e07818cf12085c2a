"""What systemd hears of a worker, on real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.worker.service_manager import ServiceManager

PATIENCE = 20.0


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """Where systemd would listen."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(PATIENCE)
        yield listener


def _forget(systemd: socket.socket) -> None:
    """What was said until now."""
    systemd.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            systemd.recv(1000)


def _environment(systemd: socket.socket, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": systemd.getsockname(), "OTHER": "kept", **more}


def test_systemd_is_told_that_the_worker_is_ready_and_that_it_ends(systemd: socket.socket) -> None:
    manager = ServiceManager.of(_environment(systemd))
    manager.ready("工作进程 his-1 已就绪")
    assert systemd.recv(1000).decode() == "READY=1\nSTATUS=工作进程 his-1 已就绪"
    manager.stopping("正在退出")
    assert systemd.recv(1000).decode() == "STOPPING=1\nSTATUS=正在退出"


def test_a_socket_without_a_file_is_spoken_to_as_well() -> None:
    name = f"wardround-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(PATIENCE)
        ServiceManager.of({"NOTIFY_SOCKET": f"@{name}"}).ready("")
        assert listener.recv(1000) == b"READY=1\nSTATUS="


def test_what_the_worker_starts_does_not_inherit_the_socket(systemd: socket.socket) -> None:
    environment = _environment(systemd, WATCHDOG_USEC="30000000", WATCHDOG_PID=str(os.getpid()))
    ServiceManager.of(environment)
    assert environment == {"OTHER": "kept"}


async def test_life_is_shown_while_the_event_loop_turns_and_only_then(systemd: socket.socket) -> None:
    manager = ServiceManager.of(_environment(systemd, WATCHDOG_USEC="30000", WATCHDOG_PID=str(os.getpid())))
    life = asyncio.create_task(manager.show_life())
    for _ in range(3):
        assert await asyncio.to_thread(systemd.recv, 1000) == b"WATCHDOG=1"
    _forget(systemd)
    systemd.settimeout(0.3)
    with pytest.raises(TimeoutError):  # what waits here holds the loop up: ten words would have come else
        systemd.recv(1000)
    life.cancel()
    with suppress(asyncio.CancelledError):
        await life


@pytest.mark.parametrize(
    "told",
    [{}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"}],
)
async def test_without_a_watchdog_of_its_own_nothing_is_repeated(
    systemd: socket.socket, told: dict[str, str]
) -> None:
    await ServiceManager.of(_environment(systemd, **told)).show_life()
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(1000)


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}])
async def test_a_worker_that_systemd_did_not_start_works_all_the_same(environment: dict[str, str]) -> None:
    manager = ServiceManager.of(environment)
    manager.ready("")
    await asyncio.wait_for(ServiceManager.of({}).show_life(), PATIENCE)
