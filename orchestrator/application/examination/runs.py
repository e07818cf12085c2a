"""Which runs do not go on, since when, and what each of them needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sized
from datetime import datetime, timedelta
from itertools import groupby
from shlex import quote

from orchestrator.application.duration import say_duration
from orchestrator.application.examination.workers import START, Crew
from orchestrator.application.open_outcomes import open_outcomes
from orchestrator.application.runs import RunView
from orchestrator.language import Text
from orchestrator.model.diagnosis import Condition, Diagnosis
from orchestrator.model.ruling import OpenOutcome
from orchestrator.model.run import Run, RunState, Wait
from orchestrator.model.site import Site
from orchestrator.records.journal import attempts, left_unknown
from orchestrator.records.rulings import rulings
from orchestrator.records.runs import get_run, list_runs
from orchestrator.records.standstill import undelivered, waiting_since

GRACE = timedelta(minutes=1)
"""What is younger is on its way: a worker looks for what is due many times a second."""
NAMED = 20
"""Runs of one kind that are named one by one; the list of all is a command away."""
_OPEN = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING, RunState.CANCELLING)
_ALL = 100_000
_LISTED = {
    RunState.QUEUED: "wardround run list --state queued",
    RunState.RUNNING: "wardround run list --state running",
    RunState.WAITING: "wardround run list --state waiting",
    RunState.CANCELLING: "wardround run list --state cancelling",
    RunState.UNKNOWN: "wardround run list --state unknown",
}


def examine_runs(site: Site, crew: Crew, now: datetime) -> Iterator[Diagnosis]:
    """Runs without a worker, runs that wait for somebody, and what nobody knows of runs that are over."""
    runs = list_runs(_ALL, _OPEN)[::-1]  # the oldest first
    found = [*_stuck(runs, crew), *_queued(runs, crew, now), *_waiting(site, runs, crew, now)]
    found += _undelivered(runs, crew, now)
    found += _left(site, now)
    yield from found
    if not found:
        said = Text(f"没有停滞的执行（未结束 {len(runs)} 个）", f"no run stands still ({len(runs)} not over)")
        yield Diagnosis("runs", Condition.OK, said)


def _stuck(runs: Collection[Run], crew: Crew) -> Iterator[Diagnosis]:
    """Under way, as the records say, in a worker that is not there."""
    hands = {one.executor for one in crew.alive}
    lost = [one for one in runs if one.state in (RunState.RUNNING, RunState.CANCELLING)]
    lost = [one for one in lost if one.executor not in hands]
    for run in lost[:NAMED]:
        yield Diagnosis(
            "stuck-run",
            Condition.CRIT,
            Text(
                f"第 {run.number} 次执行（{run.runbook}）{run.state.label.zh}，而 {run.executor} 已不在",
                f"run {run.number} ({run.runbook}) is {run.state.label.en}, and {run.executor} is gone",
            ),
            _resume(run, crew),
            str(run.number),
        )
    yield from _more("stuck-run", Condition.CRIT, lost, RunState.RUNNING)


def _resume(run: Run, crew: Crew) -> Text:
    if crew.workers:
        return Text(
            f"稍后会被接管；仍无进展就执行 wardround run resume {run.number}",
            f"it is taken over in a moment; if not: wardround run resume {run.number}",
        )
    return Text(
        f"{START.zh}，或 wardround run resume {run.number}",
        f"{START.en}; or wardround run resume {run.number}",
    )


def _queued(runs: Collection[Run], crew: Crew, now: datetime) -> Iterator[Diagnosis]:
    """Asked for, and there is no worker that would take them up."""
    late = [one for one in runs if one.state is RunState.QUEUED and now - one.requested_at > GRACE]
    if not late or crew.workers:
        return
    lasted = say_duration(now - late[0].requested_at)
    numbers = ", ".join(str(one.number) for one in late[:NAMED]) + (" …" if len(late) > NAMED else "")
    yield Diagnosis(
        "queued-run",
        Condition.CRIT,
        Text(
            f"{len(late)} 次执行排队，没有工作进程，最久已 {lasted.zh}：{numbers}",
            f"{len(late)} runs are queued and no worker is alive, the oldest for {lasted.en}: {numbers}",
        ),
        START,
    )


def _waiting(site: Site, runs: Collection[Run], crew: Crew, now: datetime) -> Iterator[Diagnosis]:
    waiting = [one for one in runs if one.state is RunState.WAITING and one.wait is not Wait.TIME]
    for run in waiting[:NAMED]:
        since = waiting_since(run.number)
        lasted = say_duration(now - since) if since else Text("不详", "some time")
        if run.wait is Wait.RULING:
            yield from _unruled(site, run, crew, lasted)
        else:
            yield _held_up(run, lasted)
    yield from _more("waiting-run", Condition.WARN, waiting, RunState.WAITING)


def _unruled(site: Site, run: Run, crew: Crew, lasted: Text) -> Iterator[Diagnosis]:
    """Outcomes that nobody knows, with the very command that settles each."""
    view = RunView(run, tuple(attempts(run.number)), tuple(rulings(run.number)))
    for one in open_outcomes(site, run, view.unruled, view.rulings):
        intent = one.attempt.intent
        said = Text(
            f"第 {run.number} 次执行在 {intent.host} 的 {intent.task} 结果未知，等待裁定已 {lasted.zh}",
            f"run {run.number} does not know what came of {intent.task} on {intent.host}, "
            f"and has waited for a ruling for {lasted.en}",
        )
        if one.decision is None:
            yield _open(run.number, one, Condition.CRIT, said)
        elif not crew.workers:
            ruled = one.decision.label
            yield Diagnosis(
                "waiting-run",
                Condition.WARN,
                Text(f"{said.zh}；已裁定{ruled.zh}", f"{said.en}; it was ruled: {ruled.en}"),
                _resume(run, crew),
                str(run.number),
            )


def _left(site: Site, now: datetime) -> Iterator[Diagnosis]:
    """What runs that are over may have done to a host, and nobody has found out since."""
    found = []
    for number, together in groupby(left_unknown(), lambda one: one[0]):
        lost = [attempt for _, attempt in together]
        found += [
            (number, one)
            for one in open_outcomes(site, get_run(number), lost, rulings(number))
            if one.decision is None
        ]
    for number, one in found[:NAMED]:
        intent, ended = one.attempt.intent, one.attempt.ended_at
        ago = say_duration(now - ended) if ended else Text("不详", "some time")
        said = Text(
            f"第 {number} 次执行已结束，而 {ago.zh}前在 {intent.host} 的 {intent.task} 结果未知，无人裁定",
            f"run {number} is over, and nobody has found out what came of {intent.task} on {intent.host} "
            f"{ago.en} ago",
        )
        yield _open(number, one, Condition.WARN, said)
    yield from _more("unknown-outcome", Condition.WARN, found, RunState.UNKNOWN)


def _open(number: int, one: OpenOutcome, condition: Condition, said: Text) -> Diagnosis:
    intent = one.attempt.intent
    if one.said is not None:
        said = Text(f"{said.zh}；{one.said.zh}", f"{said.en}; {one.said.en}")
    command = f"wardround run rule {number} {quote(intent.host)} {quote(intent.task)}"
    return Diagnosis(
        "unknown-outcome",
        condition,
        said,
        Text(
            f"到主机上查清，再执行 {command} --decision done|retry|abort --reason 依据",
            f"find out on the host, then {command} --decision done|retry|abort --reason WHY",
        ),
        f"{number} {intent.host} {intent.task}",
    )


def _held_up(run: Run, lasted: Text) -> Diagnosis:
    why = run.reason or Text("", "")
    cure = Text(
        f"恢复主机后会自动继续；确认主机：wardround hosts ping，放弃：wardround run cancel {run.number}",
        "once the host is back it goes on by itself: see wardround hosts ping; "
        f"to give it up: wardround run cancel {run.number}",
    )
    if run.wait is Wait.OTHER_RUN:
        cure = Text(
            f"那一次结束后会自动继续；查看 wardround run list，放弃：wardround run cancel {run.number}",
            "once that one is over it goes on by itself: see wardround run list; "
            f"to give it up: wardround run cancel {run.number}",
        )
    return Diagnosis(
        "waiting-run",
        Condition.WARN,
        Text(
            f"第 {run.number} 次执行已等待 {lasted.zh}：{why.zh}",
            f"run {run.number} has waited for {lasted.en}: {why.en}",
        ),
        cure,
        str(run.number),
    )


def _undelivered(runs: Collection[Run], crew: Crew, now: datetime) -> Iterator[Diagnosis]:
    """Due, and not begun, while there is a worker; without one the runs themselves are told of."""
    if not crew.workers:
        return
    open_runs = {one.number for one in runs}
    late = {one.run: one for one in reversed(undelivered(now - GRACE)) if one.run in open_runs}
    for one in sorted(late.values(), key=lambda one: one.due_since)[:NAMED]:
        lasted = say_duration(now - one.due_since)
        yield Diagnosis(
            "undelivered",
            Condition.WARN,
            Text(
                f"第 {one.run} 次执行 {lasted.zh}前就该推进，还没有工作进程开始",
                f"run {one.run} was due {lasted.en} ago, and no worker has begun with it",
            ),
            Text(
                "工作进程可能已满负荷或卡住：查看 journalctl -u wardround-worker，必要时重启它",
                "workers may be full or stuck: see journalctl -u wardround-worker, and restart it if need be",
            ),
            str(one.run),
        )


def _more(name: str, condition: Condition, found: Sized, state: RunState) -> Iterator[Diagnosis]:
    if len(found) > NAMED:
        count = len(found) - NAMED
        yield Diagnosis(
            name,
            condition,
            Text(f"另有 {count} 次同样的执行", f"{count} more runs like these"),
            Text(f"查看 {_LISTED[state]}", f"see {_LISTED[state]}"),
        )
