"""The installed worker under a service manager: what it says of itself, and when."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("wardround")
PATIENCE = 60.0

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not COMMAND.exists(), reason="needs the installed wardround command"),
]


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(PATIENCE)
        yield listener


def test_a_worker_says_when_it_is_ready_shows_that_it_lives_and_says_that_it_ends(
    systemd: socket.socket, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    subprocess.run([COMMAND, "init", site], check=True, capture_output=True, timeout=PATIENCE)
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": systemd.getsockname(),
        "WATCHDOG_USEC": "300000",
        "WARDROUND_LANG": "en",
    }
    with subprocess.Popen(
        [COMMAND, "worker", "--site", site, "--name", "ward"], env=environment, stderr=subprocess.PIPE
    ) as worker:
        try:
            heard = _until(systemd, "READY=1")
            assert heard == {"READY=1\nSTATUS=worker ward#1 is ready", "WATCHDOG=1"}
            _until(systemd, "WATCHDOG=1")
            worker.send_signal(signal.SIGTERM)
            assert "STOPPING=1\nSTATUS=ending" in _until(systemd, "STOPPING=1")
            assert worker.wait(PATIENCE) == 0
        finally:
            worker.kill()


def _until(systemd: socket.socket, word: str) -> set[str]:
    """What is said until a word comes, that word included."""
    heard: set[str] = set()
    while not any(one.startswith(word) for one in heard):
        heard.add(systemd.recv(1000).decode())
    return heard
