"""Whether the clocks agree on which all times in the records rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from orchestrator.application.clock import Clock
from orchestrator.application.duration import say_duration
from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.records import health
from orchestrator.records.standstill import latest_time

DRIFT = timedelta(seconds=1)
"""domain.md 3.2 LNX12: beyond it a clock is wrong."""
BAD_DRIFT = timedelta(minutes=2)
"""domain.md 3.2 LNX12: beyond some minutes signatures and logins that carry a time fail."""
_CURE = Text(
    "在两台机器上检查对时：chronyc tracking（或 timedatectl）",
    "see what keeps time on both machines: chronyc tracking, or timedatectl",
)


def examine_server_clock(clock: Clock) -> Iterator[Diagnosis]:
    """How far the database server's clock is from ours."""
    before = clock()
    shown = health.server_time()
    after = clock()
    if shown is None:
        yield Diagnosis(
            "clock", Condition.OK, Text("数据库就在本机，用同一时钟", "the database is here: one clock")
        )
        return
    middle = before + (after - before) / 2
    # The question took a while: only what lies beyond that is drift.
    drift = max(timedelta(0), abs(shown - middle) - (after - before) / 2)
    by = say_duration(drift)
    ahead = shown > middle
    if drift < DRIFT:
        yield Diagnosis(
            "clock", Condition.OK, Text("与数据库服务器的时钟一致", "the database server's clock agrees")
        )
        return
    yield Diagnosis(
        "clock",
        Condition.CRIT if drift >= BAD_DRIFT else Condition.WARN,
        Text(
            f"数据库服务器的时钟比本机{'快' if ahead else '慢'} {by.zh}",
            f"the database server's clock is {by.en} {'ahead of' if ahead else 'behind'} ours",
        ),
        _CURE,
    )


def examine_future(clock: Clock) -> Iterator[Diagnosis]:
    """Whether the log tells of times that have not come yet."""
    latest = latest_time()
    ahead = latest - clock() if latest else timedelta(0)
    if latest is None or ahead < DRIFT:
        yield Diagnosis("future", Condition.OK, Text("没有未来时间的事件", "no event lies in the future"))
        return
    by = say_duration(ahead)
    yield Diagnosis(
        "future",
        Condition.CRIT if ahead >= BAD_DRIFT else Condition.WARN,
        Text(
            f"审计日志中有 {by.zh}之后的事件：某台机器的时钟曾经偏快，或本机现在偏慢",
            f"the log has events {by.en} ahead of our clock: some machine's clock was fast, or ours is slow",
        ),
        Text(
            "检查本机和工作进程所在机器的对时：chronyc tracking；已记录的时间不会改写",
            "see what keeps time here and where workers run: chronyc tracking; what is recorded stays",
        ),
    )
