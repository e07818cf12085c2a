"""One captured or documented answer of one platform, read from a file.

A case is `tests/checks/<check>/<platform or situation>.yaml`:

    from: where the output comes from
    parameters: {}          # as a runbook would give them
    now: 2026-11-24T07:00:00Z   # the worker's clock; without it, that of the host's answer, if it gives one
    commands:
      - asked: DISK_FREE    # a name in the check's module or its linux modules, or the text itself
        arguments: []       # quoted into the text
        stdout: |           # a string, or !!binary
        stderr: ""
        rc: 0
        end: exited         # or timed_out, killed_shell
    observations:           # all of them, in order; evidence is a part of the real one
      - {metric: used_pct, subject: /, value: 22.3, evidence: /dev/vda}
    signal: CannotTell      # or NotApplicable, or absent
    reason: permitted       # a part of the signal's English reason
"""

from __future__ import annotations

import pkgutil
import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

import orchestrator_plugins.linux
from orchestrator.model.question import CommandAnswer, CommandEnd
from orchestrator.plugin.check import CheckPlugin
from orchestrator.testing import CannedAsk

FOLDER = Path(__file__).parent


def case_files() -> list[Path]:
    return sorted(FOLDER.glob("*/*.yaml"))


def case_name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def read_case(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    known = {"from", "parameters", "now", "variables", "commands", "observations", "signal", "reason"}
    assert set(loaded) <= known, f"{path}: unknown keys {set(loaded) - known}"
    assert loaded.get("from"), f"{path}: say where the output comes from"
    return loaded


def canned(case: dict[str, Any], plugin: CheckPlugin) -> CannedAsk:
    commands = {}
    for command in case.get("commands", []):
        text = str(_constants(plugin).get(command["asked"], command["asked"]))
        if "arguments" in command:
            text = text % tuple(shlex.quote(argument) for argument in command["arguments"])
        end = CommandEnd(command.get("end", "exited"))
        rc = command.get("rc", 0) if end is CommandEnd.EXITED else None
        commands[text] = CommandAnswer(
            rc, _bytes(command.get("stdout", "")), _bytes(command.get("stderr", "")), end
        )
    return CannedAsk(commands, variables=case.get("variables"), now=worker_clock(case))


def worker_clock(case: dict[str, Any]) -> datetime:
    """That of the case, or the host's, or any."""
    if "now" in case:
        return datetime.fromisoformat(str(case["now"]))
    said = b"".join(_bytes(command.get("stdout", "")) for command in case.get("commands", []))
    clock = re.search(rb"@@@ clock\n(\d{1,10}) ", said)
    return datetime.fromtimestamp(int(clock[1]) if clock else 1795503600, UTC)


def _constants(plugin: CheckPlugin) -> dict[str, object]:
    found: dict[str, object] = {}
    for module in pkgutil.iter_modules(orchestrator_plugins.linux.__path__, "orchestrator_plugins.linux."):
        found |= vars(pkgutil.resolve_name(module.name))
    return found | vars(plugin)


def _bytes(written: str | bytes) -> bytes:
    return written if isinstance(written, bytes) else written.encode()
