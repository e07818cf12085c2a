"""RDS05: whether enough Redis sentinels are there to decide on a failover."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask
from orchestrator_plugins.linux.answer import excerpt, output
from orchestrator_plugins.redis.info import CLI, Instance, refused

QUORUM = CLI + 'redis-cli --no-auth-warning -h "$1" -p "$2" sentinel ckquorum "$4"'

spec = CheckSpec(
    code="RDS05",
    title=Text("Redis 哨兵仲裁", "Redis sentinel quorum"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "quorum",
            Text("仲裁", "quorum"),
            direction=Direction.NONE,
            crit="!= OK",
            source="domain.md 3.6 RDS05",
        ),
    ),
)


class Parameters(Instance):
    port: int = Field(default=26379, ge=1, le=65535)
    master: str = Field(default="mymaster", min_length=1, pattern=r"^[^-]")
    """The master's name, as the sentinels call it."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    said = output(
        ask.run(QUORUM, parameters.address, str(parameters.port), parameters.password_file, parameters.master)
    )
    # `OK 3 usable Sentinels. ...` or `(error) NOQUORUM 1 usable Sentinels. ...`; piped, without "(error)".
    word = said.removeprefix("(error) ").split(" ", 1)[0].strip()
    if word not in ("OK", "NOQUORUM", "NOGOODSLAVE"):
        raise refused(said)
    yield Observation("quorum", word, parameters.master, excerpt(said.splitlines()))
