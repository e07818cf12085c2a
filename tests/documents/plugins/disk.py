"""Three metrics, one of each direction, and parameters of several types."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, field_validator

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="LNX05",
    title=Text("磁盘", "disk"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric("used_pct", Text("使用率", "used"), unit="%"),
        Metric("free_gb", Text("剩余", "free"), unit="GB", direction=Direction.LOW),
        Metric("state", Text("状态", "state"), direction=Direction.NONE),
    ),
)


class Mode(StrEnum):
    FAST = "fast"
    EXACT = "exact"


class Range(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    low: int
    high: int


class Parameters(CheckParameters):
    include: tuple[str, ...] = ()
    depth: int = Field(3, ge=1, le=9)
    mode: Mode = Mode.FAST
    range: Range | None = None
    port: int | str = 1

    @field_validator("include")
    @classmethod
    def _absolute(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        if not all(path.startswith("/") for path in paths):
            raise ValueError(Text("路径须是绝对路径", "paths must be absolute"))
        return paths


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    return ()
