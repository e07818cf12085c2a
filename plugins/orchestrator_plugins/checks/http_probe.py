"""A web address answers as it should, and in time (TOM01 without a vendor's health page)."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="TOM01",
    title=Text("HTTP 健康探测", "HTTP health probe"),
    layer=Layer.APPLICATION,
    metrics=(
        Metric(
            "answer",
            Text("应答", "answer"),
            direction=Direction.NONE,
            crit="!= expected",
            source="domain.md 3.8 TOM01",
        ),
        Metric(
            "seconds",
            Text("响应时间", "response time"),
            unit="s",
            warn="> 3",
            crit="> 10",
            source="domain.md 3.8 TOM01",
        ),
    ),
    scalar="url",
)


class Parameters(CheckParameters):
    url: str = Field(pattern=r"^https?://[^\s/]+\S*$|\{\{")
    status: tuple[int, ...] = ()
    """Accepted status codes; none given: any 2xx or 3xx."""
    contains: str = ""
    """A text that the first 64 KiB of the body must hold."""
    verify: bool = True
    """Whether an https server's certificate must be valid."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    answer = ask.http(parameters.url, verify=parameters.verify)
    if answer.status is None:
        yield Observation("answer", "none", parameters.url, answer.error.zh if answer.error else "")
        return
    accepted = answer.status in parameters.status if parameters.status else 200 <= answer.status < 400
    holds = parameters.contains.encode() in answer.body
    shown = answer.body[:300].decode("utf-8", "replace")
    if not accepted:
        yield Observation("answer", f"status {answer.status}", parameters.url, shown)
    elif not holds:
        yield Observation("answer", "text missing", parameters.url, shown)
    else:
        yield Observation("answer", "expected", parameters.url, f"HTTP {answer.status}")
    yield Observation("seconds", round(answer.seconds, 3), parameters.url)
