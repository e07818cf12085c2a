"""Runs as they are asked for, taken up, made to wait and ended, and found again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from orchestrator.errors import Busy, InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM, Actor, Proof
from orchestrator.model.effect import Effect
from orchestrator.model.plan import Plan
from orchestrator.model.run import Priority, Run, RunEventKind, RunRequest, RunState, Wait
from orchestrator.model.runbook import Kind
from orchestrator.records.database import database_faults
from orchestrator.records.events import append_events
from orchestrator.records.host_claims import release_hosts, still_claimed
from orchestrator.records.leases import require_lease
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.run import Run as Row
from orchestrator.records.postings import post_leg
from orchestrator.records.result_text import write_text
from orchestrator.records.run_log import tell


@database_faults()
def request_run(request: RunRequest, at: datetime) -> int:
    """Record that a run is asked for; returns its number. Asked again with the same key, the same one."""
    with transaction.atomic():
        row, made = Row.objects.get_or_create(
            key=request.key,
            defaults={
                "runbook": request.runbook,
                "title": request.title,
                "kind": request.kind,
                "state": RunState.QUEUED,
                "priority": Priority.of(request.kind).rank,
                "actor": request.actor.name,
                "proof": request.actor.proof,
                "requested_at": at,
                "host_limit": request.limit or "",
                "inventory": list(request.inventory),
                "tasks": list(request.tasks),
                "schedule": request.schedule,
                "due_at": request.due_at,
                "retry_of_id": request.retry_of,
            },
        )
        if not made:
            return row.number
        data = {"runbook": request.runbook, "limit": request.limit, "schedule": request.schedule}
        tell(row.number, at, [(RunEventKind.REQUESTED, "", "", {**data, "actor": request.actor.name})])
        append_events(at, request.actor, [(EventKind.RUN_REQUESTED, run_name(row.number), data)])
        post_leg(row.number, "requested", row.priority, at)
    return row.number


@database_faults()
def take_run(number: int, executor: str, at: datetime, fence: int | None = None) -> Run | None:
    """Take a run up for a worker, whoever had it before: that one is fenced from now on.

    Args:
        fence: of the worker's lease, which it must hold still: one that was taken for dead and wakes takes
            nothing away from those who went on.

    Returns:
        The run with its new epoch; None when it is over.

    Raises:
        Fenced: the lease was taken away.
    """
    with transaction.atomic():
        if fence is not None:
            require_lease(fence)
        row = _locked(number)
        state = RunState(row.state)
        if state.over:
            return None
        kind = RunEventKind.RESUMED if row.started_at else RunEventKind.STARTED
        row.epoch += 1
        row.executor = executor
        row.started_at = row.started_at or at
        row.wait, row.reason, row.until = "", None, None
        if state is not RunState.CANCELLING:
            row.state = RunState.RUNNING
        row.save()
        tell(number, at, [(kind, "", "", {"executor": executor})], row.epoch)
    return get_run(number)


@database_faults()
def record_plan(number: int, epoch: int, plan: Plan, frozen: str, permit: str, at: datetime) -> None:
    """Record what a run will carry out, before its permit is redeemed."""
    with transaction.atomic():
        tell(number, at, (), epoch)
        Row.objects.filter(pk=number).update(
            title=plan.title,
            hosts=len(plan.hosts),
            effect=plan.effect,
            plan_digest=plan.digest,
            frozen=frozen,
            permit=permit,
        )
        data = {"plan": plan.digest, "permit": permit, "effect": plan.effect, "hosts": len(plan.hosts)}
        append_events(at, _asked_by(number), [(EventKind.RUN_STARTED, run_name(number), data)])


@database_faults()
def refuse_run(number: int, epoch: int, reason: Text, at: datetime) -> None:
    """Record that no plan could be made or the gate said no: nothing was reached."""
    with transaction.atomic():
        tell(number, at, [(RunEventKind.REFUSED, "", "", {"reason": write_text(reason)})], epoch)
        _end(number, RunState.REFUSED, reason, at)
        data = {"reason": write_text(reason)}
        append_events(at, _asked_by(number), [(EventKind.RUN_REFUSED, run_name(number), data)])


@database_faults()
def make_run_wait(
    number: int,
    epoch: int,
    wait: Wait,
    reason: Text,
    at: datetime,
    until: datetime | None = None,
    claimed: Mapping[str, int] | None = None,
) -> None:
    """Record that a run waits and for what. A run that is being cancelled goes on being cancelled.

    Args:
        claimed: the hosts that it waits for, and the runs that hold them.
    """
    told = {"wait": wait, "reason": write_text(reason), "until": until and until.isoformat()}
    with transaction.atomic():
        tell(number, at, [(RunEventKind.WAITS, "", "", told)], epoch)
        changes = {"wait": wait, "reason": write_text(reason), "until": until}
        Row.objects.filter(pk=number).update(**changes)
        Row.objects.filter(pk=number, state=RunState.RUNNING).update(state=RunState.WAITING)
        priority = Row.objects.values_list("priority", flat=True).get(pk=number)
        if until is not None:
            post_leg(number, "wait", priority, at, until)
        if claimed and not still_claimed(claimed):
            # They were given back before this wait could be seen: nobody else will say so.
            post_leg(number, "hosts", priority, at)


@database_faults()
def finish_run(
    number: int, epoch: int, state: RunState, reason: Text | None, at: datetime, counts: Mapping[str, int]
) -> None:
    """Record how a run ended, and give back its hosts.

    Args:
        counts: of task states over all hosts, for the log.
    """
    told = {"state": state, "reason": write_text(reason), "counts": dict(counts)}
    with transaction.atomic():
        tell(number, at, [(RunEventKind.FINISHED, "", "", told)], epoch)
        _end(number, state, reason, at)
        append_events(at, PROGRAM, [(EventKind.RUN_FINISHED, run_name(number), told)])


@database_faults()
def request_cancel(number: int, actor: Actor, at: datetime) -> Run:
    """Record that a run is to stop. One that no worker has begun is over at once; any other is over when
    its worker has made sure.

    Raises:
        NotFound: there is no such run.
        InputError: it is over.
    """
    with transaction.atomic():
        row = _locked(number)
        state = RunState(row.state)
        require_under_way(number, Text("没有可取消的内容", "there is nothing to cancel"))
        if row.cancel_requested_at is None:
            row.cancel_requested_at, row.cancel_requested_by = at, actor.name
            row.state = RunState.CANCELLING
            row.save()
            tell(number, at, [(RunEventKind.CANCEL_REQUESTED, "", "", {"by": actor.name})])
            post_leg(number, "cancel", row.priority, at)
            append_events(at, actor, [(EventKind.RUN_CANCEL_REQUESTED, run_name(number), {})])
        if state is RunState.QUEUED:
            reason = Text(f"{actor.name} 在开始前取消", f"cancelled by {actor.name} before it began")
            told: dict[str, object] = {
                "state": RunState.CANCELLED,
                "reason": write_text(reason),
                "counts": {},
            }
            tell(number, at, [(RunEventKind.FINISHED, "", "", told)])
            _end(number, RunState.CANCELLED, reason, at)
            append_events(at, PROGRAM, [(EventKind.RUN_FINISHED, run_name(number), told)])
    return get_run(number)


@database_faults()
def request_resume(number: int, at: datetime) -> Run:
    """Have a leg of a run that is not over delivered now.

    Raises:
        NotFound: there is no such run.
        InputError: it is over.
    """
    with transaction.atomic():
        row = _locked(number)
        require_under_way(number, Text("没有可继续的内容", "there is nothing to go on with"))
        post_leg(number, "resumed", row.priority, at)
    return read_run(row)


@database_faults()
def get_run(number: int) -> Run:
    """Raises NotFound when there is no such run."""
    row = Row.objects.filter(pk=number).first()
    if row is None:
        raise _unknown(number)
    return read_run(row)


@database_faults()
def run_request(number: int) -> RunRequest:
    """What was asked for. Raises NotFound when there is no such run."""
    row = Row.objects.filter(pk=number).first()
    if row is None:
        raise _unknown(number)
    return RunRequest(
        runbook=row.runbook,
        kind=Kind(row.kind),
        actor=Actor(row.actor, Proof(row.proof)),
        key=row.key,
        title=row.title,
        limit=row.host_limit or None,
        inventory=tuple(row.inventory),
        tasks=tuple(row.tasks),
        schedule=row.schedule,
        due_at=row.due_at,
        retry_of=row.retry_of_id,
    )


@database_faults()
def list_runs(limit: int = 20, states: Collection[RunState] = ()) -> list[Run]:
    """The latest runs, newest first.

    Args:
        states: only these; none: all.
    """
    rows = Row.objects.order_by("-pk")
    if states:
        rows = rows.filter(state__in=states)
    return [read_run(row) for row in rows[:limit]]


def read_run(row: Row) -> Run:
    return Run(
        number=row.number,
        runbook=row.runbook,
        title=row.title,
        kind=Kind(row.kind),
        state=RunState(row.state),
        wait=Wait(row.wait) if row.wait else None,
        reason=read_reason(row.reason),
        until=row.until,
        actor=Actor(row.actor, Proof(row.proof)),
        requested_at=row.requested_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        limit=row.host_limit or None,
        hosts=row.hosts,
        effect=Effect(row.effect) if row.effect else None,
        plan_digest=row.plan_digest,
        frozen=row.frozen,
        permit=row.permit,
        round=row.round_id,
        executor=row.executor,
        epoch=row.epoch,
        cancel_requested_at=row.cancel_requested_at,
        cancel_requested_by=row.cancel_requested_by,
        schedule=row.schedule,
        due_at=row.due_at,
        retry_of=row.retry_of_id,
        last_event=row.last_event,
    )


def read_reason(stored: Sequence[str] | None) -> Text | None:
    return None if stored is None else Text(*stored)


def run_name(number: int) -> str:
    """How the log calls it."""
    return f"run {number}"


def _locked(number: int) -> Row:
    row = Row.objects.select_for_update().filter(pk=number).first()
    if row is None:
        raise _unknown(number)
    return row


def _end(number: int, state: RunState, reason: Text | None, at: datetime) -> None:
    open_rows = Row.objects.filter(pk=number).exclude(state__in=[one for one in RunState if one.over])
    changes = {"state": state, "reason": write_text(reason), "finished_at": at, "wait": "", "until": None}
    if not open_rows.update(**changes):
        raise Busy(Text(f"第 {number} 次执行已结束", f"run {number} is over already"))
    if release_hosts(number):
        for waiting, priority in Row.objects.filter(wait=Wait.OTHER_RUN).values_list("pk", "priority"):
            post_leg(waiting, "hosts", priority, at)


def require_under_way(number: int, hint: Text) -> None:
    """Within a transaction that has the run's row locked. Raises InputError when it is over."""
    state = RunState(Row.objects.values_list("state", flat=True).get(pk=number))
    if state.over:
        label = state.label
        said = Text(f"第 {number} 次执行已结束（{label.zh}）", f"run {number} is over: {label.en}")
        raise InputError(said, hint)


def _asked_by(number: int) -> Actor:
    name, proof = Row.objects.values_list("actor", "proof").get(pk=number)
    return Actor(name, Proof(proof))


def _unknown(number: int) -> NotFound:
    return NotFound(
        Text(f"没有第 {number} 次执行", f"there is no run {number}"),
        Text("用 wardround run list 查看", "see what there is with wardround run list"),
    )
