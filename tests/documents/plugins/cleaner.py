"""A check that changes its host, which no inspection may use."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer
from orchestrator.model.effect import Effect
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="",
    title=Text("清理", "cleaner"),
    layer=Layer.SYSTEM,
    metrics=(),
    effect=Effect.IDEMPOTENT,
)


class Parameters(CheckParameters):
    pass


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    return ()
