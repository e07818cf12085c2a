"""CRT01: how many days a server's certificate is still valid."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="CRT01",
    title=Text("HTTPS 证书有效期", "HTTPS certificate validity"),
    layer=Layer.APPLICATION,
    metrics=(
        Metric(
            "days_left",
            Text("剩余天数", "days left"),
            unit="d",
            direction=Direction.LOW,
            warn="< 30",
            crit="< 7",
            source="domain.md 3.9 CRT01",
        ),
    ),
)


class Parameters(CheckParameters):
    port: int = Field(default=443, ge=1, le=65535)
    address: str = ""
    """Empty: the host's own address."""
    server_name: str = ""
    """The name asked for (SNI), where one address serves several."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    address = parameters.address or ask.address
    answer = ask.tls(address, parameters.port, parameters.server_name)
    subject = f"{parameters.server_name or address}:{parameters.port}"
    if answer.not_after is None or answer.not_before is None:
        raise CannotTell(answer.error or Text("没有读到证书", "no certificate was read"), subject)
    days = (answer.not_after - ask.now).total_seconds() / 86_400
    if answer.not_before > ask.now:
        # A certificate that is not valid yet is as useless as one that has expired.
        days = (ask.now - answer.not_before).total_seconds() / 86_400
    yield Observation(
        "days_left",
        round(days, 1),
        subject,
        f"{answer.subject}; {answer.not_before:%Y-%m-%d} .. {answer.not_after:%Y-%m-%d}; {answer.issuer}",
    )
