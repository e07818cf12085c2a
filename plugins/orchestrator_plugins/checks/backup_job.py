"""BAK01: how the last backup job ended, by the last line of its log or status file that says so.

One word, because a job has one outcome: `success`, `partial` or `failed`. Warning is "not success", critical
is "failed". A job that left no word, or none for too long, has failed: nobody has a backup of that night.
What can't be read, or says nothing that we know, is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from orchestrator.errors import CannotTell
from orchestrator.language import Text
from orchestrator.model.check import CheckSpec, Layer, Metric
from orchestrator.model.observation import Observation
from orchestrator.plugin.check import Ask, CheckParameters
from orchestrator_plugins.linux.answer import excerpt, refusal, stderr, unreadable
from orchestrator_plugins.linux.clock import CLOCK_QUOTED, hours_since, read_clock

LAST_LINES = (
    "set -- %s %s; export LC_ALL=C; "
    + CLOCK_QUOTED
    + 'ls -ld -- "$1" >/dev/null || exit 1; [ -f "$1" ] || { echo "$1: not a regular file" >&2; exit 1; }; '
    "echo '@@@ changed'; stat -L -c %%Y -- \"$1\" || exit 1; "
    'echo \'@@@ lines\'; tail -n "$2" <"$1" || exit 1'
)

spec = CheckSpec(
    code="BAK01",
    title=Text("备份作业", "backup job"),
    layer=Layer.SYSTEM,
    metrics=(
        Metric(
            "result",
            Text("作业结果", "job result"),
            warn="!= success",
            crit="== failed",
            source="domain.md 3.9 BAK01",
        ),
    ),
)


class Parameters(CheckParameters):
    path: str = Field(min_length=1, pattern=r"^/")
    """The job's log or status file."""
    success: re.Pattern[str] = re.compile(
        r"\b(success|successful|successfully|succeeded|completed)\b|成功", re.IGNORECASE
    )
    """Regular expression: a line that says success."""
    partial: re.Pattern[str] = re.compile(r"\b(partial|partially|warnings?)\b|部分", re.IGNORECASE)
    """Regular expression: a line that says partial success; stronger than `success` in the same line."""
    failure: re.Pattern[str] = re.compile(
        r"(?<!\b0 )(?<!\bno )\b(fail|fails|failed|failure|errors?|aborted)\b|失败|错误", re.IGNORECASE
    )
    """Regular expression: a line that says failure; stronger than both others in the same line."""
    lines: int = Field(default=50, ge=1, le=1000)
    """How many last lines to look at."""
    max_age_hours: float = Field(default=26, gt=0)
    """A file not written to for longer means that the job did not run."""
    encoding: Literal["utf-8", "gb18030"] = "utf-8"
    """Of the file."""


def observe(ask: Ask, parameters: Parameters) -> Iterable[Observation]:
    result = ask.run(LAST_LINES, parameters.path, str(parameters.lines))
    if result.rc != 0:
        if "No such file" not in stderr(result):
            raise refusal(result)
        yield Observation("result", "failed", parameters.path, excerpt(stderr(result).splitlines()))
        return
    head, _, tail = result.stdout_bytes.decode(parameters.encoding, "replace").partition("@@@ lines\n")
    clock, _, changed = head.removeprefix("@@@ clock\n").partition("@@@ changed\n")
    if not changed.strip().isdecimal():
        raise unreadable(changed)
    hours = hours_since(int(changed), read_clock(clock, ask.now), parameters.path)
    if hours > parameters.max_age_hours:
        yield Observation("result", "failed", parameters.path, f"last written {hours:.1f} h ago")
        return
    for line in reversed(tail.splitlines()):
        outcome = _outcome(line, parameters)
        if outcome:
            yield Observation("result", outcome, parameters.path, excerpt([line]))
            return
    raise CannotTell(
        Text("没有一行说明作业如何结束", "no line says how the job ended"), excerpt(tail.splitlines())
    )


def _outcome(line: str, parameters: Parameters) -> str:
    if parameters.failure.search(line):
        return "failed"
    if parameters.partial.search(line):
        return "partial"
    return "success" if parameters.success.search(line) else ""
