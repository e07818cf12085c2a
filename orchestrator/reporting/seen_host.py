"""One host of a round as it was recorded, held against what was planned for it."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.errors import UnreachableReason
from orchestrator.language import Text
from orchestrator.model.round import CheckResult, HostFailure
from orchestrator.model.verdict import Verdict, worst
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.round import Round
from orchestrator.records.result_text import read_results, read_text
from orchestrator.records.scope import ScopeHost, Task, read_scope

_NOT_REACHED = Text("本轮结束前未轮到", "the round ended before its turn")


@dataclass(frozen=True, slots=True)
class SeenHost:
    """Every planned check has a result here: what was not recorded is `not_run`."""

    name: str
    address: str
    groups: tuple[str, ...]
    failure: HostFailure | None
    results: tuple[CheckResult, ...]
    seconds: float

    @property
    def verdict(self) -> Verdict:
        if self.failure is not None:
            return Verdict.UNKNOWN
        return worst(result.verdict for result in self.results)


def read_hosts(row: Round) -> tuple[SeenHost, ...]:
    """All planned hosts of a round, in the plan's order."""
    recorded = {one.host: one for one in HostResult.objects.filter(round=row)}
    return tuple(_seen(planned, recorded.get(planned.name)) for planned in read_scope(row.scope))


def _seen(planned: ScopeHost, recorded: HostResult | None) -> SeenHost:
    results = (
        {} if recorded is None else {one.id: one for one in read_results(recorded.results, planned.tasks)}
    )
    return SeenHost(
        planned.name,
        planned.address,
        planned.groups,
        _failure(recorded) if recorded is not None and recorded.failure_reason else None,
        tuple(results.get(name) or _not_run(task) for name, task in planned.tasks.items()),
        0.0 if recorded is None else recorded.seconds,
    )


def _failure(recorded: HostResult) -> HostFailure:
    written: dict[str, list[str]] = recorded.failure or {}
    detail = Text(*written["detail"])
    return HostFailure(UnreachableReason(recorded.failure_reason), detail, read_text(written["hint"]))


def _not_run(task: Task) -> CheckResult:
    return CheckResult(
        task.id, task.title, task.check, task.code, task.layer, Verdict.NOT_RUN, (), _NOT_REACHED, "", 0.0
    )
