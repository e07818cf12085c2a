"""The host lets us in and runs a command."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="",
    title=Text("主机可登录", "Host can be logged in on"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "state",
            Text("状态", "state"),
            direction=Direction.NONE,
            crit="!= reached",
            source="domain.md 3.1",
        ),
    ),
)


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    answer = ask.run("true")
    yield Observation("state", "reached" if answer.rc == 0 else f"status {answer.rc}")
