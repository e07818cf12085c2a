"""How long the records take: a large round to be stored, and two years of a site to be read.

python -m benchmarks.records --hosts 10000 --checks 20
python -m benchmarks.records --database postgresql://user@host/name --years 2
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from orchestrator.documents.database_url import read_database_url
from orchestrator.language import Text
from orchestrator.model.actor import PROGRAM
from orchestrator.model.check import Layer
from orchestrator.model.effect import Effect
from orchestrator.model.observation import Judgement, Observation
from orchestrator.model.plan import Plan, PlannedCheck, PlannedHost
from orchestrator.model.round import CheckResult, HostOutcome, RoundState
from orchestrator.model.runbook import Kind
from orchestrator.model.system import Catalogue
from orchestrator.model.threshold import Comparison, Evidence, Limit, Threshold, ThresholdSource
from orchestrator.model.verdict import Verdict
from orchestrator.records.database import configure, disconnect, open_database
from orchestrator.records.masking import Masker

START = datetime(2024, 1, 1, tzinfo=UTC)
ROUNDS_A_DAY = 4
GROUP = 50
"""Outcomes in one transaction, as a round stores them."""
LIMITS = Threshold(
    Limit(Comparison.AT_LEAST, 85.0), Limit(Comparison.AT_LEAST, 95.0), ThresholdSource(Evidence.PRACTICE, "")
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="sqlite", help="sqlite, or a postgresql:// URL of an empty one")
    parser.add_argument("--hosts", type=int, default=10_000, help="of the large round")
    parser.add_argument("--checks", type=int, default=20)
    parser.add_argument("--years", type=float, default=2.0, help="of the site's rounds")
    parser.add_argument("--site-hosts", type=int, default=60)
    chosen = parser.parse_args()
    print("| what | wall | our CPU |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="wardround-records-") as folder:
        state = Path(folder)
        server = None if chosen.database == "sqlite" else read_database_url(chosen.database)
        open_database(state, server)
        years(chosen.site_hosts, chosen.checks, int(chosen.years * 365 * ROUNDS_A_DAY))
        large(chosen.hosts, chosen.checks)
        disconnect()
        configure(state / "none")


def large(hosts: int, checks: int) -> None:
    """One round of very many hosts."""
    names = [f"large{number:05d}" for number in range(hosts)]
    with timed(f"store a round of {hosts} hosts x {checks} checks"):
        store(names, checks, 0, "large")
    with timed("store it again"):
        store(names, checks, 1, "large")


def years(hosts: int, checks: int, rounds: int) -> None:
    """The site's rounds, and what its pages and reports ask of them."""
    from orchestrator.records.models import Sample, Series
    from orchestrator.records.rounds import get_round, latest_round, list_rounds
    from orchestrator.records.trend import read_daily_trend, read_trend
    from orchestrator.reporting.round_report import build_report

    names = [f"site{number:02d}" for number in range(hosts)]
    with timed(f"store {rounds} rounds of {hosts} hosts x {checks} checks"):
        for number in range(rounds):
            store(names, checks, number, "morning" if number % ROUNDS_A_DAY == 0 else "evening")
    now = START + timedelta(hours=6 * rounds)
    series = list(Series.objects.filter(host="site00").values_list("pk", flat=True))
    print(f"| ({Sample.objects.count()} samples) | | |")
    ask("list the latest 20 rounds", lambda: list_rounds(None, 20))
    ask("list the latest 20 of one runbook", lambda: list_rounds("morning", 20))
    ask("one round", lambda: get_round(latest_round()))
    ask("one series of two years", lambda: read_trend(series[:1], START, now))
    ask(
        "90 days of all series of a host",
        lambda: read_daily_trend(series, now - timedelta(days=90), now, timedelta(days=14)),
    )
    for number in (rounds // 2, rounds):
        ask(
            f"build the report of round {number}",
            lambda number=number: build_report(  # type: ignore[misc] # bound at once
                number, Text("", ""), Catalogue(()), "UTC", now, lambda *_: None
            ),
        )


def store(names: list[str], checks: int, number: int, runbook: str) -> None:
    from orchestrator.records.rounds import close_round, open_round, record_outcomes

    at = START + timedelta(hours=6 * number)
    masker = Masker((), b"benchmark")
    opened = open_round(_plan(names, checks, runbook), PROGRAM, at, "benchmark")
    for start in range(0, len(names), GROUP):
        group = [_outcome(name, checks, number, at) for name in names[start : start + GROUP]]
        record_outcomes(opened, group, masker)
    close_round(opened, RoundState.COMPLETED, at + timedelta(minutes=1))


def ask(what: str, question: Callable[[], object], times: int = 9) -> None:
    """The median of some, as the first one warms the caches."""
    walls, cpus = [], []
    for _ in range(times):
        wall, cpu = time.perf_counter(), _cpu()
        question()
        walls.append(time.perf_counter() - wall)
        cpus.append(_cpu() - cpu)
    _line(what, statistics.median(walls), statistics.median(cpus))


@contextmanager
def timed(what: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), _cpu()
    yield
    _line(what, time.perf_counter() - wall, _cpu() - cpu)


def _line(what: str, wall: float, cpu: float) -> None:
    print(f"| {what} | {wall * 1000:.1f} ms | {cpu * 1000:.1f} ms |", flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _plan(names: list[str], checks: int, runbook: str) -> Plan:
    planned = tuple(
        PlannedCheck(
            f"check{number:02d}",
            f"检查 {number}",
            "filesystem_usage",
            "LNX05",
            Layer.SYSTEM,
            None,
            Effect.READ,
            {},
            {},
            10.0,
        )
        for number in range(checks)
    )
    hosts = tuple(PlannedHost(name, ("all",), f"ward@{name}:22", planned, "") for name in names)
    return Plan(runbook, "巡检", Kind.INSPECTION, hosts, {}, {"wardround": "benchmark"}, "d" * 64)


def _outcome(name: str, checks: int, number: int, at: datetime) -> HostOutcome:
    """The same for the same arguments; one check in two hundred is beyond its limit, for some rounds."""
    seed = sum(name.encode())
    results = []
    for check in range(checks):
        bad = (seed + check + number // 12) % 200 == 0
        verdict = Verdict.WARN if bad else Verdict.OK
        value = 88.5 if bad else 40.0 + (seed * 7 + check * 13 + number) % 400 / 10
        seen = Observation("used_pct", value, "/data", "" if not bad else f"/dev/sda1 {value}% /data")
        judgement = Judgement(seen, "%", LIMITS, verdict)
        results.append(
            CheckResult(
                f"check{check:02d}",
                f"检查 {check}",
                "filesystem_usage",
                "LNX05",
                Layer.SYSTEM,
                verdict,
                (judgement,),
                None,
                "",
                0.01,
            )
        )
    return HostOutcome(name, ("all",), None, tuple(results), at, 1.0, 1, ())


if __name__ == "__main__":
    main()
