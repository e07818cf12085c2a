"""Processes that the demo started: known by pid, start time and boot, ended with all their descendants."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_LAUNCH = Path(__file__).parent / "host" / "launch.sh"
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Process:
    """One process. The same pid after its end, or after a reboot, is another one."""

    pid: int
    started: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether it runs; one that waits to be reaped does not."""
        return self.boot == _boot() and _look(self.pid) == (self.started, True)


def launch(
    record: Path, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Start `command` in a session of its own, detached. It writes `record` before it does anything else."""
    with log.open("ab") as output:
        subprocess.run(
            ["setsid", "--fork", "sh", str(_LAUNCH), str(record), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            env={**os.environ, **(environment or {})},
            check=True,
        )


def recorded(record: Path) -> Process | None:
    """The process that `record` names, if it still runs."""
    try:
        pid, started, boot = record.read_text().split()
        process = Process(int(pid), int(started), boot)
    except (OSError, ValueError):
        return None
    return process if process.alive else None


def end(record: Path, *, gently: bool = False) -> None:
    """End the recorded process and all that descends from it, and remove its record when it is gone.

    Args:
        gently: ask first by SIGINT and allow it a few seconds, so that it can clean up after itself.
    """
    process = recorded(record)
    if process is not None:
        if gently:
            _signal(process, signal.SIGINT)
            _wait((process,), _PATIENCE / 2)
        family = tuple(_stopped_family(process))
        for member in family:
            _signal(member, signal.SIGKILL)
        _wait(family, _PATIENCE)
    if recorded(record) is None:
        record.unlink(missing_ok=True)


def _stopped_family(process: Process) -> Iterator[Process]:
    """The process and its descendants, each stopped before its children are listed, so that none escapes."""
    if not process.alive:
        return
    _signal(process, signal.SIGSTOP)
    yield process
    for child in _children(process.pid):
        yield from _stopped_family(child)


def _children(parent: int) -> Iterator[Process]:
    boot = _boot()
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        fields = _fields(int(entry.name))
        if fields and int(fields[1]) == parent:
            yield Process(int(entry.name), int(fields[19]), boot)


def _signal(process: Process, number: signal.Signals) -> None:
    if process.alive:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _wait(processes: Sequence[Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(process.alive for process in processes) and time.monotonic() < deadline:
        time.sleep(0.01)


def _look(pid: int) -> tuple[int, bool] | None:
    fields = _fields(pid)
    return (int(fields[19]), fields[0] not in "ZX") if fields else None


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the command's name, which may hold anything: state, ppid ..."""
    try:
        return (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
