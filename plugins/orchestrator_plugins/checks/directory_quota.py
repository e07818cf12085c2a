"""How much of its allowance a directory takes, where no file system quota holds it."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import forbidden, refusal, stderr, stdout, unreadable

SIZE = "LC_ALL=C du -s -k -x -- %s"

spec = CheckSpec(
    code="",
    title=Text("目录用量", "directory quota"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "used_pct",
            Text("占配额比例", "share of the allowance"),
            unit="%",
            warn=85,
            crit=90,
            source="as LNX05",
            capacity=True,
        ),
    ),
)


class Parameters(CheckParameters):
    path: str = Field(min_length=1, pattern=r"^/")
    """The directory. Other file systems mounted beneath it are not counted."""
    limit_mib: float = Field(gt=0)
    """What it may take."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    result = ask.run(SIZE, parameters.path)
    said, words = stdout(result), stderr(result)
    # When files vanish while du walks, it fails with a right total; what it may not enter makes it wrong.
    if not said or forbidden(words):
        raise refusal(result)
    size = said.split("\t", 1)[0].strip()
    if not size.isdecimal():
        raise unreadable(said)
    mib = int(size) / 1024
    evidence = f"{mib:.0f} MiB of {parameters.limit_mib:g} MiB"
    yield Observation("used_pct", round(100 * mib / parameters.limit_mib, 1), parameters.path, evidence)
