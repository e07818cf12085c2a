"""Plans and outcomes made by hand, for tests of what is recorded and reported."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from orchestrator.errors import UnreachableReason
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.check import Layer
from orchestrator.model.effect import Effect
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost
from orchestrator.model.round import CheckResult, HostFailure, HostOutcome, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource, Value
from orchestrator.model.verdict import Verdict, worst
from orchestrator.records.masking import Masker
from orchestrator.records.rounds import close_round, open_round, record_outcomes

START = datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
MASKER = Masker((), b"the salt of these tests")
WANG = Actor("王工", Proof.SESSION)
LAYERS = {"disk": Layer.SYSTEM, "service": Layer.APPLICATION, "orders": Layer.BUSINESS}
LIMITS = Threshold(
    Limit(Comparison.AT_LEAST, 85.0),
    Limit(Comparison.AT_LEAST, 95.123456789),
    ThresholdSource(Evidence.PRACTICE, "domain.md 3.2 LNX05"),
)
VALUES = {Verdict.OK: 41.0, Verdict.WARN: 86.0, Verdict.CRIT: 97.5}
LOST = HostFailure(
    UnreachableReason.TIMEOUT,
    Text("十秒内没有应答", "no answer in ten seconds"),
    Text("查看电源", "see its power"),
)


def plan(*hosts: str, runbook: str = "morning", tasks: Sequence[str] = tuple(LAYERS)) -> Plan:
    """`tasks` on each of `hosts`. A host's group is its name up to the digits."""
    planned = tuple(
        PlannedHost(
            host,
            (host.rstrip("0123456789"),),
            f"ward@{host}:22",
            tuple(_check(task) for task in tasks),
            "",
        )
        for host in hosts
    )
    return Plan(runbook, "早巡检", Kind.INSPECTION, planned, {}, {"wardround": "0.1.0"}, "d" * 64)


def value(
    verdict: Verdict, subject: str = "/data", metric: str = "used_pct", seen: Value | None = None
) -> Judgement:
    """One judged value."""
    observation = Observation(
        metric, VALUES.get(verdict, 0.0) if seen is None else seen, subject, "df says so"
    )
    return Judgement(observation, "%", LIMITS, verdict)


def result(task: str, *judgements: Judgement, verdict: Verdict | None = None) -> CheckResult:
    """What a check said: values, or none and `verdict`."""
    found = verdict or worst(one.verdict for one in judgements)
    reason = None if judgements else Text("超时", "timed out")
    return CheckResult(
        task, f"任务 {task}", "filesystem_usage", "LNX05", LAYERS[task], found, judgements, reason, "", 0.25
    )


def outcome(
    host: str, *results: CheckResult, at: datetime = START, commands: Iterable[str] = ()
) -> HostOutcome:
    return HostOutcome(host, (host.rstrip("0123456789"),), None, results, at, 1.5, 1, tuple(commands))


def seen(host: str, verdict: Verdict, at: datetime = START) -> HostOutcome:
    """A host whose disk is as `verdict` says, with all else well."""
    disk = result("disk", value(verdict)) if verdict in VALUES else result("disk", verdict=verdict)
    well = result("service", value(Verdict.OK, "sshd", "state", "active"))
    return outcome(host, disk, well, result("orders", verdict=Verdict.SKIPPED), at=at)


def lost(host: str, at: datetime = START) -> HostOutcome:
    """A host that did not answer."""
    results = tuple(result(task, verdict=Verdict.UNKNOWN) for task in LAYERS)
    return HostOutcome(host, (host.rstrip("0123456789"),), LOST, results, at, 10.0, 0)


def recorded(
    planned: Plan,
    *outcomes: HostOutcome,
    state: RoundState | None = RoundState.COMPLETED,
    day: int = 0,
) -> int:
    """A round of the given outcomes in the database, `day` days after the first; None leaves it running."""
    at = START + timedelta(days=day)
    number = open_round(planned, WANG, at, "0.1.0")
    record_outcomes(number, outcomes, MASKER)
    if state is not None:
        close_round(number, state, at + timedelta(minutes=1))
    return number


def _check(task: str) -> PlannedCheck:
    return PlannedCheck(
        task,
        f"任务 {task}",
        "filesystem_usage",
        "LNX05",
        LAYERS[task],
        None,
        Effect.READ,
        {"path": "/data"},
        {"used_pct": LIMITS},
        10.0,
    )
