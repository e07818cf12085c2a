"""Accepting what is wrong for a time: who, why, how bad, until when."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.application.clock import Clock
from orchestrator.application.deadline import read_deadline
from orchestrator.application.people import People
from orchestrator.application.runbooks import read_catalogue
from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.near_name import near_names
from orchestrator.model.person import Permission
from orchestrator.model.site import Site
from orchestrator.model.verdict import Verdict, worst
from orchestrator.model.waiver import Waiver
from orchestrator.records.handling import get_finding
from orchestrator.records.known_item import KnownHost, known_host, recorded_hosts, runbooks_of
from orchestrator.records.masking import Masker
from orchestrator.records.site_key import site_key
from orchestrator.records.waivers import approve_waiver, end_waiver, get_waiver, list_waivers

LONGEST = timedelta(days=366)
"""Longer than a year is no waiver but another limit."""


@dataclass(frozen=True, slots=True)
class WaiverRequest:
    """What somebody asks for. What is empty is wide: every metric, every subject."""

    host: str
    task: str
    reason: str
    until: str
    """As people write it."""
    metric: str = ""
    subject: str = ""
    runbook: str | None = None
    """None: the one runbook that knows the host and the task."""
    covers: Verdict | None = None
    """None: the verdict as last seen."""


class Waivers:
    """Waivers of one site, whose database is open."""

    def __init__(self, site: Site, people: People, clock: Clock) -> None:
        self._site = site
        self._people = people
        self._clock = clock

    def of_finding(self, number: int, reason: str, until: str, covers: Verdict | None) -> WaiverRequest:
        """The request that covers finding `number` and nothing else.

        Raises:
            NotFound, InputError: there is no such finding, it is gone, or it is about something not seen.
        """
        found = get_finding(number, self._clock())
        if not found.task or not found.metric:
            raise _never_unknown()
        return WaiverRequest(
            found.host, found.task, reason, until, found.metric, found.subject, found.runbook, covers
        )

    def add(self, request: WaiverRequest) -> Waiver:
        """Approve a waiver.

        Raises:
            NotFound: host, task, metric or subject is in no recorded round.
            InputError: no reason, a time that is past or too far, nothing to accept, or one stands already.
            Unauthenticated, Forbidden: it is not known who decides, or that person may not.
        """
        now = self._clock()
        reason = self._reason(request.reason)
        until = read_deadline(request.until, now, self._site.timezone)
        if until - now > LONGEST:
            raise InputError(
                Text("豁免最长一年", "a waiver holds for a year at most"),
                Text("长期如此请修改阈值", "what is to stay so is a matter of its limits"),
            )
        known = _known(request)
        waiver = Waiver(
            0, known.runbook, request.host, request.task, request.metric, request.subject,
            _covers(request, known), reason, self._decider(known, request.host), now, until,
        )  # fmt: skip
        return approve_waiver(waiver)

    def list(self, *, everything: bool, expired: bool) -> tuple[Waiver, ...]:
        """Those that hold; `expired`: those that hold no more; `everything`: both."""
        now = self._clock()
        return tuple(one for one in list_waivers() if everything or one.holds(now) is not expired)

    def expire(self, number: int, reason: str) -> Waiver:
        """End a waiver before its time.

        Raises:
            NotFound, InputError, Unauthenticated, Forbidden: nothing was changed.
        """
        now, said = self._clock(), self._reason(reason)
        waiver = get_waiver(number)
        known = known_host(waiver.runbook, waiver.host)
        return end_waiver(number, self._decider(known, waiver.host), now, said)

    def _decider(self, known: KnownHost | None, host: str) -> Actor:
        components = read_catalogue(self._site).on(host, known.groups if known else ())
        return self._people.decider(Permission.WAIVE, [one.slug for one in components])

    def _reason(self, text: str) -> str:
        if not text.strip():
            raise InputError(Text("必须写明理由", "a reason is required"))
        return Masker((), site_key(self._site.state)).mask(text.strip())


def _known(request: WaiverRequest) -> KnownHost:
    """The host as the records know it, with all that the request names."""
    runbooks = runbooks_of(request.host)
    if not runbooks:
        raise _unknown(Text("主机", "host"), request.host, recorded_hosts())
    if request.runbook is not None and request.runbook not in runbooks:
        raise _unknown(Text("运行手册", "runbook"), request.runbook, runbooks)
    candidates = (request.runbook,) if request.runbook is not None else runbooks
    found = [known for name in candidates if (known := known_host(name, request.host)) is not None]
    having = [known for known in found if request.task in known.tasks]
    if not having:
        tasks = sorted({task for known in found for task in known.tasks})
        raise _unknown(Text("任务", "task"), request.task, tasks)
    if len(having) > 1:
        names = ", ".join(known.runbook for known in having)
        raise InputError(
            Text(f"多个运行手册都有任务 {request.task}", f"several runbooks have a task {request.task}"),
            Text(f"用 --runbook 指定：{names}", f"name one with --runbook: {names}"),
        )
    _check_parts(request, having[0])
    return having[0]


def _check_parts(request: WaiverRequest, known: KnownHost) -> None:
    ours = [one for one in known.seen if one.task == request.task]
    metrics = sorted({one.metric for one in ours if one.metric})
    if request.metric and request.metric not in metrics:
        raise _unknown(Text("指标", "metric"), request.metric, metrics)
    subjects = sorted({one.subject for one in ours if request.metric in ("", one.metric) and one.subject})
    if request.subject and request.subject not in subjects:
        raise _unknown(Text("对象", "subject"), request.subject, subjects)


def _covers(request: WaiverRequest, known: KnownHost) -> Verdict:
    if request.covers is not None:
        return request.covers
    seen = worst(
        verdict
        for one, verdict in known.seen.items()
        if one.task == request.task
        and one.metric
        and request.metric in ("", one.metric)
        and request.subject in ("", one.subject)
    )
    if seen in (Verdict.WARN, Verdict.CRIT):
        return seen
    if seen is Verdict.UNKNOWN:
        raise _never_unknown()
    raise InputError(
        Text("该项目目前没有异常，无从豁免", "nothing is wrong with it now: there is nothing to accept"),
        Text(
            "要提前豁免，请写明程度：--covers warn 或 --covers crit",
            "to accept it beforehand, say how bad: --covers warn or --covers crit",
        ),
    )


def _never_unknown() -> InputError:
    return InputError(
        Text(
            "“未知”不能豁免：没有看到，就谈不上接受", "unknown is never waived: nobody saw what is accepted"
        ),
        Text("先让检查能够进行，再复检", "let the check look first, then recheck"),
    )


def _unknown(what: Text, name: str, known: Collection[str]) -> NotFound:
    near = near_names(name, known)
    listed = ", ".join(near or list(known)[:20])
    hint = Text(f"是否指 {listed}？", f"did you mean {listed}?") if near else Text(
        f"有记录的：{listed}", f"recorded are: {listed}"
    )  # fmt: skip
    return NotFound(
        Text(f"巡检记录中没有{what.zh} {name}", f"no recorded round holds the {what.en} {name}"),
        hint if listed else Text("先巡检一轮", "run a round first"),
    )
