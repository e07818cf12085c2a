"""How long the records take: a large round to be stored, and two years of a site to be read.

python -m benchmarks.records --data FOLDER
python -m benchmarks.records --data FOLDER --database postgresql://user@host/name

The two years are made once and kept in FOLDER (or the database); a rerun only measures. The large round goes
into a SQLite file of its own, or with `--only large` into an empty PostgreSQL database.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from orchestrator.application.recorder import GROUP
from orchestrator.bootstrap import all_checks
from orchestrator.documents.site import FILE, read_site
from orchestrator.language import Language
from orchestrator.model.actor import PROGRAM
from orchestrator.model.comparison import compare
from orchestrator.model.round import RoundState
from orchestrator.model.site import Site
from orchestrator.plugin.registry import RENDERERS, Registry
from orchestrator.records.database import disconnect, open_database
from orchestrator.records.masking import Masker

ROUNDS = 2920
"""Two years, four a day."""
HOSTS = 60
FIRST_MADE = ROUNDS // 4
"""Rounds that the product itself records; the others are copies, moved in time."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of the site; kept")
    parser.add_argument("--database", help="a postgresql:// URL, whose password is in DATA/password")
    parser.add_argument("--hosts", type=int, default=10_000, help="of the large round")
    parser.add_argument("--only", choices=("years", "large"))
    parser.add_argument("--times", type=int, default=9, help="each question is asked; the median is shown")
    chosen = parser.parse_args()
    site = _site(chosen.data, chosen.database)
    print("| what | wall ms | our CPU ms |\n|---|---|---|")
    if chosen.only != "large":
        open_database(site.state, site.database)
        _make_years()
        read_years(site, chosen.times)
        disconnect()
    if chosen.only == "large" or not (chosen.only or chosen.database):
        with tempfile.TemporaryDirectory(prefix="wardround-large-") as folder:
            open_database(Path(folder), site.database)
            store_large(chosen.hosts)
            disconnect()


def store_large(hosts: int) -> None:
    """One round of very many hosts, in groups as when outcomes wait: its series are new, then known."""
    from benchmarks.site_years import host_names, outcome_of, plan_of, round_at
    from orchestrator.records.rounds import close_round, open_round, record_outcomes

    names, masker = host_names(hosts), Masker((), b"benchmark")
    plan = plan_of(names, "large")
    for number, word in enumerate(("first", "second", "third")):
        outcomes = [outcome_of(name, number) for name in names]
        with timed(f"store the {word} round of {hosts} hosts x {len(plan.hosts[0].checks)} checks"):
            opened = open_round(plan, PROGRAM, round_at(number), "1")
            for start in range(0, hosts, GROUP):
                record_outcomes(opened, outcomes[start : start + GROUP], masker)
            close_round(opened, RoundState.COMPLETED, round_at(number) + timedelta(minutes=1))


def read_years(site: Site, times: int) -> None:
    """What the pages, the commands and the reports ask of two years."""
    from benchmarks.site_years import NAMED, round_at
    from orchestrator.application.audit import Audit
    from orchestrator.application.findings import Findings
    from orchestrator.application.people import People
    from orchestrator.application.reports import Reports
    from orchestrator.application.trends import Trends
    from orchestrator.application.waivers import Waivers
    from orchestrator.records import health
    from orchestrator.records.known_item import known_host, recorded_hosts, runbooks_of
    from orchestrator.records.models import Finding, KeptForecasts
    from orchestrator.records.rounds import list_rounds
    from orchestrator.records.waivers import waivers_for_round

    def clock() -> datetime:
        return round_at(ROUNDS)

    def ask(what: str, question: Callable[[], object]) -> None:
        _ask(what, question, times)

    checks = all_checks()
    people = People(site, clock, site.state)
    reports = Reports(site, checks, Registry(RENDERERS, ("suffix", "render")), clock)
    trends, audit = Trends(site, checks, clock), Audit(site, people, clock)
    findings, waivers = Findings(site, people, clock), Waivers(site, people, clock)
    numbers = [row.number for row in list_rounds(None, ROUNDS)]
    first, middle, last = numbers[-1], numbers[ROUNDS // 2], numbers[0]

    ask("list the latest 20 rounds", lambda: list_rounds(None, 20))
    ask("list the latest 20 of one runbook", lambda: list_rounds("morning", 20))
    for word, number in (("first", first), ("middle", middle), ("last", last)):
        KeptForecasts.objects.filter(round=number).delete()
        _ask(f"build the first report of the {word} round", partial(reports.build, number), 1)
        ask(f"build it again, its forecasts kept: the {word} round", partial(reports.build, number))
    report, before = reports.build(last), reports.build(last - 1)
    for form in ("html", "json"):
        ask(f"render it as {form}", partial(reports.render, report, form, Language.ZH))
    ask("compare two rounds, built already", lambda: compare(before, report))
    ask("list the findings that wait", findings.list)
    ask("list the newest 1000 findings", lambda: findings.list(everything=True))
    ask("list the findings of a host", lambda: findings.list(everything=True, host=NAMED[0]))
    newest = Finding.objects.order_by("-pk").values_list("pk", flat=True)[0]
    ask("show a finding", lambda: findings.show(newest))
    ask("list the waivers", lambda: waivers.list(everything=True, expired=False))
    ask("waivers at a round's start", lambda: waivers_for_round(last, "shift", set(NAMED), clock()))
    ask("all hosts that were recorded", recorded_hosts)
    ask("the runbooks of a host", lambda: runbooks_of(NAMED[0]))
    ask("know a host", lambda: known_host("shift", NAMED[0]))
    ask("one series of 60 days", lambda: trends.show(NAMED[0], "check05", None, None, 60))
    ask("one series of two years", lambda: trends.show(NAMED[0], "check05", None, None, 730))
    ask("the calendar of a month", lambda: trends.month(date(2025, 6, 1), print))
    ask("the latest 50 events", audit.events)
    ask("the latest 50 events of a kind", lambda: audit.events(kind="waiver_approved"))
    ask("the latest 50 events of a subject", lambda: audit.events(subject="round 17"))
    ask("is the schema up to date (part of db check)", health.missing_migrations)
    _ask("count all rows (part of db check)", health.row_counts, 1)
    _ask("look for damage (part of db check)", health.faults, 1)
    _tidy_one_day(site, clock())


def _tidy_one_day(site: Site, now: datetime) -> None:
    """What `wardround db tidy` has to do each day; undone afterwards, so that the next run finds the same."""
    from django.db import transaction

    from orchestrator.records.models import Sample
    from orchestrator.records.retention import tidy

    oldest = Sample.objects.order_by("pk").values_list("at", flat=True)[0]
    day = timedelta(days=1)
    kept = (now - datetime.fromtimestamp(oldest, UTC)) // day
    with transaction.atomic():
        with timed("tidy one day"):
            tidy(replace(site.retention, samples=kept, rounds=kept), site.timezone, now, site.state)
        transaction.set_rollback(True)


def _make_years() -> None:
    from benchmarks.site_years import host_names, make_rounds, repeat_rounds
    from orchestrator.records.models import Round

    made = Round.objects.count()
    if made >= ROUNDS:
        return
    if made > FIRST_MADE:
        sys.exit("neither empty nor complete: name an empty folder or database")
    with timed(f"make {ROUNDS} rounds of {HOSTS} hosts"):
        for count in make_rounds(host_names(HOSTS), made, FIRST_MADE):
            print(f"{count} of {FIRST_MADE} recorded", file=sys.stderr)
        repeat_rounds(FIRST_MADE, ROUNDS)


def _ask(what: str, question: Callable[[], object], times: int) -> None:
    """The median, as the first one warms the caches."""
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
    print(f"| {what} | {wall * 1000:.1f} | {cpu * 1000:.1f} |", flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _site(folder: Path, database: str | None) -> Site:
    from benchmarks.site_years import write_site

    return read_site(write_site(folder, database) / FILE)


if __name__ == "__main__":
    main()
