"""LNX16: what the baseboard controller has logged and measures: fans, power supplies, temperatures."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from pydantic import Field

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import SBIN, excerpt, forbidden, inability, output, sections
from orchestrator_plugins.linux.clock import CLOCK, CREDIBLE, read_clock
from orchestrator_plugins.linux.machine import PROBE, is_virtual

SENSORS = (
    f"export LC_ALL=C {SBIN}; {CLOCK}{PROBE}command -v ipmitool >/dev/null 2>&1 && "
    "{ echo '@@@ log'; ipmitool sel elist last 50 2>&1; "
    "echo '@@@ temperature'; ipmitool sdr type Temperature 2>&1; }; :"
)

spec = CheckSpec(
    code="LNX16",
    title=Text("硬件传感器", "hardware sensors"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "critical_events",
            Text("硬件严重事件", "critical events"),
            warn="> 0",
            source="domain.md 3.2 LNX16",
        ),
        Metric(
            "alarms", Text("温度传感器告警", "temperature alarms"), warn="> 0", source="domain.md 3.2 LNX16"
        ),
    ),
    caveat=Text("未在真实设备上验证", "not tried on the real thing"),
)

_FINE = ("ok", "ns")
"""`ns`: the sensor gives no reading, such as that of an empty processor socket."""


class Parameters(CheckParameters):
    critical: re.Pattern[str] = re.compile(
        r"critical|non-recoverable|uncorrectable|fail|fault|lost|predictive", re.IGNORECASE
    )
    """Regular expression: events that count."""
    days: int = Field(default=7, ge=1)
    """How far back to look. The controller keeps its log for years."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    result = ask.run(SENSORS)
    parts = sections(output(result))
    if is_virtual(parts.get("machine", "")):
        raise NotApplicable(Text("虚拟机，没有自己的传感器", "a virtual machine has no sensors of its own"))
    if "log" not in parts:
        raise CannotTell(Text("主机上没有 ipmitool", "the host has no ipmitool"))
    if "Could not open device" in parts["log"] or forbidden(parts["log"]):
        raise inability(1, parts["log"])
    alarms = [line for line in parts.get("temperature", "").splitlines() if _alarmed(line)]
    yield Observation("alarms", len(alarms), evidence=excerpt(alarms))
    events = [line for line in parts["log"].splitlines() if _counts(line, parameters)]
    if events:
        since = read_clock(parts.get("clock", ""), ask.now).date() - timedelta(days=parameters.days)
        events = [line for line in events if _is_recent(line, since)]
    yield Observation("critical_events", len(events), evidence=excerpt(events))


def _counts(line: str, parameters: Parameters) -> bool:
    return "Deasserted" not in line and parameters.critical.search(line) is not None


def _is_recent(line: str, since: date) -> bool:
    written = re.search(r"\b(\d\d)/(\d\d)/(\d{4}|\d\d)\b", line)
    if written is None:
        # `Pre-Init`: the controller did not know the time. It may be of today.
        return True
    month, day, year = (int(part) for part in written.groups())
    on = date(year + 2000 if year < 100 else year, month, day)
    return on >= since or on < CREDIBLE.date()


def _alarmed(line: str) -> bool:
    fields = [field.strip() for field in line.split("|")]
    return len(fields) >= 5 and fields[2] not in _FINE
