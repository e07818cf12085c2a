"""The sample rounds, one function a case. The names of the golden files are the names of these cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.report import Change, ReportItem, RoundReport
from orchestrator.model.round import RoundState
from orchestrator.model.threshold import Value
from orchestrator.model.verdict import Verdict
from tests.golden.assembly import LAST, assemble
from tests.golden.hospital import SERVERS, STARTED, Server
from tests.golden.kit import (
    AUDIT,
    BACKUP_AGE,
    BACKUP_JOB,
    BACKUP_SIZE,
    CERTIFICATE,
    CLOCK,
    EVERYWHERE,
    FILES,
    LOAD,
    LOGS,
    MEMORY,
    ORPHANS,
    PROBE,
    RAID,
    REGISTRATIONS,
    SETTLEMENTS,
    SWAP,
    UNITS,
    Kit,
)
from tests.golden.passage import ANCHOR, WAIVERS, aged, filling, perhaps, steady, untold

_DAYS_AGO = STARTED - timedelta(days=3)
_DF = """Filesystem           Type 1024-blocks      Used Available Capacity Mounted on
/dev/mapper/vg-pgdata xfs   524032000 489446400  34585600      94% /var/lib/postgresql"""
_JOURNAL = """● pharmacy-sync.service loaded failed failed HIS to pharmacy dispatch
   Active: failed (Result: exit-code) since Tue 2026-11-24 05:12:40 CST; 1h 18min ago
  Process: 21877 ExecStart=/opt/his/bin/pharmacy-sync (code=exited, status=1/FAILURE)"""
_DUMP = (
    "-rw-r----- 1 postgres postgres 48318382080 2026-11-22 03:12:55 +0800 /backup/his/his_full_20261122.dump"
)
_CERTIFICATE = "CN=pay.example.cn  issuer=GlobalSign RSA OV SSL CA 2018  notAfter=2026-12-06 07:59:59 +08:00"
_LOG = """2026-11-24 06:24:11.902 ERROR [pool-3] c.h.insurance.Client - connect timed out: 10.20.9.5:8443
2026-11-24 06:24:17.110 ERROR [pool-3] c.h.insurance.Client - connect timed out: 10.20.9.5:8443
2026-11-24 06:24:23.318 ERROR [pool-1] c.h.insurance.Client - retry 3/3 failed, order [ID] put aside"""


def morning() -> RoundReport:
    """An ordinary bad morning: findings of every kind, two hosts lost, one waived, two cleared."""
    items = [*_usual(SERVERS), *_business()]
    news = [*map(aged, _bad_news()), filling(), perhaps(), steady(), untold()]
    report = assemble(SERVERS, _with(items, news), _cleared())
    return replace(report, waivers=WAIVERS, anchor=ANCHOR)


def clean() -> RoundReport:
    """Everything that was due was seen and is fine."""
    servers = tuple(server for server in SERVERS if server.failure is None)
    return assemble(servers, [*_usual(servers), *_business()])


def narrowed() -> RoundReport:
    """Two hosts only, by somebody whom nobody asked who he is: fine as far as it goes."""
    servers = SERVERS[:2]
    report = assemble(servers, _usual(servers))
    actor = Actor("root", Proof.SINGLE_USER)
    return replace(report, partial=True, single_user=True, actor=actor, previous_round=None)


def first() -> RoundReport:
    """The first round of a site: nothing to compare with."""
    servers = SERVERS[:3]
    items = [replace(item, previous=None, previous_verdict=None) for item in _usual(servers)]
    full = replace(FILES.item("his-db01", 91.0, Verdict.CRIT), subject="/var/lib/postgresql", previous=None)
    report = assemble(servers, _with(items, [replace(full, previous_verdict=None, change=Change.FIRST)]))
    return replace(report, round=1, previous_round=None, previous_started_at=None)


def cancelled() -> RoundReport:
    """Stopped by a person after four hosts."""
    items = [
        item
        if index < 4 and SERVERS[index].failure is None
        else replace(
            item,
            verdict=Verdict.NOT_RUN,
            value=None,
            evidence="",
            reason=Text("本轮在此之前已取消", "the round was cancelled before its turn"),
        )
        for index, server in enumerate(SERVERS)
        for item in _usual([replace(server, failure=None)])
    ]
    servers = tuple(replace(server, failure=None) for server in SERVERS)
    return replace(assemble(servers, items), state=RoundState.CANCELLED)


def empty() -> RoundReport:
    """No host, no check: a round that says nothing must not look like a good one."""
    return replace(assemble((), []), systems=(), previous_round=None, previous_started_at=None)


def hostile() -> RoundReport:
    """Hosts that answer with what an attacker would like the reader's browser to take."""
    attack = "<script>alert('x')</script><img src=http://evil.example/x onerror=alert(1)>"
    server = Server(f"his{attack}", "10.0.0.1\u202egpj.exe", ("g\x1b[31m", "</style><b>"))
    nasty = replace(
        UNITS.item(server.name, "<b>\x00\x07bold</b>", Verdict.CRIT),
        title=f"{attack}{{{{ 7 * 7 }}}}",
        subject="\u202etxt.exe\u2066" + "W" * 300,
        source="javascript:alert(1)",
        reason=Text(attack, attack),
        evidence="line\r\n\x1b[2J\x9b31m\ud800\ufeff</pre>" + "A" * 200_000,
        change=Change.NEW,
    )
    odd = replace(LOAD.item(server.name, float("nan")), previous=float("inf"), evidence="-->]]>")
    report = assemble([server], [nasty, odd])
    return replace(
        report,
        hospital=Text("医院</title><script>", 'Hospital</title><script>";}'),
        title='早巡检"\\</style><script>alert(2)</script>',
        actor=Actor(attack, Proof.SESSION),
        runbook="../../<i>",
        plan_digest="<u>" * 20,
    )


def fleet(hosts: int = 200) -> RoundReport:
    """As many hosts as a county hospital will ever have, twenty checks each, every tenth in trouble."""
    servers = [
        Server(f"srv-{number:03}", f"10.30.{number // 250}.{number % 250}", ("app", "linux"))
        for number in range(hosts)
    ]
    items: list[ReportItem] = []
    for number, server in enumerate(servers):
        usual = list(_usual([server]))
        items += [replace(item, id=f"{item.id}-{copy}") for copy in (1, 2) for item in usual][:20]
        if number % 10 == 0:
            full = FILES.item(server.name, 86.0 + number % 7, Verdict.WARN if number % 20 else Verdict.CRIT)
            items.append(
                replace(full, id="filesystem_usage-2", subject="/data", evidence=_DF, change=Change.NEW)
            )
    return assemble(servers, items)


def _usual(servers: Iterable[Server]) -> list[ReportItem]:
    """What every server is asked, all well; virtual machines have no RAID to look at."""
    return [_usual_item(server, number, kit) for server in servers for number, kit in enumerate(EVERYWHERE)]


def _usual_item(server: Server, number: int, kit: Kit) -> ReportItem:
    if server.failure:
        return replace(
            kit.item(server.name, None, Verdict.UNKNOWN), reason=server.failure.detail, previous=kit.good
        )
    if kit is RAID and not server.name.endswith("db01"):
        nothing = Text("虚拟机，没有物理磁盘", "a virtual machine has no disks of its own")
        return replace(kit.item(server.name, None, Verdict.SKIPPED), reason=nothing)
    item = kit.item(server.name, kit.good)
    if not isinstance(kit.good, float) or kit.good == 0:
        return item
    drift = (len(server.name) * 7 + number * 5 + int(server.address.rsplit(".", 1)[1])) % 11
    return replace(
        item, value=round(kit.good * (1 + drift / 60), 4), subject="/" if kit.metric == "used_pct" else ""
    )


def _business() -> list[ReportItem]:
    return [
        replace(LOGS.item("his-app01", 0.0)),
        PROBE.item("his-app01", 0.14),
        PROBE.item("his-app02", 0.11),
        CERTIFICATE.item("pay-gw01", 88.0),
        BACKUP_JOB.item("backup01", "success"),
        replace(BACKUP_AGE.item("backup01", 7.4), subject="his_full_*.dump"),
        replace(BACKUP_SIZE.item("backup01", 2.1), subject="his_full_*.dump", previous=-0.8),
        replace(REGISTRATIONS.item("his-db01", 46.0), previous=52.0),
        replace(SETTLEMENTS.item("his-db01", 99.3), id="yb_settle", previous=99.1),
        replace(ORPHANS.item("his-db01", 0.0), id="pay_orphan"),
    ]


def _bad_news() -> list[ReportItem]:
    """What is worse than usual, to take the place of the usual."""
    return [
        _found(
            FILES,
            "his-db01",
            93.4,
            Verdict.CRIT,
            Change.PERSISTING,
            subject="/var/lib/postgresql",
            evidence=_DF,
            previous=91.2,
            previous_verdict=Verdict.CRIT,
            since=_DAYS_AGO,
        ),
        _found(
            BACKUP_AGE,
            "backup01",
            51.3,
            Verdict.CRIT,
            Change.PERSISTING,
            subject="his_full_*.dump",
            evidence=_DUMP,
            previous=38.3,
            previous_verdict=Verdict.WARN,
            since=LAST,
        ),
        _found(
            UNITS,
            "his-app01",
            1.0,
            Verdict.WARN,
            Change.NEW,
            subject="pharmacy-sync.service",
            evidence=_JOURNAL,
            previous=0.0,
        ),
        _found(LOGS, "his-app01", 37.0, Verdict.WARN, Change.NEW, evidence=_LOG, previous=2.0),
        _found(
            CERTIFICATE,
            "pay-gw01",
            12.0,
            Verdict.WARN,
            Change.PERSISTING,
            subject="pay.example.cn",
            evidence=_CERTIFICATE,
            previous=13.0,
            previous_verdict=Verdict.WARN,
            since=_DAYS_AGO,
        ),
        replace(
            _found(ORPHANS, "his-db01", 6.0, Verdict.WARN, Change.NEW, evidence="6", previous=0.0),
            id="pay_orphan",
        ),
        replace(
            _found(CLOCK, "his-db02", None, Verdict.UNKNOWN, Change.NEW, previous=0.0034),
            reason=Text(
                "主机上没有 chronyc 和 ntpq，无法得知时钟偏移",
                "neither chronyc nor ntpq is installed, so the offset can't be told",
            ),
        ),
        replace(
            _found(
                AUDIT,
                "emr-db01",
                None,
                Verdict.UNKNOWN,
                Change.PERSISTING,
                previous_verdict=Verdict.UNKNOWN,
                since=LAST,
            ),
            previous=None,
            reason=Text("命令 10 秒内没有结束", "the command did not end within 10 s"),
            evidence="systemctl is-active auditd rsyslog: timed out after 10 s",
        ),
        replace(
            _found(
                SWAP,
                "yb-front01",
                24.0,
                Verdict.WAIVED,
                None,
                subject="/",
                previous=23.0,
                previous_verdict=Verdict.WAIVED,
            ),
            reason=Text(
                "厂商确认内存已订购，批准人 李主任，至 2026-12-31",
                "memory is on order; accepted by director Li until 2026-12-31",
            ),
        ),
    ]


def _found(
    kit: Kit,
    host: str,
    value: Value | None,
    verdict: Verdict,
    change: Change | None,
    *,
    subject: str = "",
    evidence: str = "",
    previous: Value | None = None,
    previous_verdict: Verdict = Verdict.OK,
    since: datetime | None = STARTED,
) -> ReportItem:
    return replace(
        kit.item(host, value, verdict),
        subject=subject,
        evidence=evidence,
        previous=previous,
        previous_verdict=previous_verdict,
        change=change,
        since=since,
    )


def _cleared() -> tuple[ReportItem, ...]:
    return (
        replace(
            MEMORY.item("his-app02", 38.2), previous=7.1, previous_verdict=Verdict.WARN, change=Change.CLEARED
        ),
        replace(
            PROBE.item("his-app02", 0.11), previous=6.4, previous_verdict=Verdict.CRIT, change=Change.CLEARED
        ),
    )


def _with(items: Sequence[ReportItem], instead: Iterable[ReportItem]) -> list[ReportItem]:
    """`items` with those of `instead` in their places; a value on another subject joins its check."""
    news = list(instead)
    kept = [item for item in items if not any(_replaces(new, item) for new in news)]
    return [*kept, *news]


def _replaces(new: ReportItem, old: ReportItem) -> bool:
    same = (new.host, new.id, new.metric) == (old.host, old.id, old.metric)
    return same and (not new.subject or not old.subject or new.subject == old.subject)


CASES: Mapping[str, Callable[[], RoundReport]] = {
    "morning": morning,
    "clean": clean,
    "narrowed": narrowed,
    "first": first,
    "cancelled": cancelled,
    "empty": empty,
    "hostile": hostile,
}
