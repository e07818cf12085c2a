"""A site's rounds of some years, made with the product's own functions and a clock that runs ahead."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from django.db import connection, transaction

from orchestrator.errors import UnreachableReason
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM, Actor, Proof
from orchestrator.model.check import Layer
from orchestrator.model.effect import Effect
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost
from orchestrator.model.round import CheckResult, HostFailure, HostOutcome, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from orchestrator.model.verdict import Verdict, worst
from orchestrator.model.waiver import Waiver
from orchestrator.records.events import append_events
from orchestrator.records.handling import assign_finding
from orchestrator.records.masking import Masker
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.finding import Finding
from orchestrator.records.models.host_result import HostResult
from orchestrator.records.models.round import Round
from orchestrator.records.rounds import close_round, open_round, record_outcomes
from orchestrator.records.waivers import approve_waiver
from orchestrator.settings import content_root

START = datetime(2024, 1, 1, 7, tzinfo=UTC)
ROUNDS_A_DAY = 4
CHECKS = 20
"""They give 23 values: a disk check looks at three mounts, an inode check at two."""
NAMED = ("his-db01", "his-app01", "his-app02", "web01", "mq01", "emr-app01", "lis-db01", "lis-app01")
"""Hosts that the demo hospital's systems run on; the others carry none."""
OPERATOR = Actor("benchmark", Proof.SESSION)
_TOGETHER = 60
"""Rounds in one transaction: the product commits a group of hosts at a time, which costs fsyncs alone."""
_SPELL = 12
"""Rounds that something which is wrong stays so."""
_LIMITS = Threshold(
    Limit(Comparison.AT_LEAST, 85.0),
    Limit(Comparison.AT_LEAST, 95.0),
    ThresholdSource(Evidence.PRACTICE, "benchmark"),
)
_LOST = HostFailure(UnreachableReason.TIMEOUT, Text("10 秒内没有应答", "no answer within 10 seconds"))


def write_site(folder: Path, database: str | None) -> Path:
    """The site's documents, if they are not there."""
    folder.mkdir(parents=True, exist_ok=True)
    place = f"database: {database}\n" if database else ""
    if (folder / "password").exists():
        place += "database_password_file: password\n"
    (folder / "wardround.yml").write_text(
        f"hospital: {{zh: 示范医院, en: Demo Hospital}}\ninventory: hosts.yml\nsystems: systems.yml\n{place}",
        encoding="utf-8",
    )
    (folder / "hosts.yml").write_text("all: {hosts: {}}\n")
    shutil.copy(content_root() / "inventories" / "demo" / "systems.yml", folder / "systems.yml")
    return folder


def host_names(count: int) -> tuple[str, ...]:
    return (*NAMED, *(f"host{number:05d}" for number in range(len(NAMED), count)))[:count]


def round_at(number: int) -> datetime:
    """When the round that is `number`-th of all, from 0, starts."""
    return START + timedelta(hours=24 / ROUNDS_A_DAY) * number


def make_rounds(names: Sequence[str], first: int, end: int) -> Iterator[int]:
    """Rounds `first` to before `end`; yields how many there are by then."""
    masker = Masker((), b"benchmark")
    for start in range(first, end, _TOGETHER):
        stop = min(start + _TOGETHER, end)
        with transaction.atomic():
            for number in range(start, stop):
                make_round(names, number, masker)
            _handle(round_at(stop))
        yield stop


def make_round(names: Sequence[str], number: int, masker: Masker) -> None:
    at = round_at(number)
    opened = open_round(
        plan_of(names, "morning" if number % ROUNDS_A_DAY == 0 else "shift"), PROGRAM, at, "1"
    )
    record_outcomes(opened, [outcome_of(name, number) for name in names], masker)
    close_round(opened, RoundState.COMPLETED, at + timedelta(minutes=1))


@lru_cache(maxsize=4)
def plan_of(names: Sequence[str], runbook: str) -> Plan:
    checks = tuple(
        PlannedCheck(*_check(number), Layer.SYSTEM, None, Effect.READ, {}, {}, 10.0)
        for number in range(CHECKS)
    )
    hosts = tuple(PlannedHost(name, ("all",), f"ward@{name}:22", checks, "") for name in names)
    return Plan(runbook, "巡检", Kind.INSPECTION, hosts, {}, {"wardround": "1"}, "d" * 64)


def outcome_of(name: str, number: int) -> HostOutcome:
    """The same for the same arguments. Disks fill up within months and are cleared, one other check in two
    hundred is beyond its limit for three days, one host in five hundred is lost."""
    seed = _seed(name)
    at = round_at(number)
    if (seed + number) % 500 == 0:
        results = tuple(_unasked(check) for check in range(CHECKS))
        return HostOutcome(name, ("all",), _LOST, results, at, 10.0, 0, ())
    seen = [[_filled(seed, number, mount) for mount in ("/", "/data", "/var")]]
    seen += [[_filled(seed // 3, number, mount) for mount in ("/", "/data")]]
    seen += [[_measured(seed, number, check)] for check in range(2, CHECKS)]
    return HostOutcome(name, ("all",), None, tuple(map(_result, range(CHECKS), seen)), at, 1.0, 1, ())


@lru_cache(maxsize=20_000)
def _seed(name: str) -> int:
    return int.from_bytes(name.encode()[-6:]) * 2654435761 % 2**32


def _filled(seed: int, number: int, mount: str) -> Judgement:
    rate = 0.02 + (seed + len(mount) * 97) % 100 / 1000
    noise = (seed ^ number * 40503) % 100 / 100
    return _judged("used_pct", mount, 30.0 + (seed % 62 + rate * number) % 62 + noise)


def _measured(seed: int, number: int, check: int) -> Judgement:
    bad = (seed + check * 31 + number // _SPELL * 17) % 200 == 0
    return _judged("value", "", 88.5 if bad else 40.0 + (seed * 7 + check * 13 + number) % 400 / 10)


def _judged(metric: str, subject: str, value: float) -> Judgement:
    verdict = Verdict.CRIT if value >= 95 else Verdict.WARN if value >= 85 else Verdict.OK
    evidence = f"/dev/sda1 {value:.1f}% {subject}" if verdict is not Verdict.OK else ""
    return Judgement(Observation(metric, round(value, 2), subject, evidence), "%", _LIMITS, verdict)


def _result(check: int, judgements: Sequence[Judgement]) -> CheckResult:
    verdict = worst(one.verdict for one in judgements)
    return CheckResult(*_check(check), Layer.SYSTEM, verdict, tuple(judgements), None, "", 0.01)


def _unasked(check: int) -> CheckResult:
    return CheckResult(*_check(check), Layer.SYSTEM, Verdict.UNKNOWN, (), _LOST.detail, "", 0.0)


def _check(number: int) -> tuple[str, str, str, str]:
    name = {0: "filesystem_usage", 1: "inode_usage"}.get(number, "load_average")
    return f"check{number:02d}", f"检查 {number}", name, f"LNX{number:02d}"


def _handle(at: datetime) -> None:
    """What people do meanwhile: one finding is given to somebody, another is accepted for two months."""
    waiting = Finding.objects.filter(cleared_in=None, owner="").exclude(task="").order_by("pk")
    for finding in waiting[:1]:
        assign_finding(finding.pk, OPERATOR, at, "engineer", at + timedelta(days=3), "")
    for finding in waiting.filter(metric="used_pct").order_by("-pk").select_related("first_seen")[:1]:
        approve_waiver(
            Waiver(
                0, finding.first_seen.runbook, finding.host, finding.task, finding.metric, finding.subject,
                Verdict.WARN, "等待扩容", OPERATOR, at, at + timedelta(days=60),
            )
        )  # fmt: skip


def repeat_rounds(made: int, end: int) -> None:
    """Rounds up to `end` as copies of the first `made`, moved in time: the same rows in the same order,
    written in bulk. Their events are new ones in the chain."""
    for start in range(made, end, made):
        with transaction.atomic():
            _repeat(min(made, end - start), timedelta(hours=24 / ROUNDS_A_DAY) * start)


def _repeat(count: int, later: timedelta) -> None:
    originals = list(Round.objects.order_by("pk")[:count])
    numbers = [row.pk for row in originals]
    last = numbers[-1]
    copies = Round.objects.bulk_create([_later_round(row, later) for row in originals], 100)
    new = dict(zip(numbers, (row.pk for row in copies), strict=True))
    Finding.objects.filter(cleared_in=None).update(cleared_in=copies[0])
    for number in numbers:
        rows = HostResult.objects.filter(round=number)
        HostResult.objects.bulk_create([_later_result(row, new[number], later) for row in rows])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_sample (series_id, at, value) "
            "SELECT series_id, at + %s, value FROM records_sample WHERE at <= %s ORDER BY id",
            [int(later.total_seconds()), int(originals[-1].started_at.timestamp())],
        )
    findings = Finding.objects.filter(first_seen__lte=last).order_by("pk")
    Finding.objects.bulk_create([_later_finding(one, new, last) for one in findings], 500)
    for row in copies:
        about = {"plan": row.plan_digest, "hosts": row.hosts}
        append_events(row.started_at, PROGRAM, [
            (EventKind.ROUND_STARTED, f"round {row.pk}", about),
            (EventKind.ROUND_FINISHED, f"round {row.pk}", about),
        ])  # fmt: skip


def _later_round(row: Round, later: timedelta) -> Round:
    row = copy(row)
    row.pk, row._state.adding = None, True
    row.started_at, row.finished_at = row.started_at + later, (row.finished_at or row.started_at) + later
    return row


def _later_result(row: HostResult, number: int, later: timedelta) -> HostResult:
    row.pk, row.round_id, row.started_at = None, number, row.started_at + later
    return row


def _later_finding(one: Finding, new: dict[int, int], last: int) -> Finding:
    ended = one.cleared_in_id if one.cleared_in_id and one.cleared_in_id <= last else None
    one.pk = None
    one.first_seen_id, one.last_seen_id = new[one.first_seen_id], new[min(one.last_seen_id, last)]
    one.cleared_in_id = new[ended] if ended else None
    one.owner, one.due_at = ("", None)
    return one
