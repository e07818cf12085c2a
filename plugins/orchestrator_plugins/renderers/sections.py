"""What each section of a report holds, drawn from the report alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from orchestrator.errors import UnreachableReason
from orchestrator.language import Text
from orchestrator.model.check import Layer
from orchestrator.model.report import Change, ReportHost, ReportItem, RoundReport
from orchestrator.model.round import HostFailure
from orchestrator.model.system import Component, Tier
from orchestrator.model.verdict import Verdict
from orchestrator.model.waiver import Waiver
from orchestrator_plugins.renderers.outlook import foretold

CAPACITY_LIMIT = 20
CHART_LIMIT = 9
CHANGE_LIMIT = 60
HIGHLIGHT_LIMIT = 3


@dataclass(frozen=True, slots=True)
class LostHost:
    """A host that could not be asked, in plain words."""

    host: ReportHost
    failure: HostFailure
    advice: Text
    finding: ReportItem | None
    """Its one finding, which says since when."""


@dataclass(frozen=True, slots=True)
class SystemGroup:
    """Systems that suffer alike from the same hosts."""

    verdict: Verdict
    because: tuple[str, ...]
    tiers: tuple[tuple[Tier, tuple[Component, ...]], ...]
    """Business systems by tier; empty tiers left out."""
    platform: tuple[Component, ...]


@dataclass(frozen=True)
class Sections:
    """The report, sorted into what a reader looks for."""

    report: RoundReport

    @cached_property
    def lost(self) -> tuple[LostHost, ...]:
        findings = {item.host: item for item in self.report.findings if self._is_loss(item)}
        return tuple(
            LostHost(
                host, host.failure, host.failure.hint or ADVICE[host.failure.reason], findings.get(host.name)
            )
            for host in self.report.hosts
            if host.failure
        )

    @cached_property
    def failures(self) -> Mapping[str, HostFailure]:
        return {host.name: host.failure for host in self.report.hosts if host.failure}

    @cached_property
    def exceptions(self) -> tuple[ReportItem, ...]:
        """The findings without those that only say that a host could not be asked: it has its own line."""
        return tuple(item for item in self.report.findings if not self._is_loss(item))

    @cached_property
    def critical(self) -> tuple[ReportItem, ...]:
        return tuple(item for item in self.exceptions if item.verdict is Verdict.CRIT)

    @cached_property
    def affected(self) -> tuple[SystemGroup, ...]:
        groups: dict[tuple[Verdict, tuple[str, ...]], list[Component]] = {}
        for line in self.report.systems:
            if line.verdict.finding or line.verdict is Verdict.NOT_RUN:
                groups.setdefault((line.verdict, line.because), []).append(line.component)
        return tuple(_group(*key, components) for key, components in groups.items())

    def systems(self, verdict: Verdict) -> tuple[Component, ...]:
        return tuple(line.component for line in self.report.systems if line.verdict is verdict)

    @cached_property
    def by_change(self) -> Mapping[Change, tuple[ReportItem, ...]]:
        found = {change: _changed(self.report.findings, change) for change in Change}
        return {**found, Change.CLEARED: self.report.cleared}

    @cached_property
    def capacity(self) -> tuple[ReportItem, ...]:
        """What will be full first, then what is fullest."""
        found = [item for item in self.report.items if item.value is not None and _is_capacity(item)]
        return tuple(sorted(found, key=_pressure))

    @cached_property
    def foretold(self) -> tuple[ReportItem, ...]:
        """Capacity that is worth a chart: a crossing is foretold, or a limit is broken already."""
        return tuple(item for item in self.capacity if foretold(item) or item.verdict.finding)

    @cached_property
    def backups(self) -> tuple[ReportItem, ...]:
        return tuple(item for item in self.report.items if item.code.startswith("BAK"))

    @cached_property
    def business(self) -> tuple[ReportItem, ...]:
        return tuple(item for item in self.report.items if item.layer is Layer.BUSINESS)

    @cached_property
    def waived(self) -> tuple[ReportItem, ...]:
        return tuple(item for item in self.report.items if item.verdict is Verdict.WAIVED)

    @cached_property
    def ended_waivers(self) -> tuple[Waiver, ...]:
        """They covered something once, and cover nothing in this round."""
        return tuple(one for one in self.report.waivers if not one.holds(self.report.started_at))

    @cached_property
    def ending_waivers(self) -> tuple[Waiver, ...]:
        """They still hold, and will not for long."""
        return tuple(one for one in self.report.waivers if one.holds(self.report.started_at))

    def overdue(self, item: ReportItem) -> bool:
        """Whether the finding should have been dealt with by the time of this report."""
        return item.due_at is not None and item.verdict.finding and item.due_at < self.report.generated_at

    @cached_property
    def items_by_host(self) -> Mapping[str, tuple[ReportItem, ...]]:
        found: dict[str, list[ReportItem]] = {host.name: [] for host in self.report.hosts}
        for item in self.report.items:
            found.setdefault(item.host, []).append(item)
        return {host: tuple(items) for host, items in found.items() if items}

    def _is_loss(self, item: ReportItem) -> bool:
        return item.verdict is Verdict.UNKNOWN and item.host in self.failures


def _is_capacity(item: ReportItem) -> bool:
    return item.forecast is not None or (item.capacity and share(item) is not None)


def _pressure(item: ReportItem) -> tuple[float, float]:
    forecast = foretold(item)
    crossing = forecast.earliest.timestamp() if forecast and forecast.earliest else float("inf")
    return crossing, -(share(item) or 0.0)


def share(item: ReportItem) -> float | None:
    """A percentage as 0..100, for drawing; None where the value is none."""
    return percent(item.value) if item.unit == "%" else None


def percent(value: object) -> float | None:
    """`value` within 0..100, for drawing; None where it is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return None
    return min(100.0, max(0.0, float(value)))


def mark(limit: str) -> float | None:
    """Where on a percentage scale a limit lies; None where it is no plain number."""
    try:
        return percent(float(limit.lstrip("<>=! ")))
    except ValueError:
        return None


def _changed(items: Iterable[ReportItem], change: Change) -> tuple[ReportItem, ...]:
    return tuple(item for item in items if item.change is change)


def _group(verdict: Verdict, because: tuple[str, ...], components: list[Component]) -> SystemGroup:
    tiers = ((tier, tuple(one for one in components if one.seq and one.tier is tier)) for tier in Tier)
    return SystemGroup(
        verdict,
        because,
        tuple((tier, found) for tier, found in tiers if found),
        tuple(one for one in components if not one.seq),
    )


ADVICE = {
    UnreachableReason.DNS: Text(
        "核对主机清单中的地址与院内 DNS", "check its address in the inventory and the DNS"
    ),
    UnreachableReason.REFUSED: Text(
        "查看 sshd 是否运行、端口是否改动", "see whether sshd runs and whether the port was changed"
    ),
    UnreachableReason.TIMEOUT: Text(
        "到机房或虚拟化平台确认是否开机，再查网络与防火墙",
        "see whether it is switched on, then look at network and firewall",
    ),
    UnreachableReason.NO_ROUTE: Text("检查交换机、VLAN 与路由", "check switches, VLANs and routes"),
    UnreachableReason.AUTH: Text(
        "核对巡检账号与密钥是否过期或被撤销", "see whether account or key expired or was withdrawn"
    ),
    UnreachableReason.HOST_KEY_UNKNOWN: Text(
        "由两人核对指纹后，用 wardround hosts trust 登记",
        "have the fingerprint confirmed, then record it with wardround hosts trust",
    ),
    UnreachableReason.HOST_KEY_CHANGED: Text(
        "先向管理员核实是否重装；核实之前不要重新信任，可能有人冒充该主机",
        "ask its administrator whether it was reinstalled; until then do not trust it, it may be an impostor",
    ),
    UnreachableReason.BECOME: Text("检查 sudo 或 su 的授权", "check what sudo or su allows"),
    UnreachableReason.PROTOCOL: Text(
        "查看该端口上是什么服务，登录 shell 是否为 POSIX shell",
        "see what serves that port, and whether the login shell is a POSIX shell",
    ),
    UnreachableReason.LOST: Text(
        "查看主机是否重启、网络是否中断，然后重新巡检该主机",
        "see whether it restarted or the network broke, then check it again",
    ),
}
