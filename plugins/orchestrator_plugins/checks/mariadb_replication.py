"""MYS03: whether a replica follows its source, and how far behind it is."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Direction
from orchestrator.plugin.check import Ask, CheckParameters

spec = CheckSpec(
    code="MYS03",
    title=Text("MySQL/MariaDB 复制", "MySQL/MariaDB replication"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "threads",
            Text("复制线程", "replication threads"),
            direction=Direction.NONE,
            crit="!= running",
            source="domain.md 3.6 MYS03",
        ),
        Metric(
            "lag_s",
            Text("复制延迟", "replication lag"),
            unit="s",
            warn="> 30",
            crit="> 300",
            source="domain.md 3.6 MYS03 [S20]",
        ),
    ),
    secret=("url",),
    caveat=Text(
        "在真实 MariaDB 10.11 上实测；MySQL 未在真实环境验证",
        "tried on MariaDB 10.11; MySQL was not tried on the real thing",
    ),
)


class Parameters(CheckParameters):
    url: str
    """SQLAlchemy URL of the instance, `mysql+pymysql://...`; PROCESS and REPLICATION CLIENT suffice."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    try:
        answer = ask.sql(parameters.url, "show replica status")
    except CannotTell:
        # MySQL before 8.0.22 knows the old word alone.
        answer = ask.sql(parameters.url, "show slave status")
    if not answer.rows:
        raise NotApplicable(Text("不是从库", "it is no replica"))
    said = {name.lower(): value for name, value in zip(answer.columns, answer.rows[0], strict=True)}
    threads = [_first(said, f"replica_{kind}_running", f"slave_{kind}_running") for kind in ("io", "sql")]
    running = all(str(thread) == "Yes" for thread in threads)
    error = str(_first(said, "last_error") or _first(said, "last_io_error") or "")
    evidence = f"IO {threads[0]}, SQL {threads[1]} {error}".strip()
    yield Observation("threads", "running" if running else "stopped", evidence=evidence)
    lag = _first(said, "seconds_behind_source", "seconds_behind_master")
    if lag is not None:
        yield Observation("lag_s", float(str(lag)))
    elif running:
        raise CannotTell(Text("从库没有给出延迟", "the replica does not say how far behind it is"))


def _first(said: dict[str, object], *names: str) -> object:
    return next((said[name] for name in names if name in said), None)
