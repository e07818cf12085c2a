"""NGX02: the share of requests that nginx answered with a server error, and how long the slowest took.

Read from the last 2 MiB of the access log. The log's format must have the request in double quotes and the
status behind it, as nginx's own `combined` has. Times need `$request_time` as the last word of each line.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field

from orchestrator.errors import CannotTell, NotApplicable
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, output, sections
from orchestrator_plugins.linux.clock import CLOCK_QUOTED, read_clock
from orchestrator_plugins.linux.logline import read_time, recent

REQUESTS = (
    "set -- %s; export LC_ALL=C; "
    + CLOCK_QUOTED
    + '[ -f "$1" ] || { ls -ld -- "$1" >/dev/null; echo "$1: not a regular file" >&2; exit 1; }; '
    + 'exec <"$1" || exit 1; '
    "echo '@@@ requests'; tail -c 2097152 | awk -F'\"' 'NF > 2 { stamp = $1; sub(/^.*\\[/, \"\", stamp); "
    'sub(/\\].*$/, "", stamp); split($3, words, " "); count = split($0, all, " "); '
    'print words[1] "|" all[count] "|" stamp }\''
)

spec = CheckSpec(
    code="NGX02",
    title=Text("Nginx 5xx 占比与耗时", "nginx server errors and times"),
    layer=Layer.APPLICATION,
    metrics=(
        Metric(
            "errors_pct",
            Text("5xx 占比", "share of 5xx"),
            unit="%",
            warn="> 1",
            crit="> 5",
            source="domain.md 3.8 NGX02",
        ),
        Metric(
            "p99_s",
            Text("p99 耗时", "99th percentile"),
            unit="s",
            warn="> 3",
            crit="> 10",
            source="domain.md 3.8 NGX02",
        ),
        Metric("requests", Text("请求数", "requests"), source="domain.md 3.8 NGX02"),
    ),
)


class Parameters(CheckParameters):
    path: str = Field(default="/var/log/nginx/access.log", min_length=1, pattern=r"^/")
    """The access log."""
    minutes: float = Field(default=60, gt=0)
    """Only requests of so many minutes."""
    times: bool = False
    """Whether each line ends with `$request_time`."""


class _Request(NamedTuple):
    status: int
    seconds: str
    at: datetime


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    parts = sections(output(ask.run(REQUESTS, parameters.path)))
    clock = read_clock(parts.get("clock", ""), ask.now)
    lines = parts.get("requests", "").splitlines()
    # The first line may have lost its beginning.
    read = [request for line in lines if (request := _request(line, clock)) is not None]
    if lines and not read:
        raise CannotTell(
            Text("访问日志的格式或时间无法识别", "the access log's format or times can't be read"),
            excerpt(lines),
        )
    places = recent([request.at for request in read], clock, timedelta(minutes=parameters.minutes))
    requests = [read[place] for place in places]
    if not requests:
        raise NotApplicable(
            Text(
                f"最近 {parameters.minutes:g} 分钟没有请求",
                f"no request within {parameters.minutes:g} minutes",
            )
        )
    yield Observation("requests", len(requests), parameters.path)
    failed = sum(1 for request in requests if request.status >= 500)
    evidence = f"{failed} of {len(requests)} requests since {requests[0].at:%H:%M:%S}"
    yield Observation("errors_pct", round(100 * failed / len(requests), 2), parameters.path, evidence)
    if parameters.times:
        yield Observation("p99_s", _p99(requests), parameters.path, evidence)


def _request(line: str, clock: datetime) -> _Request | None:
    status, _, rest = line.partition("|")
    seconds, _, stamp = rest.partition("|")
    at = read_time(stamp, clock)
    if not (len(status) == 3 and status.isdecimal()) or at is None:
        return None
    return _Request(int(status), seconds, at)


def _p99(requests: list[_Request]) -> float:
    """The smallest time within which 99 of 100 requests were answered (nearest rank)."""
    try:
        times = sorted(float(request.seconds.strip('"')) for request in requests)
    except ValueError:
        raise CannotTell(
            Text(
                "访问日志每行末尾不是 $request_time", "the access log's lines do not end with $request_time"
            ),
            requests[-1].seconds,
        ) from None
    return times[-(-99 * len(times) // 100) - 1]
