"""What a command and all its descendants cost."""

from __future__ import annotations

import contextlib
import ctypes
import json
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
    first: float | None = None
    """From the start to the first host's result, where the contender can tell."""


def measure(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    servers: Sequence[int],
    expected: Sequence[int] = (0,),
    *,
    memory: bool = True,
) -> Usage:
    """Run `command` to its end; `servers` are the pids whose trees make up the hosts.

    To watch memory costs some milliseconds a second: without it `peak_mib` is zero.

    Raises:
        RuntimeError: it failed, with the last lines that it wrote.
    """
    _adopt_orphans()
    log = folder / "output.log"
    hosts_before = tree_cpu(servers)
    reader, writer = os.pipe()
    runner = os.fork()
    if runner == 0:
        os.write(writer, json.dumps(_run(command, environment, folder, log)).encode())
        os._exit(0)
    os.close(writer)
    sampler = _Sampler(runner)
    if memory:
        sampler.start()
    with os.fdopen(reader) as answer:
        code, wall, cpu = json.loads(answer.read())
    os.waitpid(runner, 0)
    peak = sampler.stop() if memory else 0.0
    if code not in expected:
        raise RuntimeError(f"{command[0]} ended with {code} after {wall:.1f} s: {log.read_text()[-800:]}")
    adopted = _reap_orphans(set(servers))
    # A login's shell that outlives its sshd comes to us: it is the hosts' CPU, not the client's.
    host_cpu = _settled_cpu(servers) - hosts_before + adopted
    return Usage(wall, cpu, host_cpu, peak)


def _run(
    command: Sequence[str], environment: Mapping[str, str], folder: Path, log: Path
) -> tuple[int, float, float]:
    """In a process of its own, which its orphans come to: exit code, wall seconds, CPU seconds."""
    _adopt_orphans()
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment), cwd=folder
        )
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    cpu = used.ru_utime + used.ru_stime + _reap_orphans(set())
    return os.waitstatus_to_exitcode(status), wall, cpu


def tree_cpu(roots: Iterable[int]) -> float:
    """CPU seconds of these processes, their living descendants, and those they have waited for."""
    return sum(_ticks(pid) for pid in tree(roots)) / TICKS


def children() -> float:
    """CPU seconds of the children that this process has waited for."""
    used = os.times()
    return used.children_user + used.children_system


def tree(roots: Iterable[int]) -> set[int]:
    """These processes and all their descendants."""
    families = _families()
    found, waiting = set(roots), list(roots)
    while waiting:
        for child in families.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def tree_mib(pid: int) -> float:
    """Proportional set size of a living process and all its descendants."""
    return sum(_pss_mib(one) for one in tree([pid]))


class _Sampler(threading.Thread):
    """Watches the memory of a process tree."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._ended = threading.Event()
        self._peak = 0.0

    def run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self._peak = max(self._peak, tree_mib(self._pid))

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


def _reap_orphans(keep: set[int]) -> float:
    """End the processes that came to us (but for `keep`), and say what CPU they and theirs have used."""
    used = 0.0
    while orphans := _families().get(os.getpid(), set()) - keep:
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        for pid in orphans:
            _, _, rusage = os.wait4(pid, 0)
            used += rusage.ru_utime + rusage.ru_stime
    return used


def _families() -> Mapping[int, set[int]]:
    """Parent -> children, of all processes."""
    families: dict[int, set[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        if fields := _fields(stat):
            families.setdefault(int(fields[1]), set()).add(int(stat.parent.name))
    return families


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
