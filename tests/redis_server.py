"""Real Redis servers and sentinels of the tests' own, in a temporary folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def running_redis(folder: Path, *options: str, sentinel: bool = False) -> Iterator[int]:
    """Start one on loopback with these lines of configuration; yields its port."""
    program = shutil.which("redis-sentinel" if sentinel else "redis-server")
    if program is None or shutil.which("redis-cli") is None:
        pytest.skip(f"{'redis-sentinel' if sentinel else 'redis-server'} is not installed")
    folder.mkdir()
    port = free_port()
    configuration = folder / "redis.conf"
    lines = [f"port {port}", "bind 127.0.0.1", f"dir {folder}", "daemonize no", *options]
    configuration.write_text("\n".join(lines) + "\n")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, str(configuration)], stdout=log, stderr=log)
    try:
        wait_until(lambda: cli(port, "ping") in ("PONG\n", "NOAUTH Authentication required.\n\n"))
        yield port
    finally:
        process.kill()  # a server whose disk is ill would not end otherwise
        process.wait()


def cli(port: int, *words: str) -> str:
    done = subprocess.run(["redis-cli", "-p", str(port), *words], capture_output=True, text=True, check=False)
    return done.stdout


def wait_until(condition: object, seconds: float = 20.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
