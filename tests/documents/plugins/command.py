"""A free command, with a scalar form and an open unit."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="",
    title=Text("命令", "command"),
    layer=Layer.APPLICATION,
    metrics=(Metric("value", Text("值", "value")),),
    free=("command",),
    scalar="command",
    open_unit=True,
)


class Parameters(CheckParameters):
    command: str
    arguments: tuple[str, ...] = ()


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    return ()
