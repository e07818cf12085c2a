"""Site Python: the parameter names a file and a function in it."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="",
    title=Text("站点测试", "site test"),
    layer=Layer.APPLICATION,
    metrics=(),
    free=("path",),
    scalar="path",
    site_python=True,
)


class Parameters(CheckParameters):
    path: str


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    return ()
