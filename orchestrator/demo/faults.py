"""What is wrong in the demo hospital on which day, and what the engineers do about it from day to day.

The days repeat in fours, so that every further round has something cleared, something new and something that
persists.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.demo.place import Place
from orchestrator.demo.services import unavailable
from orchestrator.language import Text

_CYCLE = 4
_SEEN_IN_FILES = frozenset({"volume-full", "volume-filling"})
"""Faults that do not need their host's service."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong on some days."""

    id: str
    host: str
    wrong: Text
    mended: Text
    """What the engineers did when it is gone."""
    days: frozenset[int]

    def present(self, day: int) -> bool:
        return day % _CYCLE in self.days


FAULTS = (
    Fault(
        "volume-full",
        "his-db01",
        Text(
            "HIS 数据库服务器的数据卷将满（93%）",
            "the HIS database server's data volume is nearly full (93%)",
        ),
        Text("清理了 HIS 数据库服务器的历史归档", "cleared old archives off the HIS database server"),
        frozenset({0, 1}),
    ),
    Fault(
        "backup-stale",
        "bak01",
        Text("HIS 备份已三天没有成功", "the HIS backup has not succeeded for three nights"),
        Text("修复并补做了 HIS 备份", "mended the HIS backup and made up for it"),
        frozenset({0, 3}),
    ),
    Fault(
        "backup-shrunk",
        "bak01",
        Text("LIS 备份比平常小得多", "the LIS backup is much smaller than usual"),
        Text("重做了 LIS 全量备份", "made a full LIS backup again"),
        frozenset({0, 1, 2}),
    ),
    Fault(
        "certificate",
        "web01",
        Text("门户证书 5 天后到期", "the portal's certificate expires in 5 days"),
        Text("更换了门户证书", "renewed the portal's certificate"),
        frozenset({0, 1, 2}),
    ),
    Fault(
        "emr-stopped",
        "emr-app01",
        Text("电子病历服务停了", "the EMR service has stopped"),
        Text("启动了电子病历服务", "started the EMR service"),
        frozenset({0}),
    ),
    Fault(
        "lis-stopped",
        "lis-app01",
        Text("检验服务停了", "the LIS service has stopped"),
        Text("启动了检验服务", "started the LIS service"),
        frozenset({1, 2}),
    ),
    Fault(
        "his-errors",
        "his-app02",
        Text("HIS 应用日志里错误激增", "errors burst into the HIS application log"),
        Text("调大了 HIS 应用的连接池", "enlarged the HIS application's connection pool"),
        frozenset({0, 1}),
    ),
    Fault(
        "emr-errors",
        "emr-app01",
        Text("电子病历日志里错误激增", "errors burst into the EMR log"),
        Text("修复了电子病历的连接泄漏", "mended the EMR's connection leak"),
        frozenset({2, 3}),
    ),
    Fault(
        "charges-failing",
        "his-db01",
        Text("收费失败增多，医保明细积压", "charges fail more often and insurance uploads pile up"),
        Text("医保前置恢复，积压的明细已上传", "the insurance front end is back and the backlog is uploaded"),
        frozenset({2, 3}),
    ),
    Fault(
        "host-down",
        "pay-front01",
        Text("支付前置机没有开机", "the payment front end is down"),
        Text("支付前置机已开机", "switched the payment front end on"),
        frozenset({0, 1, 2}),
    ),
    Fault(
        "volume-filling",
        "mq01",
        Text("集成平台的数据卷已用 87%", "the integration platform's data volume is at 87%"),
        Text("清理了集成平台的旧消息", "cleared old messages off the integration platform"),
        frozenset({3}),
    ),
)

KEY_CHANGED = Text(
    "医保前置机出示了另一个主机密钥（等待有人核对）",
    "the insurance front end shows another host key (until somebody checks it)",
)
KEY_CHANGED_HOST = "yb-front01"


def is_present(id_: str, day: int) -> bool:
    """Whether the fault of that id is due on `day`."""
    return next(item for item in FAULTS if item.id == id_).present(day)


def impossible(item: Fault, place: Place) -> Text | None:
    """Why a fault can't be shown on its host here; None when it can."""
    needs_service = item.id not in _SEEN_IN_FILES
    return unavailable(place) if needs_service else None
