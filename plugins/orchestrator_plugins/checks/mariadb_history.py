"""MYS06: how much undo history InnoDB has not purged yet."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.mariadb.dialect import is_mariadb, status

MYSQL = "select `count` from information_schema.innodb_metrics where name = 'trx_rseg_history_len'"

spec = CheckSpec(
    code="MYS06",
    title=Text("MySQL/MariaDB 历史链长度", "MySQL/MariaDB history list length"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "length",
            Text("历史链长度", "history list length"),
            warn="> 50000",
            crit="> 1000000",
            source="domain.md 3.6 MYS06",
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
    if is_mariadb(ask, parameters.url):
        yield Observation("length", status(ask, parameters.url, "Innodb_history_list_length"))
        return
    rows = ask.sql(parameters.url, MYSQL).rows
    if not rows:
        raise CannotTell(Text("服务器没有给出历史链长度", "the server does not say its history list length"))
    yield Observation("length", float(str(rows[0][0])))
