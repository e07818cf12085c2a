"""LNX20: whether auditing and log forwarding are alive. Logs must be kept for six months."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import unreadable
from orchestrator_plugins.linux.systemd import systemctl

spec = CheckSpec(
    code="LNX20",
    title=Text("审计与日志转发", "audit and log forwarding"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric("state", Text("服务状态", "service state"), crit="!= active", source="domain.md 3.2 LNX20"),
    ),
)

UnitName = Annotated[str, Field(pattern=r"^[A-Za-z0-9:_.@\\-]+$")]


class Parameters(CheckParameters):
    services: tuple[UnitName, ...] = Field(default=("auditd", "rsyslog"), min_length=1)
    """Units that must be active."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    places = " ".join("%s" for _ in parameters.services)
    said = systemctl(ask, f"show -p Id -p LoadState -p ActiveState -- {places}", *parameters.services)
    # systemctl answers in the order of asking, with an empty line between two units.
    units = [_properties(block) for block in said.strip().split("\n\n")]
    if len(units) != len(parameters.services) or not all("ActiveState" in unit for unit in units):
        raise unreadable(said)
    for service, unit in zip(parameters.services, units, strict=True):
        absent = unit.get("LoadState") == "not-found"
        evidence = ", ".join(f"{name}={value}" for name, value in sorted(unit.items()))
        yield Observation("state", "not-found" if absent else unit["ActiveState"], service, evidence)


def _properties(block: str) -> Mapping[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
