"""LNX12: how far the clock is from its time source, as the host's own time service says.

Minutes of difference break signature timestamps, the insurance interface and Kerberos. A clock that follows
no source has no known offset, which is said as such and never as zero. A clock more than an hour from the
worker's is as far off as that, whatever its source says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.model.threshold import Evidence
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import SBIN, excerpt, sections, stderr, stdout
from orchestrator_plugins.linux.clock import CLOCK, TOLERANCE

TRACKING = (
    f"export LC_ALL=C {SBIN}; {CLOCK}has() {{ command -v $1 >/dev/null 2>&1; }}; "
    "has chronyc && { echo '@@@ chronyc'; chronyc -n tracking && exit 0; }; "
    "has ntpq && { echo '@@@ ntpq'; ntpq -pn && exit 0; }; "
    "has timedatectl && { echo '@@@ timesyncd'; timedatectl timesync-status && exit 0; }; :"
)

spec = CheckSpec(
    code="LNX12",
    title=Text("时钟偏移", "clock offset"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "offset_s",
            Text("时钟偏移", "clock offset"),
            unit="s",
            warn=0.05,
            crit=1,
            evidence=Evidence.VERIFIED,
            source="domain.md 3.2 LNX12 [S20]",
        ),
    ),
)

_CHRONY = re.compile(r"^System time\s*:\s*([0-9.]+) seconds (?:slow|fast)", re.MULTILINE)
_TIMESYNCD = re.compile(r"^\s*Offset:\s*[+-]?(.+)$", re.MULTILINE)
_SPAN = re.compile(r"([0-9.]+)(us|ms|s|min|h|d)\b")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


class Parameters(CheckParameters):
    """None."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    result = ask.run(TRACKING)
    answers = dict(sections(stdout(result)))
    offset = (
        _far_from_ours(answers.pop("clock", ""), ask.now)
        or _chrony(answers.get("chronyc", ""))
        or _ntpq(answers.get("ntpq", ""))
        or _timesyncd(answers.get("timesyncd", ""))
    )
    if offset is None:
        said = "\n".join([*answers.values(), stderr(result)])
        raise CannotTell(
            Text(
                "没有正在同步的时间服务，偏移未知",
                "no time service is synchronised here, so the offset is not known",
            ),
            excerpt(said.splitlines(), last=6),
        )
    seconds, evidence = offset
    yield Observation("offset_s", round(abs(seconds), 6), evidence=evidence)


def _far_from_ours(said: str, ours: datetime) -> tuple[float, str] | None:
    """Nothing below the tolerance: the worker's clock is no time source, and a round takes its time."""
    try:
        seconds = int(said.split(maxsplit=1)[0]) - ours.timestamp()
    except (ValueError, IndexError, OverflowError):
        return None
    if abs(seconds) <= TOLERANCE.total_seconds():
        return None
    return seconds, f"{seconds:+.0f} s from the worker's clock, which says {ours.isoformat(' ', 'seconds')}"


def _chrony(said: str) -> tuple[float, str] | None:
    match = _CHRONY.search(said)
    if match is None or "Not synchronised" in said:
        return None
    wanted = ("Reference ID", "Ref time", "System time")
    return float(match[1]), excerpt(line for line in said.splitlines() if line.startswith(wanted))


def _ntpq(said: str) -> tuple[float, str] | None:
    """The peer that is followed has a `*` (or `o`, with a pulse per second) before it; offset is in ms."""
    for line in said.splitlines():
        fields = line.split()
        if line[:1] in ("*", "o") and len(fields) >= 10:
            try:
                return float(fields[8]) / 1000, excerpt([line])
            except ValueError:
                return None
    return None


def _timesyncd(said: str) -> tuple[float, str] | None:
    match = _TIMESYNCD.search(said)
    spans = _SPAN.findall(match[1]) if match else []
    if match is None or not spans:
        return None
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in spans)
    wanted = ("Server:", "Leap:", "Offset:")
    return seconds, excerpt(line for line in said.splitlines() if line.strip().startswith(wanted))
