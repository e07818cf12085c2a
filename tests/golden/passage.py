"""What time adds to the sample morning: series with forecasts, waivers, owners and due times."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.audit import Anchor
from orchestrator.model.forecast import Forecast, Point
from orchestrator.model.report import Change, ReportItem
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from tests.golden.hospital import STARTED
from tests.golden.kit import CERTIFICATE, FILES, SWAP, UNITS

ANCHOR = Anchor(18_342, "sm3:9c41b6e0d27f5a8833e1c05d6b94f27a60d8e5b1f3a2974c8e07d1526ab3f490")
_LI = Actor("李主任", Proof.SESSION)
_WANG = "王工"


def _day(days: float) -> datetime:
    return STARTED + timedelta(days=days)


def waiver(number: int, host: str, task: str, days: float, reason: str) -> Waiver:
    """One that ends `days` after the round's start."""
    return Waiver(
        number=number,
        runbook="inspection/morning",
        host=host,
        task=task,
        metric="",
        subject="",
        covers=Verdict.WARN,
        reason=reason,
        approver=_LI,
        approved_at=_day(-40),
        expires_at=_day(days),
    )


MEMORY_ON_ORDER = waiver(7, "yb-front01", SWAP.check, 37.7, "厂商确认内存条已订购，到货前暂不处理")
RENEWAL_ASKED = waiver(5, "pay-gw01", CERTIFICATE.check, -0.6, "换证申请已提交，等待 CA 审核")
PHARMACY = replace(waiver(9, "his-app01", UNITS.check, 3.2, "药房接口改造期间服务停用"), covers=Verdict.CRIT)
ENDED = replace(waiver(6, "his-db02", FILES.check, 20, "等待扩容窗口"), ended_at=_day(-0.4))
WAIVERS = (RENEWAL_ASKED, ENDED, PHARMACY)


def series(days: int, first: float, last: float, *, gap: range = range(0)) -> tuple[Point, ...]:
    """One value a day that ends with the round, with a ripple; no value on the days of `gap`."""
    slope = (last - first) / days
    past = (
        Point(_day(day - days), round(first + slope * day + (0.35 if day % 3 else -0.3), 2))
        for day in range(days)
        if day not in gap
    )
    return (*past, Point(STARTED, last))


def filling() -> ReportItem:
    """A disk that will be full next month."""
    return replace(
        FILES.item("emr-db01", 82.6),
        subject="/emr/archive",
        previous=82.1,
        trend=series(28, 70.2, 82.6, gap=range(9, 15)),
        forecast=Forecast(
            samples=22,
            slope=0.44,
            earliest=_day(14.2),
            latest=_day(20.4),
            coverage=0.9,
            after_days=((30, 94.1, 97.4), (60, 99.0, 100.0), (90, 100.0, 100.0)),
        ),
    )


def perhaps() -> ReportItem:
    """A disk that may be full one day, or never."""
    return replace(
        FILES.item("backup01", 61.0),
        subject="/backup",
        previous=60.8,
        trend=series(28, 55.0, 61.0),
        forecast=Forecast(
            samples=28,
            slope=0.2,
            earliest=_day(61),
            latest=None,
            coverage=0.9,
            after_days=((30, 63.0, 72.5), (60, 65.1, 88.9), (90, 67.0, 104.0)),
        ),
    )


def steady() -> ReportItem:
    """A disk that grows so slowly that no crossing can be foretold, though its values can."""
    return replace(
        FILES.item("his-db02", 58.2),
        subject="/var/lib/postgresql",
        previous=58.2,
        trend=series(28, 57.4, 58.2),
        forecast=Forecast(
            samples=29,
            slope=0.03,
            coverage=0.9,
            after_days=((30, 57.9, 60.6), (60, 58.1, 62.4)),
            reason=Text("180 天内不会达到界限", "it will not reach its limit within 180 days"),
        ),
    )


def untold() -> ReportItem:
    """A disk of which nothing can be told yet."""
    return replace(
        FILES.item("his-app02", 47.0),
        subject="/data",
        trend=series(3, 46.0, 47.0),
        forecast=Forecast(
            samples=4, reason=Text("样本不足（4 个，至少 7 个）", "too few samples (4, at least 7)")
        ),
    )


def aged(item: ReportItem) -> ReportItem:
    """A finding of the sample morning with what people and earlier rounds know of it."""
    match item.host, item.check, item.verdict:
        case "his-db01", FILES.check, Verdict.CRIT:
            beyond = Text("已超过严重界限", "it is beyond the critical limit already")
            return replace(
                item,
                finding=31,
                owner=_WANG,
                due_at=_day(-1.1),
                trend=series(28, 74.0, 93.4),
                forecast=Forecast(samples=29, reason=beyond),
            )
        case "his-app01", UNITS.check, _:
            return replace(item, finding=44, change=Change.FLAPPING, flaps=4, since=_day(-6))
        case "pay-gw01", CERTIFICATE.check, _:
            return replace(item, finding=29, owner="刘工", due_at=_day(2), waiver=RENEWAL_ASKED)
        case "yb-front01", SWAP.check, Verdict.WAIVED:
            return replace(item, waiver=MEMORY_ON_ORDER, reason=None)
    return item
