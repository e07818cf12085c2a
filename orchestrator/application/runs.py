"""Runs as people ask for them, look at them, stop them and rule on them. Faces write rows and show rows."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import sleep

from orchestrator.application.clock import Clock
from orchestrator.application.open_outcomes import open_outcomes
from orchestrator.application.people import People
from orchestrator.application.round_request import RoundRequest
from orchestrator.application.runbooks import find_runbook, read_documents
from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.effect import Effect
from orchestrator.model.person import Permission
from orchestrator.model.ruling import OpenOutcome, Ruling
from orchestrator.model.run import (
    Attempt,
    Decision,
    Run,
    RunEvent,
    RunRequest,
    RunState,
    TaskState,
    Wait,
)
from orchestrator.model.runbook import Kind, Runbook
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.records.journal import attempts
from orchestrator.records.masking import Masker
from orchestrator.records.postings import leg_due
from orchestrator.records.rulings import rule, rulings
from orchestrator.records.run_log import last_event, run_events
from orchestrator.records.runs import (
    get_run,
    list_runs,
    request_cancel,
    request_resume,
    request_run,
    run_request,
)
from orchestrator.records.site_key import site_key

FOLLOW_SECONDS = 0.05
"""How often who follows looks for what is new."""

_BAD = (TaskState.FAILED, TaskState.UNREACHABLE, TaskState.UNKNOWN, TaskState.STOPPED)
WAITS_FOR_NOBODY = frozenset({Wait.TIME})
"""Waits that end by themselves soon: who follows goes on following."""


@dataclass(frozen=True, slots=True)
class RunView:
    """A run with what is known of each attempt."""

    run: Run
    attempts: tuple[Attempt, ...]
    rulings: tuple[Ruling, ...]

    @property
    def unruled(self) -> tuple[Attempt, ...]:
        """Outcomes that nobody knows, the latest of each place."""
        return tuple(one for one in self.latest if one.outcome and one.outcome.state is TaskState.UNKNOWN)

    @property
    def latest(self) -> Collection[Attempt]:
        """Of each place."""
        return {(one.intent.host, one.intent.task): one for one in self.attempts}.values()


class Runs:
    """The runs of one site, whose database is open."""

    def __init__(self, site: Site, checks: Registry[CheckPlugin], people: People, clock: Clock) -> None:
        self._site = site
        self._checks = checks
        self._people = people
        self._clock = clock

    def ask(
        self,
        name: str,
        limit: str | None = None,
        inventory: Collection[Path] = (),
        key: str | None = None,
        retry_of: int | None = None,
    ) -> int:
        """Ask for a run of a runbook; a worker takes it up. Returns its number.

        Args:
            key: whoever asks again with the same one gets the same run.

        Raises:
            NotFound, InvalidDocument: there is no such runbook, or it has errors.
            Unauthenticated, Forbidden: it may change hosts, and that is not for whoever asks.
        """
        runbook = read_documents(self._site, name, self._checks).runbook
        actor = self._people.decider(Permission.RUN, ()) if _changes(runbook) else self._people.starter()
        request = RunRequest(
            runbook=f"{Path(runbook.path).parent.name}/{runbook.name}",
            kind=runbook.kind,
            actor=actor,
            key=key or secrets.token_hex(16),
            title=runbook.title,
            limit=limit,
            inventory=tuple(str(path.absolute()) for path in inventory),
            retry_of=retry_of,
        )
        return request_run(request, self._clock())

    def ask_round(self, asked: RoundRequest) -> int:
        """Ask for an inspection. Anybody may: it only reads."""
        found = find_runbook(self._site, asked.runbook)
        request = RunRequest(
            runbook=f"{found.kind}/{found.name}",
            kind=Kind.INSPECTION,
            actor=asked.actor,
            key=secrets.token_hex(16),
            limit=asked.limit,
            inventory=tuple(str(path.absolute()) for path in asked.inventory),
            tasks=asked.tasks,
        )
        return request_run(request, self._clock())

    def stop_round(self, number: int, actor: Actor) -> None:
        """Stop an inspection, for whoever asked for it and waits."""
        request_cancel(number, actor, self._clock())

    def list(self, last: int, states: Collection[RunState] = ()) -> list[Run]:
        """The latest, newest first."""
        return list_runs(last, states)

    def get(self, number: int) -> RunView:
        """Raises NotFound when there is no such run."""
        return RunView(get_run(number), tuple(attempts(number)), tuple(rulings(number)))

    def follow(
        self, number: int, after: int = 0, check: Callable[[], None] = lambda: None
    ) -> Iterator[RunEvent]:
        """What happened after the event numbered `after`, and what happens until the run is over or waits
        for somebody. Whoever loses the connection asks again with the last number that was seen.

        Args:
            check: called again and again; raises what has kept the run from going on.

        Raises:
            NotFound: there is no such run.
        """
        run = get_run(number)
        while True:
            check()
            found = run_events(number, after) if run.last_event > after else ()
            for event in found:
                after = event.sequence
                yield event
            if found:
                continue
            rests = self._rests(run)
            if not rests:
                sleep(FOLLOW_SECONDS)
            if last_event(number) != run.last_event:  # whatever changes a run tells of it
                run = get_run(number)
            elif rests:
                return

    def resume(self, number: int) -> Run:
        """Have a run that is not over looked at now, whatever it waits for.

        Raises:
            NotFound: there is no such run.
            InputError: it is over.
        """
        get_run(number)
        return request_resume(number, self._clock())

    def cancel(self, number: int) -> Run:
        """Ask for a run to be stopped. That it has stopped is another state, which its worker tells.

        Raises:
            NotFound: there is no such run.
            InputError: it is over.
        """
        get_run(number)
        return request_cancel(number, self._people.decider(Permission.RUN, ()), self._clock())

    def rule(self, number: int, host: str, task: str, decision: Decision, reason: str) -> OpenOutcome:
        """Say what is to be taken for an outcome that nobody knows; returns how it stands then.

        Raises:
            NotFound: nothing is unknown there.
            InputError: no reason is given, or that person has ruled on it already.
        """
        if not reason.strip():
            raise InputError(
                Text("裁定须写理由", "a ruling needs a reason"),
                Text(
                    "写明依据，例如在主机上看到了什么",
                    "say what it rests on, such as what was seen on the host",
                ),
            )
        get_run(number)
        actor = self._people.decider(Permission.RULE, ())
        masked = Masker((), site_key(self._site.state)).mask(reason)
        said = rule(number, host, task, decision, actor, masked, self._clock())
        view = self.get(number)
        place = (host, task, said.number)
        about = [one for one in view.attempts if _place(one) == place]
        return open_outcomes(self._site, view.run, about, view.rulings)[0]

    def open_outcomes(self, view: RunView) -> tuple[OpenOutcome, ...]:
        """The outcomes of a run that nobody knows, with what was ruled on them."""
        return open_outcomes(self._site, view.run, view.unruled, view.rulings)

    def retry_failed(self, number: int) -> int:
        """Ask for a new run over the hosts of one that is over on which it did not succeed.

        Raises:
            InputError: it is not over, no host failed, or nobody knows what it did on some host.
        """
        view = self.get(number)
        if not view.run.state.over:
            raise InputError(
                Text(f"第 {number} 次执行还没有结束", f"run {number} is not over"),
                Text(f"等它结束，或执行 wardround run cancel {number}", "wait until it is, or cancel it"),
            )
        ruled = {one.attempt.intent.token: one.decision for one in self.open_outcomes(view)}
        bad = [one for one in view.latest if one.outcome and one.outcome.state in _BAD]
        bad = [one for one in bad if ruled.get(one.intent.token) is not Decision.DONE]
        doubtful = [one for one in bad if ruled.get(one.intent.token) is not Decision.RETRY]
        if lost := [one.intent.host for one in doubtful if _may_have_happened(one)]:
            raise _lost(number, dict.fromkeys(lost))
        failed = dict.fromkeys(one.intent.host for one in bad if one.intent.host)
        if not failed:
            raise InputError(
                Text(f"第 {number} 次执行没有失败的主机", f"run {number} failed on no host"),
                Text("没有需要重试的", "there is nothing to retry"),
            )
        request = run_request(number)
        return self.ask(
            request.runbook,
            ",".join(failed),
            [Path(path) for path in request.inventory],
            retry_of=number,
        )

    def _rests(self, run: Run) -> bool:
        """Whether nothing more happens by itself soon. A wait that is over, and that no worker has taken up
        yet, is none."""
        if run.state.over:
            return True
        if run.state is not RunState.WAITING or run.wait in WAITS_FOR_NOBODY:
            return False
        return not leg_due(run.number, self._clock())


def _place(attempt: Attempt) -> tuple[str, str, int]:
    return attempt.intent.host, attempt.intent.task, attempt.intent.number


def _may_have_happened(attempt: Attempt) -> bool:
    known = attempt.outcome is None or attempt.outcome.state is not TaskState.UNKNOWN
    return not known and attempt.intent.effect is not Effect.READ


def _lost(number: int, hosts: Collection[str]) -> InputError:
    """A step that may have happened is not repeated by a word about hosts that failed."""
    named = ", ".join(hosts)
    return InputError(
        Text(
            f"第 {number} 次执行在这些主机上的结果未知，重试可能重复执行：{named}",
            f"nobody knows what run {number} did on {named}: to retry may do it twice",
        ),
        Text(
            f"到主机上查明，用 wardround run rule {number} 裁定；"
            "或用 wardround run start 写明 --limit 重新开始",
            f"look on the host and rule on it with wardround run rule {number}, or start anew with "
            "wardround run start and --limit",
        ),
    )


def _changes(runbook: Runbook) -> bool:
    """Whether it may change a host."""
    tasks = [task for play in runbook.plays for task in play.actions]
    return any(task.module.reaches and task.effect is not Effect.READ for task in tasks)
