"""What a command and all its descendants cost."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds and MiB."""

    wall: float
    client_cpu: float
    host_cpu: float
    peak_mib: float
    """Proportional set size of the whole tree, sampled five times a second."""


def measure(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, servers: Sequence[int]
) -> Usage:
    """Run `command` to its end; `servers` are the pids whose trees make up the hosts.

    Raises:
        RuntimeError: it failed, with the last lines that it wrote.
    """
    _adopt_orphans()
    log = folder / "output.log"
    hosts_before = tree_cpu(servers)
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment), cwd=folder
        )
        sampler = _Sampler(process.pid)
        sampler.start()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    peak = sampler.stop()
    cpu = used.ru_utime + used.ru_stime + _end_orphans(set(servers))
    if process.returncode not in (0, 1, 3):
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {log.read_text()[-800:]}")
    return Usage(wall, cpu, _settled_cpu(servers) - hosts_before, peak)


def tree_cpu(roots: Iterable[int]) -> float:
    """CPU seconds of these processes, their living descendants, and those they have waited for."""
    return sum(_ticks(pid) for pid in tree(roots)) / TICKS


def tree(roots: Iterable[int]) -> set[int]:
    """These processes and all their descendants."""
    families: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(stat)
        if fields:
            families.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, waiting = set(roots), list(roots)
    while waiting:
        for child in families.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


class _Sampler(threading.Thread):
    """Watches the memory of a process tree."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self._peak = 0.0

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, sum(_pss_mib(pid) for pid in tree([self._pid])))

    def stop(self) -> float:
        self._ended.set()
        self.join()
        return self._peak


def _settled_cpu(servers: Sequence[int]) -> float:
    """Servers' CPU once their logins have ended: a login's CPU is only added up when it is reaped."""
    deadline = time.monotonic() + 10
    while len(tree(servers)) > len(servers) and time.monotonic() < deadline:
        time.sleep(0.02)
    return tree_cpu(servers)


def _adopt_orphans() -> None:
    """Daemonised helpers such as ssh's ControlPersist masters come to us, so that their CPU is counted."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _end_orphans(servers: set[int]) -> float:
    used = 0.0
    orphans = {pid for pid in tree([os.getpid()]) - tree(servers) if pid != os.getpid()}
    for pid in orphans:
        os.kill(pid, signal.SIGTERM)
    for pid in orphans:
        try:
            _, _, rusage = os.wait4(pid, 0)
        except ChildProcessError:
            continue
        used += rusage.ru_utime + rusage.ru_stime
    return used


def _ticks(pid: int) -> int:
    fields = _fields(Path(f"/proc/{pid}/stat"))
    return sum(int(field) for field in fields[11:15])


def _fields(stat: Path) -> Sequence[str]:
    """The fields of /proc/PID/stat from the state on; nothing for a process that has ended."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return ()


def _pss_mib(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0
