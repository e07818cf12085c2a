"""A TCP port accepts connections, seen from the worker."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="",
    title=Text("TCP 端口可达", "TCP port accepts connections"),
    layer=Layer.APPLICATION,
    metrics=(
        Metric(
            "state",
            Text("端口状态", "port state"),
            direction=Direction.NONE,
            crit="!= open",
            source="domain.md 3.2 LNX10",
        ),
        Metric(
            "connect_ms",
            Text("建连耗时", "time to connect"),
            unit="ms",
            warn="> 1000",
            source="domain.md 3.1 (statements and probes are limited to 5 s)",
        ),
    ),
)


class Parameters(CheckParameters):
    port: int = Field(ge=1, le=65535)
    address: str = ""
    """Empty: the host's own address."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    address = parameters.address or ask.address
    answer = ask.tcp(address, parameters.port)
    subject = f"{address}:{parameters.port}"
    if not answer.connected:
        yield Observation("state", "closed", subject, answer.error.zh if answer.error else "")
        return
    yield Observation("state", "open", subject)
    yield Observation("connect_ms", round(answer.seconds * 1000, 1), subject)
