"""All checks of one host, at the price of as many batches as their longest chain of questions."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from orchestrator.errors import Exhausted, OrchestratorError, Unreachable
from orchestrator.execution.answers import Answers, merge
from orchestrator.execution.ask import Source, Surroundings
from orchestrator.execution.attempt import Ended, attempt
from orchestrator.execution.inquiry import Inquiry
from orchestrator.execution.memory import Recalled, recall, remember
from orchestrator.execution.parameters import Resolver
from orchestrator.execution.result import conclude, without_value
from orchestrator.execution.site_thread import in_thread
from orchestrator.language import Text
from orchestrator.model.host import Host
from orchestrator.model.plan import PlannedCheck, PlannedHost
from orchestrator.model.question import Question
from orchestrator.model.round import CheckResult, HostFailure, HostOutcome
from orchestrator.model.verdict import Verdict
from orchestrator.plugin.check import CheckParameters, CheckPlugin
from orchestrator.plugin.registry import Registry
from orchestrator.reach.session import Session

BATCHES = 100
"""How long a chain of questions may get. A plain loop over N files is a chain of N, the first time."""

_log = logging.getLogger(__name__)


async def inspect(
    planned: PlannedHost,
    host: Host,
    session: Session,
    checks: Registry[CheckPlugin],
    *,
    source: Source,
    now: datetime,
    seconds: float,
    mark: str = "",
    remembered: Sequence[str] = (),
    resolver: Resolver | None = None,
) -> HostOutcome:
    """Run every check of a host that is connected. Whatever happens, each has exactly one result.

    Args:
        seconds: for all of it; what is not known by then is `unknown`.
        mark: what the commands follow from (`memory.stamp`).
        remembered: `HostOutcome.commands` of an earlier round; sent ahead if its mark is the same.
        resolver: the round's.

    A cancelled inspection ends at once and returns what it has, the rest `not_run`.
    """
    inspection = _Inspection(
        planned, host, checks, Surroundings.of(host, now, source), resolver or Resolver()
    )
    ahead = recall(mark, remembered)
    failure, commands = None, tuple(remembered) if ahead.commands else ()
    try:
        async with asyncio.timeout(seconds):
            await inspection.run(session, ahead)
        commands = ()
    except TimeoutError:
        inspection.end(Verdict.UNKNOWN, _late(seconds))
    except asyncio.CancelledError:
        inspection.end(Verdict.NOT_RUN, STOPPED)
    except Unreachable as lost:
        failure = inspection.lose(lost)
    except Exhausted as ours:
        inspection.end(Verdict.UNKNOWN, ours.message)
    except Exception as error:  # noqa: BLE001 - our own fault must cost one host, not the round
        inspection.end(Verdict.UNKNOWN, own_fault(error))
    # An inspection that broke off knows less than the one before it.
    return inspection.outcome(now, failure, commands or remember(mark, inspection.answers, host))


STOPPED = Text("本轮已取消", "the round was cancelled")


def own_fault(error: Exception) -> Text:
    _log.debug("a host's inspection failed", exc_info=error)
    kind = type(error).__name__
    return Text(f"程序自身出错（{kind}），请报告", f"our own fault ({kind}); please report it")


@dataclass(frozen=True, slots=True)
class _Check:
    """A check that has not ended yet."""

    planned: PlannedCheck
    plugin: CheckPlugin
    parameters: CheckParameters


class _Inspection:
    """One host's inspection as far as it has come."""

    def __init__(
        self,
        planned: PlannedHost,
        host: Host,
        checks: Registry[CheckPlugin],
        around: Surroundings,
        resolver: Resolver,
    ) -> None:
        self.answers = Answers()
        self._planned = planned
        self._around = around
        self._began = time.monotonic()
        self._batches = 0
        self._results: dict[str, CheckResult] = {}
        self._open = list(self._ready(host, checks, resolver))

    async def run(self, session: Session, ahead: Recalled) -> None:
        """Ask and attempt until no check is open.

        Raises:
            Unreachable: the host was lost.
        """
        questions: list[Question] = [] if ahead.whole else await self._attempt_all()
        questions += ahead.commands
        while self._open and self._batches < BATCHES:
            self._batches += 1
            self.answers.learn(await session.ask(merge(questions)))
            questions = await self._attempt_all()
        self.end(Verdict.UNKNOWN, _ENDLESS)

    def end(self, verdict: Verdict, reason: Text) -> None:
        """Give every check that has no result yet this one."""
        for check in self._planned.checks:
            if check.id not in self._results:
                self._results[check.id] = without_value(check, verdict, reason)
        self._open = []

    def lose(self, lost: Unreachable) -> HostFailure | None:
        """The connection broke. What is known stays; if nothing is, the host counts as not reached."""
        if any(result.verdict.done for result in self._results.values()):
            self.end(Verdict.UNKNOWN, lost.message)
            return None
        self._results = {}
        self.end(Verdict.UNKNOWN, lost.message)
        return HostFailure(lost.reason, lost.message, lost.hint)

    def outcome(
        self, started_at: datetime, failure: HostFailure | None, commands: tuple[str, ...]
    ) -> HostOutcome:
        return HostOutcome(
            host=self._planned.name,
            groups=self._planned.groups,
            failure=failure,
            results=tuple(self._results[check.id] for check in self._planned.checks),
            started_at=started_at,
            seconds=time.monotonic() - self._began,
            batches=self._batches,
            commands=commands,
        )

    def _ready(self, host: Host, checks: Registry[CheckPlugin], resolver: Resolver) -> Iterable[_Check]:
        for planned in self._planned.checks:
            try:
                plugin = checks.get(planned.check)
                yield _Check(planned, plugin, resolver.resolve(planned, plugin, host))
            except KeyError:
                reason = Text(f"没有检查插件 {planned.check}", f"there is no check plugin {planned.check}")
                self._results[planned.id] = without_value(planned, Verdict.UNKNOWN, reason)
            except OrchestratorError as error:
                self._results[planned.id] = without_value(planned, Verdict.UNKNOWN, error.message)

    async def _attempt_all(self) -> list[Question]:
        """Attempt every open check once. What they could not know is returned."""
        questions: list[Question] = []
        still_open = []
        for check in self._open:
            inquiry = Inquiry(self.answers, check.planned.timeout)
            ended = await self._attempt(check, inquiry)
            if ended is None:
                questions += inquiry.missing
                still_open.append(check)
                continue
            self._results[check.planned.id] = conclude(
                check.planned, check.plugin.spec, ended, inquiry.seconds
            )
        self._open = still_open
        return questions

    async def _attempt(self, check: _Check, inquiry: Inquiry) -> Ended | None:
        run = partial(attempt, check.planned.check, check.plugin, check.parameters, self._around, inquiry)
        if not check.plugin.spec.site_python:
            return run()
        try:
            async with asyncio.timeout(check.planned.timeout):
                return await in_thread(run)
        except TimeoutError:
            inquiry.missing.clear()
            return Ended((), Verdict.UNKNOWN, _stuck(check.planned.timeout))
        finally:
            inquiry.abandon()


_ENDLESS = Text(
    f"检查在 {BATCHES} 批提问之后仍有新问题", f"the check still had new questions after {BATCHES} batches"
)


def _late(seconds: float) -> Text:
    return Text(
        f"本主机的检查在 {seconds:g} 秒内没有做完", f"this host's checks did not end within {seconds:g} s"
    )


def _stuck(seconds: float) -> Text:
    return Text(
        f"站点 Python 在 {seconds:g} 秒内没有结束", f"the site's Python did not end within {seconds:g} s"
    )
