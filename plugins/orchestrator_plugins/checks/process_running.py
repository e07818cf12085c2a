"""How many processes of a name, or with a pattern in their command line, are running.

All processes are asked for and counted on the worker's side: a pattern inside the command would find itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Self

from pydantic import model_validator

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, output, sections, unreadable

PROCESSES = (
    "export LC_ALL=C COLUMNS=32000; echo '@@@ shell'; echo $$; "
    "echo '@@@ names'; ps -e -o pid= -o ppid= -o comm= || exit 1; "
    "echo '@@@ arguments'; ps -e -o pid= -o args="
)

spec = CheckSpec(
    code="",
    title=Text("进程", "process"),
    layer=Layer.APPLICATION,
    metrics=(Metric("count", Text("进程数", "processes"), crit="< 1", source="practice"),),
)

_WRAPPERS = frozenset({"sh", "bash", "dash", "ash", "ksh", "sudo", "su"})
"""Whatever carries our own commands to the host may show their text in its command line."""


class Parameters(CheckParameters):
    name: str | None = None
    """The program's name, such as `nginx`."""
    pattern: re.Pattern[str] | None = None
    """Regular expression, searched in the whole command line, such as `catalina.base=/opt/his`."""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if (self.name is None) == (self.pattern is None):
            raise ValueError("give either name or pattern")
        return self


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    name: str
    arguments: str = ""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(ask.run(PROCESSES))
    parts = sections(said)
    try:
        processes = _processes(parts)
        shell = int(parts["shell"])
    except (KeyError, ValueError):
        raise unreadable(said) from None
    if 1 not in processes:
        raise CannotTell(
            Text("看不到其他用户的进程（hidepid）", "the processes of other users are hidden (hidepid)")
        )
    ours = set(_ours(processes, shell))
    found = [
        process for process in processes.values() if process.pid not in ours and _fits(process, parameters)
    ]
    subject = parameters.name or (parameters.pattern.pattern if parameters.pattern else "")
    evidence = excerpt(f"{process.pid} {process.arguments or process.name}" for process in found)
    yield Observation("count", len(found), subject, evidence)


def _fits(process: _Process, parameters: Parameters) -> bool:
    if parameters.pattern is not None:
        return parameters.pattern.search(process.arguments) is not None
    name = parameters.name or ""
    program, *_ = process.arguments.split(" ", 1)
    # The kernel keeps 15 characters of a name.
    return process.name == name[:15] or PurePosixPath(program).name == name


def _processes(parts: Mapping[str, str]) -> dict[int, _Process]:
    found = {}
    for line in parts["names"].splitlines():
        pid, parent, *name = line.split(None, 2)
        found[int(pid)] = _Process(int(pid), int(parent), name[0].strip() if name else "")
    for line in parts["arguments"].splitlines():
        pid, _, arguments = line.strip().partition(" ")
        # A line that begins with no number continues a command line that holds a newline.
        process = found.get(int(pid)) if pid.isdecimal() else None
        if process is not None:
            found[process.pid] = replace(process, arguments=arguments.strip())
    return found


def _ours(processes: Mapping[int, _Process], shell: int) -> Iterator[int]:
    """The shell that runs our commands, all beneath it, and the wrappers above it."""
    for process in processes.values():
        if shell in _line(processes, process.pid):
            yield process.pid
    for pid in _line(processes, shell):
        if pid in processes and processes[pid].name in _WRAPPERS:
            yield pid


def _line(processes: Mapping[int, _Process], pid: int) -> list[int]:
    """A process and its ancestors."""
    line: list[int] = []
    while pid in processes and pid not in line:
        line.append(pid)
        pid = processes[pid].parent
    return line
