"""Wires the parts together with constructor arguments.

Each part is imported where it is made: showing a round does not wait for what reaches hosts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.application.clock import system_clock
from orchestrator.application.sites import open_site
from orchestrator.errors import NotFound
from orchestrator.model.site import Site
from orchestrator.plugin.check import CheckPlugin
from orchestrator.plugin.registry import CHECKS, RENDERERS, Registry
from orchestrator.settings import content_root, program_version, session_folder

if TYPE_CHECKING:
    from orchestrator.application.acceptances import Acceptances
    from orchestrator.application.accounts import Accounts
    from orchestrator.application.audit import Audit
    from orchestrator.application.database import Database
    from orchestrator.application.doctor import Doctor
    from orchestrator.application.findings import Findings
    from orchestrator.application.hosts import Hosts
    from orchestrator.application.linting import Linted
    from orchestrator.application.logins import Logins
    from orchestrator.application.past_rounds import PastRounds
    from orchestrator.application.people import People
    from orchestrator.application.plans import Plans
    from orchestrator.application.rechecks import Rechecks
    from orchestrator.application.reports import Reports
    from orchestrator.application.rounds import Rounds
    from orchestrator.application.runbooks import RunbookFile
    from orchestrator.application.runs import Runs
    from orchestrator.application.schedules import Schedules
    from orchestrator.application.timetables import Timetables
    from orchestrator.application.trends import Trends
    from orchestrator.application.waivers import Waivers
    from orchestrator.plugin.renderer import Renderer
    from orchestrator.reach.pool import Pool


@dataclass(frozen=True)
class Wardround:
    """One site with all that can be done with it. Its parts are made when they are asked for."""

    site: Site
    checks: Registry[CheckPlugin]

    @cached_property
    def rounds(self) -> Rounds:
        """Raises StoreError when the site's records can't be used."""
        from orchestrator.application.rounds import Rounds

        self._open_records()
        return Rounds(self.site, self.checks, versions(self.checks), system_clock)

    @cached_property
    def plans(self) -> Plans:
        """Needs no database: nothing is recorded."""
        from orchestrator.application.plans import Plans
        from orchestrator.application.rounds import Rounds

        rounds = Rounds(self.site, self.checks, versions(self.checks), system_clock)
        return Plans(self.site, self.checks, rounds, system_clock)

    @cached_property
    def past_rounds(self) -> PastRounds:
        """Raises StoreError when the site's records can't be used."""
        from orchestrator.application.past_rounds import PastRounds

        self._open_records()
        return PastRounds(self.site, system_clock)

    @cached_property
    def reports(self) -> Reports:
        from orchestrator.application.reports import Reports

        self._open_records()
        renderers: Registry[Renderer] = Registry(RENDERERS, ("suffix", "render"))
        return Reports(self.site, self.checks, renderers, system_clock)

    @cached_property
    def trends(self) -> Trends:
        from orchestrator.application.trends import Trends

        self._open_records()
        return Trends(self.site, self.checks, system_clock)

    @cached_property
    def people(self) -> People:
        from orchestrator.application.people import People

        self._open_records()
        return People(self.site, system_clock, session_folder())

    @cached_property
    def logins(self) -> Logins:
        from orchestrator.application.logins import Logins

        return Logins(self.site, self.people, system_clock)

    @cached_property
    def accounts(self) -> Accounts:
        from orchestrator.application.accounts import Accounts

        return Accounts(self.site, self.people, system_clock)

    @cached_property
    def findings(self) -> Findings:
        from orchestrator.application.findings import Findings

        return Findings(self.site, self.people, system_clock)

    @cached_property
    def rechecks(self) -> Rechecks:
        from orchestrator.application.rechecks import Rechecks

        self._open_records()
        return Rechecks(system_clock)

    @cached_property
    def waivers(self) -> Waivers:
        from orchestrator.application.waivers import Waivers

        return Waivers(self.site, self.people, system_clock)

    @cached_property
    def database(self) -> Database:
        from orchestrator.application.database import Database

        self._open_records()
        return Database(self.site, self.people, program_version(), system_clock)

    @cached_property
    def audit(self) -> Audit:
        from orchestrator.application.audit import Audit

        return Audit(self.site, self.people, system_clock)

    @cached_property
    def runs(self) -> Runs:
        """Raises StoreError when the site's records can't be used."""
        from orchestrator.application.runs import Runs

        self._open_records()
        return Runs(self.site, self.checks, self.people, system_clock)

    @cached_property
    def hosts(self) -> Hosts:
        from orchestrator.application.hosts import Hosts

        return Hosts(self.site)

    @cached_property
    def schedules(self) -> Schedules:
        """Raises StoreError when the site's records can't be used."""
        from orchestrator.application.schedules import Schedules

        self._open_records()
        return Schedules(self.site, self.checks, self.timetables, self.people, system_clock)

    @cached_property
    def timetables(self) -> Timetables:
        from orchestrator.application.timetables import Timetables

        return Timetables(self.site, system_clock)

    @cached_property
    def doctor(self) -> Doctor:
        """Opens no records: what is wrong with them is what it is asked."""
        from orchestrator.application.doctor import Doctor

        return Doctor(self.site, self.timetables, system_clock)

    @cached_property
    def acceptances(self) -> Acceptances:
        from orchestrator.application.acceptances import Acceptances

        return Acceptances(self.site, self.checks, self.people, system_clock)

    def list_runbooks(self) -> tuple[RunbookFile, ...]:
        from orchestrator.application.runbooks import list_runbooks

        return list_runbooks(self.site)

    def open_pool(self) -> Pool:
        """Connections to this site's hosts, trusting its known_hosts and nothing else."""
        from orchestrator.reach.host_keys import KnownHosts
        from orchestrator.reach.pool import Pool
        from orchestrator.reach.prober import Prober

        known = KnownHosts.read(self.site.known_hosts)
        return Pool(known, Prober(), concurrency=self.site.concurrency)

    def _open_records(self) -> None:
        from orchestrator.records.audit_place import keep_head_in
        from orchestrator.records.database import open_database

        open_database(self.site.state, self.site.database, self._keep_copy)
        keep_head_in(self.site.audit or self.site.state / "audit", self.site.hash_algorithm)

    def _keep_copy(self) -> None:
        """What an upgrade of the database waits for."""
        import logging

        from orchestrator.application.database import keep_copy

        kept = keep_copy(self.site, program_version(), system_clock())
        # Whoever opens the records: without a handler Python writes it to standard error.
        logging.getLogger("wardround").warning(
            "升级数据库，原有记录已备份：%s / the database is upgraded; a copy was kept first: %s", kept, kept
        )


def open_wardround(folder: Path | None) -> Wardround:
    """The site in `folder`, or the one that the current folder lies in.

    Raises:
        NotFound, InvalidDocument: there is none, or its documents have errors.
    """
    return Wardround(open_site(folder, content_root()), all_checks())


def all_checks() -> Registry[CheckPlugin]:
    return Registry(CHECKS, ("spec", "Parameters", "observe"))


def versions(checks: Registry[CheckPlugin]) -> Mapping[str, str]:
    """Name -> version of all that executes a plan."""
    from importlib.metadata import version

    return {
        **checks.versions(),
        "wardround": program_version(),
        "ansible-core": version("ansible-core"),
        "pytest-testinfra": version("pytest-testinfra"),
    }


def lint_documents(paths: Sequence[Path], folder: Path | None) -> Linted:
    """Check documents; without paths, those of the whole site. Paths need no site around them.

    Raises:
        NotFound: no paths were given and there is no site.
    """
    from orchestrator.application.linting import lint_paths

    try:
        site = open_site(folder, content_root())
    except NotFound:
        if not paths or folder is not None:
            raise
        site = None
    return lint_paths(paths or [site.root] if site else paths, site, all_checks(), program_version())


def document_schema(document: str) -> Mapping[str, Any]:
    """The JSON Schema of a kind of document: `runbook` or `timetable`."""
    from orchestrator.documents.schema import runbook_schema, timetable_schema

    match document:
        case "runbook":
            return runbook_schema(all_checks())
        case "timetable":
            return timetable_schema()
    raise KeyError(document)


def new_site(folder: Path) -> None:
    from orchestrator.application.new_site import make_site

    make_site(folder, content_root() / "inventories" / "template")
