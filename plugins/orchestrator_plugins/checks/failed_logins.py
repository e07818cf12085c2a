"""LNX17: failed logins within the last day.

`lastb -s -1days` of the catalogue does not exist on CentOS 7, and counting its empty output would say that
all is well; the times are compared here instead. User names stay on the host: people type passwords there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field

from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import SBIN, inability, output, sections, stderr
from orchestrator_plugins.linux.clock import CLOCK, CREDIBLE, read_clock
from orchestrator_plugins.linux.logline import recent

BAD_LOGINS = (
    f"export LC_ALL=C {SBIN}; {CLOCK}command -v lastb >/dev/null || exit 127; "
    "echo '@@@ logins'; lastb -F | head -n 5000 | "
    "awk '/^[^ ]+ begins / {print; next} {print substr($0, 9)}'"
)

spec = CheckSpec(
    code="LNX17",
    title=Text("登录失败次数", "failed logins"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "failed", Text("登录失败次数", "failed logins"), warn=50, crit=500, source="domain.md 3.2 LNX17"
        ),
    ),
)

_LOGIN = re.compile(
    r"(?P<source>\S*)\s+(?P<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}) - "
)


class Parameters(CheckParameters):
    hours: float = Field(default=24, gt=0)
    """How far back to count."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    result = ask.run(BAD_LOGINS)
    parts = sections(output(result))
    logins = parts.get("logins", "")
    found = list(_LOGIN.finditer(logins))
    # A log that can be read ends with `btmp begins ...`; without it an empty answer is no answer.
    if not found and "begins" not in logins:
        raise inability(1, stderr(result))
    counted = _recent(found, parts.get("clock", ""), ask.now, parameters) if found else []
    sources = Counter(login["source"] or "local" for login in counted).most_common(3)
    evidence = ", ".join(f"{source}: {count}" for source, count in sources) or stderr(result).strip()
    yield Observation("failed", len(counted), evidence=evidence)


def _recent(
    found: list[re.Match[str]], clock: str, ours: datetime, parameters: Parameters
) -> list[re.Match[str]]:
    now = read_clock(clock, ours)
    # lastb begins with the latest.
    written = found[::-1]
    places = recent([_time(login["time"], now) for login in written], now, timedelta(hours=parameters.hours))
    return [written[place] for place in places]


def _time(written: str, now: datetime) -> datetime | None:
    try:
        time = datetime.strptime(written, "%a %b %d %H:%M:%S %Y").replace(tzinfo=now.tzinfo)
    except ValueError:
        return None
    return time if time >= CREDIBLE else None
