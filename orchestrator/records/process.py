"""Which process this is, and whether another of this machine is certainly gone."""

from __future__ import annotations

import os
from pathlib import Path

from orchestrator.model.lease import Life

_PROC = Path("/proc")


def this_life() -> Life:
    """Of the process that asks."""
    pid = os.getpid()
    return Life(os.uname().nodename, pid, _mark(pid))


def surely_gone(life: Life) -> bool:
    """Whether it ran where we are, and does no more. False also where that can't be told from here."""
    ours = _mark(os.getpid())
    if not ours or not life.mark or _place(ours) != _place(life.mark):
        return False
    return _mark(life.pid) != life.mark and not _hidden(life.pid)


def _place(mark: str) -> str:
    """Boot and pid namespace: within one, a pid means the same to both."""
    return mark.rpartition(" ")[0]


def _hidden(pid: int) -> bool:
    """Whether there is one that /proc keeps from us: mounted with hidepid=, it shows no other user's."""
    if (_PROC / str(pid)).exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _mark(pid: int) -> str:
    """Empty where there is no such process, or no /proc."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
        # The program's name may hold spaces and parentheses; what follows its last one is numbers.
        fields = (_PROC / str(pid) / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        namespace = os.stat(_PROC / "self/ns/pid").st_ino  # noqa: PTH116 - the same of every process we see
    except (OSError, IndexError):
        return ""
    state, started = fields[0], fields[19]
    return "" if state in "ZX" else f"{boot} {namespace} {started}"
