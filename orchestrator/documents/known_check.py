"""Finds a check by the name that a document gives it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from orchestrator.documents.findings import Findings, did_you_mean, shown
from orchestrator.errors import PluginError, Position
from orchestrator.language import Text
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry

_CODE = re.compile(r"[A-Za-z]{2,4}[0-9]{2,3}")


def find_check(
    name: str, position: Position, checks: Registry[CheckPlugin], findings: Findings
) -> CheckPlugin | None:
    """The plugin of that name; None, with a finding, where there is none or it can't be loaded."""
    if name not in checks:
        refuse_check(name, position, checks, findings)
        return None
    try:
        return checks.get(name)
    except PluginError as error:
        findings.add(position, "broken-plugin", error.message, error.hint)
        return None


def refuse_check(
    name: str,
    position: Position,
    checks: Registry[CheckPlugin],
    findings: Findings,
    others: Sequence[str] = (),
) -> None:
    """Say that there is no such check, and which is meant. `others` are words that may stand there too."""
    message = Text(f"没有名为“{shown(name)}”的检查", f"there is no check named '{shown(name)}'")
    meant = _by_code(name, checks) if _CODE.fullmatch(name) else None
    if meant is not None:
        hint = Text(f"{name.upper()} 的名称是 {meant}", f"the name of {name.upper()} is {meant}")
    else:
        hint = did_you_mean(name, [*checks.names, *others])
    findings.add(position, "unknown-check", message, hint)


def _by_code(code: str, checks: Registry[CheckPlugin]) -> str | None:
    for name in checks.names:
        try:
            if checks.get(name).spec.code == code.upper():
                return name
        except PluginError:
            continue  # whoever uses that plugin is told
    return None
