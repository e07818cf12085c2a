"""How many lines at the end of a log match a pattern.

No state is kept on the host, so what is counted is either all of the log's last MiB, or what `minutes`
leaves of it by the lines' time stamps. A matching line without a stamp counts, unless a later one is too old.
At most 2,000 are counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, output, sections, stderr, unreadable
from orchestrator_plugins.linux.clock import CLOCK_QUOTED, read_clock
from orchestrator_plugins.linux.logline import read_time, recent

_BEGIN = (
    "set -- %s %s; export LC_ALL=C; "
    + CLOCK_QUOTED
    + 'ls -ld -- "$1" >/dev/null || exit 1; [ -f "$1" ] || { echo "$1: not a regular file" >&2; exit 1; }; '
    'exec <"$1" || exit 1; '
)
_END = (
    'echo \'@@@ lines\'; tail -c 1048576 %s| { grep -a -n -E -e "$2"; echo "@@@ status $?"; } | tail -n 2001'
)
_RECODE = "| iconv -c -f GB18030 -t UTF-8 "
MATCHES = _BEGIN + _END.replace("%s", "")
MATCHES_GB18030 = _BEGIN + "command -v iconv >/dev/null || exit 127; " + _END.replace("%s", _RECODE)
"""The line numbers keep a line of the log from being taken for one of our marks."""

spec = CheckSpec(
    code="",
    title=Text("日志关键字", "log pattern"),
    layer=Layer.APPLICATION,
    metrics=(Metric("matches", Text("匹配行数", "matching lines"), warn="> 0", source="practice"),),
)


class Parameters(CheckParameters):
    path: str = Field(min_length=1, pattern=r"^/")
    """The log. It must exist: a log that is not there tells nothing."""
    pattern: str = Field(min_length=1, pattern=r"^[^\n]+$")
    """Extended regular expression, as `grep -E` reads it."""
    minutes: float | None = Field(default=None, gt=0)
    """Only lines stamped within so many minutes. Understands ISO, syslog, Tomcat and nginx time stamps."""
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    """Of the log."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    command = MATCHES if parameters.encoding == "utf-8" else MATCHES_GB18030
    result = ask.run(command, parameters.path, parameters.pattern)
    parts = sections(output(result))
    # grep says 0 for found, 1 for not found, anything else for a pattern that it can't read.
    if "status 0" not in parts and "status 1" not in parts:
        raise unreadable(stderr(result))
    matches = [line.partition(":")[2] for line in parts.get("lines", "").splitlines()]
    if parameters.minutes is not None and matches:
        clock = read_clock(parts.get("clock", ""), ask.now)
        matches = _recent(matches, clock, timedelta(minutes=parameters.minutes))
    yield Observation("matches", len(matches), parameters.path, excerpt(matches))


def _recent(matches: list[str], clock: datetime, reach: timedelta) -> list[str]:
    times = [read_time(line, clock) for line in matches]
    if not any(times):
        raise CannotTell(
            Text("匹配的行没有可识别的时间", "the matching lines carry no time that can be read"),
            excerpt(matches),
        )
    return [matches[place] for place in recent(times, clock, reach)]
