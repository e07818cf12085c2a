"""Rounds as they are opened, filled and closed, and found again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import F

from orchestrator.errors import NotFound, StoreError
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM, Actor
from orchestrator.model.lease import COMMAND
from orchestrator.model.plan import Plan
from orchestrator.model.round import HostOutcome, RoundState
from orchestrator.model.run import RunEventKind, RunState
from orchestrator.model.verdict import Verdict, worst
from orchestrator.records.database import database_faults
from orchestrator.records.events import Entry, append_events
from orchestrator.records.findings import FindingChanges, identity, record_findings
from orchestrator.records.hand import Hand
from orchestrator.records.leases import require_lease
from orchestrator.records.lock import lock_if_free
from orchestrator.records.masking import Masker, mask_outcome
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.round import Round
from orchestrator.records.models.round_share import RoundShare
from orchestrator.records.models.run import Run
from orchestrator.records.result_text import write_results, write_text
from orchestrator.records.rows import insert_rows
from orchestrator.records.run_log import Told, tell
from orchestrator.records.samples import record_samples
from orchestrator.records.scope import write_scope

_COLUMNS = (
    *("round", "host", "verdict", "failure_reason", "failure", "started_at", "seconds", "batches", "results"),
)
_COUNTED = (Verdict.OK, Verdict.WARN, Verdict.CRIT, Verdict.UNKNOWN, Verdict.SKIPPED, Verdict.WAIVED)


@database_faults()
def open_round(
    plan: Plan, actor: Actor, at: datetime, version: str, frozen: str = "", *, partial: bool = False
) -> int:
    """Record that a round starts; returns its number.

    Args:
        frozen: names the plan in the content store.
        partial: it is narrowed to some hosts or tasks.
    """
    with transaction.atomic():
        row = Round.objects.create(
            runbook=plan.runbook,
            title=plan.title,
            kind=plan.kind,
            plan_digest=plan.digest,
            frozen=frozen,
            state=RoundState.RUNNING,
            actor=actor.name,
            proof=actor.proof,
            partial=partial,
            version=version,
            started_at=at,
            scope=write_scope(plan),
            hosts=len(plan.hosts),
            checks=plan.size,
        )
        data = {
            "runbook": plan.runbook,
            "plan": plan.digest,
            "hosts": len(plan.hosts),
            "checks": plan.size,
        }
        append_events(at, actor, [(EventKind.ROUND_STARTED, _name(row.number), data)])
    return row.number


def record_outcome(number: int, outcome: HostOutcome, masker: Masker) -> None:
    """Record one host; what `record_outcomes` says holds."""
    record_outcomes(number, (outcome,), masker)


@database_faults()
def record_outcomes(
    number: int,
    outcomes: Sequence[HostOutcome],
    masker: Masker,
    hand: Hand | None = None,
    done: Collection[int] = (),
) -> None:
    """Record some hosts of a running round, all or none: once this returns they outlive a crash.

    Args:
        hand: whose hosts they are, where the round is shared. Then whoever follows the run is told of them.
        done: `start` of each share that they complete.

    Raises:
        Fenced: what that hand had was taken away.
        StoreError: the database can't be written, or the round has ended.
    """
    if not outcomes:
        return
    masked = [mask_outcome(outcome, masker) for outcome in outcomes]
    with transaction.atomic():
        if hand is not None:
            require_lease(hand.fence)
        _count(number, masked)
        row = Round.objects.defer("scope").get(pk=number)
        if hand is not None:
            _tell(hand, row, masked)
        if done:
            RoundShare.objects.filter(round=number, start__in=done).update(done=True)
        insert_rows(HostResult, _COLUMNS, [_host_result(number, outcome) for outcome in masked])
        record_samples(masked)
        changes = record_findings(row, masked)
        append_events(_end(masked), row.started_by, _events(number, masked, changes))


@database_faults()
def close_round(number: int, state: RoundState, at: datetime, hand: Hand | None = None) -> None:
    """Record how a round ended.

    Raises:
        Fenced: another worker has the run that it is of.
        StoreError: the database can't be written, or the round has ended already.
    """
    with transaction.atomic():
        if hand is not None:
            require_lease(hand.fence)
        running = Round.objects.filter(pk=number, state=RoundState.RUNNING)
        if not running.update(state=state, finished_at=at):
            raise _ended(number)
        if hand is not None:
            tell(hand.run, at, (), hand.epoch)
        RoundShare.objects.filter(round=number).delete()
        row = Round.objects.defer("scope").get(pk=number)
        append_events(at, row.started_by, [_finished(row)])


@database_faults()
def record_refusal(plan: Plan, actor: Actor, reason: Text, at: datetime) -> None:
    """Record that the gate did not let a round start."""
    data = {"plan": plan.digest, "reason": write_text(reason)}
    append_events(at, actor, [(EventKind.ROUND_REFUSED, plan.runbook, data)])


@database_faults()
def settle_interrupted(runbook: str, at: datetime) -> tuple[int, ...]:
    """Mark rounds as interrupted that say they run and that nobody goes on with. Only for a caller who holds
    the runbook's lock: then their process is gone. Returns their numbers."""
    with transaction.atomic():
        running = Round.objects.filter(runbook=runbook, state=RoundState.RUNNING)
        stale = list(running.exclude(pk__in=_gone_on_with()).defer("scope"))
        for row in stale:
            row.state = RoundState.INTERRUPTED
            row.save(update_fields=("state",))
        RoundShare.objects.filter(round__in=[row.pk for row in stale]).delete()
        append_events(at, PROGRAM, map(_finished, stale))
    return tuple(row.number for row in stale)


@database_faults()
def runs_beside(number: int) -> bool:
    """Whether another round of the same runbook says that it runs."""
    runbook = Round.objects.values_list("runbook", flat=True).get(pk=number)
    return Round.objects.filter(runbook=runbook, state=RoundState.RUNNING).exclude(pk=number).exists()


@database_faults()
def settle_abandoned(state: Path, at: datetime) -> tuple[int, ...]:
    """Mark each round as interrupted that says it runs while nobody holds its lock. Returns their numbers."""
    running = Round.objects.filter(state=RoundState.RUNNING)
    settled: list[int] = []
    for runbook in sorted(set(running.values_list("runbook", flat=True))):
        with lock_if_free(state, runbook) as free:
            if free:
                settled += settle_interrupted(runbook, at)
    return tuple(settled)


@database_faults()
def list_rounds(runbook: str | None = None, limit: int = 20) -> list[Round]:
    """The latest rounds, newest first."""
    rounds = Round.objects.defer("scope").order_by("-pk")
    if runbook is not None:
        rounds = rounds.filter(runbook=runbook)
    return list(rounds[:limit])


@database_faults()
def recorded_runbooks() -> list[str]:
    """The names of all that have a round, also of those that are gone."""
    return list(Round.objects.order_by("runbook").values_list("runbook", flat=True).distinct())


@database_faults()
def get_round(number: int) -> Round:
    """Raises NotFound when there is no such round."""
    row = Round.objects.filter(pk=number).first()
    if row is None:
        raise NotFound(
            Text(f"没有第 {number} 轮巡检", f"there is no round {number}"),
            Text("用 wardround round list 查看已有的轮次", "see what there is with wardround round list"),
        )
    return row


@database_faults()
def latest_round() -> int:
    """Raises NotFound when no round was ever started."""
    number = Round.objects.order_by("-pk").values_list("pk", flat=True).first()
    if number is None:
        raise NotFound(
            Text("还没有巡检过", "there is no round yet"),
            Text("用 wardround round run 开始一轮", "start one with wardround round run"),
        )
    return number


@database_faults()
def round_before(row: Round) -> Round | None:
    """The completed round of the same runbook that a round is compared with, over all its hosts and tasks."""
    earlier = Round.objects.filter(
        runbook=row.runbook, state=RoundState.COMPLETED, partial=False, pk__lt=row.pk
    )
    return earlier.defer("scope").order_by("-pk").first()


def _gone_on_with() -> list[int]:
    """Rounds that another worker takes up when theirs dies. One that began within a command ends with it."""
    runs = Run.objects.exclude(round=None).exclude(state__in=[one for one in RunState if one.over])
    return list(runs.exclude(executor__startswith=COMMAND).values_list("round_id", flat=True))


def _count(number: int, outcomes: Sequence[HostOutcome]) -> None:
    counts = Counter(result.verdict for outcome in outcomes for result in outcome.results)
    more = {verdict.value: F(verdict.value) + counts[verdict] for verdict in _COUNTED if counts[verdict]}
    updated = Round.objects.filter(pk=number, state=RoundState.RUNNING).update(
        hosts_done=F("hosts_done") + len(outcomes),
        hosts_unreachable=F("hosts_unreachable") + sum(1 for outcome in outcomes if outcome.failure),
        **more,
    )
    if not updated:
        raise _ended(number)


def _host_result(number: int, outcome: HostOutcome) -> tuple[object, ...]:
    failure = outcome.failure
    return (
        number,
        outcome.host,
        Verdict.UNKNOWN if failure else worst(result.verdict for result in outcome.results),
        failure.reason if failure else "",
        {"detail": write_text(failure.detail), "hint": write_text(failure.hint)} if failure else None,
        outcome.started_at,
        outcome.seconds,
        outcome.batches,
        write_results(outcome.results),
    )


def _tell(hand: Hand, row: Round, outcomes: Sequence[HostOutcome]) -> None:
    tell(hand.run, _end(outcomes), _progress(row, outcomes), hand.epoch)
    over = [one for one in RunState if one.over]
    if hand.epoch is None and Run.objects.filter(pk=hand.run, state__in=over).exists():
        raise _ended(row.number)  # nothing comes after a run's end


def _progress(row: Round, outcomes: Sequence[HostOutcome]) -> Sequence[Told]:
    """One event a host, each with the counts over the whole round as they were with it."""
    counts, done = row.counts, row.hosts_done
    del counts[Verdict.NOT_RUN]  # of what is not done yet
    told: list[Told] = []
    for outcome in reversed(outcomes):
        data = {
            "done": done,
            "hosts": row.hosts,
            "verdict": worst(result.verdict for result in outcome.results),
            "counts": {verdict.value: count for verdict, count in counts.items() if count},
            "failure": outcome.failure and write_text(outcome.failure.detail),
            "reason": outcome.failure and outcome.failure.reason,
        }
        told.append((RunEventKind.PROGRESS, outcome.host, "", data))
        counts = counts - Counter(result.verdict for result in outcome.results)
        done -= 1
    return told[::-1]


def _events(number: int, outcomes: Iterable[HostOutcome], changes: FindingChanges) -> Iterator[Entry]:
    for outcome in outcomes:
        if outcome.failure:
            failure = outcome.failure
            data = {"round": number, "reason": failure.reason, "detail": write_text(failure.detail)}
            yield EventKind.HOST_UNREACHABLE, outcome.host, data
    for finding in changes.opened:
        yield EventKind.FINDING_OPENED, str(identity(finding)), _finding_data(number, finding)
    for finding in changes.cleared:
        yield EventKind.FINDING_CLEARED, str(identity(finding)), _finding_data(number, finding)


def _finding_data(number: int, finding: Finding) -> dict[str, object]:
    return {
        "round": number,
        "finding": finding.fingerprint,
        "verdict": finding.verdict,
        "value": finding.value,
    }


def _finished(row: Round) -> Entry:
    data = {
        "state": row.state,
        "hosts_done": row.hosts_done,
        "hosts_unreachable": row.hosts_unreachable,
        **{verdict.value: getattr(row, verdict.value) for verdict in _COUNTED},
        "not_run": row.not_run,
    }
    return EventKind.ROUND_FINISHED, _name(row.number), data


def _end(outcomes: Iterable[HostOutcome]) -> datetime:
    return max(outcome.started_at + timedelta(seconds=outcome.seconds) for outcome in outcomes)


def _name(number: int) -> str:
    return f"round {number}"


def _ended(number: int) -> StoreError:
    return StoreError(
        Text(
            f"第 {number} 轮不在进行中，不能再写入",
            f"round {number} is not running and takes no more results",
        ),
        Text("开始新的一轮", "start a new round"),
    )
