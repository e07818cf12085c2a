"""A worker as a process of its own, for tests to kill.

It writes a line when a leg begins and one when it ends. Ended by SIGTERM it stops as a worker should.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.engines.place import Place

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Line:
    """One line of a worker's log."""

    what: str
    run: int
    executor: str
    at: float


class Worker:
    """The process, seen from a test."""

    def __init__(
        self, place: Place, executor: str, log: Path, leg_seconds: float = 0.02, concurrency: int = 4
    ) -> None:
        self._log = log
        self.executor = executor
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.engines.worker"),
                *(place.dump(), executor, str(log), str(leg_seconds), str(concurrency)),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """As systemd would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
        self.process.wait(timeout=30)


def read_log(log: Path) -> list[Line]:
    """What all workers of this log wrote, in order."""
    if not log.exists():
        return []
    return [Line(*json.loads(line)) for line in log.read_text().splitlines()]


async def until_log(log: Path, enough: int, what: str = "begin") -> list[Line]:
    """Wait for as many lines."""
    async with asyncio.timeout(60):
        while len([line for line in read_log(log) if line.what == what]) < enough:
            await asyncio.sleep(0.02)
    return read_log(log)


async def _work(place: Place, executor: str, log: int, leg_seconds: float, concurrency: int) -> None:
    def write(what: str, run: int) -> None:
        os.write(log, (json.dumps([what, run, executor, time.monotonic()]) + "\n").encode())

    async def leg(run: int) -> None:
        write("begin", run)
        await asyncio.sleep(leg_seconds)
        write("end", run)

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    engine = place.open()
    await engine.start(leg, executor=executor, concurrency=concurrency)
    write("ready", 0)
    await ended.wait()
    await engine.stop(0)


if __name__ == "__main__":
    file = os.open(sys.argv[3], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    asyncio.run(_work(Place.load(sys.argv[1]), sys.argv[2], file, float(sys.argv[4]), int(sys.argv[5])))
