"""Looking at one finding again, alone: a real round over its host and its task."""

from __future__ import annotations

from orchestrator.application.clock import Clock
from orchestrator.application.round_request import RoundRequest
from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.finding import FindingDetail, Recheck, Seen
from orchestrator.model.report import ReportItem, RoundReport
from orchestrator.model.verdict import Verdict
from orchestrator.records.handling import finding_detail

REACHABLE = "inspection/reachable"
"""What looks again at a host that could not be reached."""


class Rechecks:
    """Rechecks at one site, whose database is open."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def request(self, number: int, actor: Actor) -> RoundRequest:
        """The round that looks at finding `number`.

        Raises:
            NotFound, InputError: there is no such finding, or it is gone.
        """
        found = finding_detail(number, self._clock())
        if found.cleared_round is not None:
            raise InputError(
                Text(
                    f"发现 {number} 已在第 {found.cleared_round} 轮消除",
                    f"round {found.cleared_round} saw finding {number} gone already",
                ),
                Text(
                    f"关闭它：wardround finding close {number} --note 说明",
                    f"close it: wardround finding close {number} --note TEXT",
                ),
            )
        line = found.line
        runbook = line.runbook if line.task else REACHABLE
        tasks = (line.task,) if line.task else ()
        return RoundRequest(runbook, actor, limit=line.host, tasks=tasks)

    def result(self, number: int, report: RoundReport) -> Recheck:
        """What the recheck in that round came to."""
        found = finding_detail(number, self._clock())
        seen, reason = _seen(found, report)
        return Recheck(found.line, report.round, seen, reason)


def _seen(found: FindingDetail, report: RoundReport) -> tuple[Seen, Text | None]:
    if found.cleared_round == report.round:
        return Seen.GONE, None
    if found.last_round == report.round and found.line.verdict is not Verdict.UNKNOWN:
        return Seen.STILL_THERE, None
    return Seen.COULD_NOT_LOOK, _why(found, report)


def _why(found: FindingDetail, report: RoundReport) -> Text:
    lost = next((host.failure for host in report.hosts if host.failure), None)
    if lost is not None:
        return lost.detail
    items = [item for item in report.items if (item.host, item.id) == (found.line.host, found.line.task)]
    unseen = next((item for item in items if not item.verdict.done), None)
    return (unseen and _said(unseen)) or Text(
        f"检查正常结束，但没有提到 {found.line.subject or found.line.metric}",
        f"the check ended well, but did not mention {found.line.subject or found.line.metric}",
    )


def _said(item: ReportItem) -> Text:
    return item.reason or item.verdict.label
