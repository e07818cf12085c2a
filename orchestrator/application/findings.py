"""Findings as people deal with them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from orchestrator.application.clock import Clock
from orchestrator.application.deadline import read_deadline
from orchestrator.application.people import People
from orchestrator.application.runbooks import read_catalogue
from orchestrator.errors import InputError, NotFound
from orchestrator.language import Text
from orchestrator.model.account import Standing
from orchestrator.model.actor import Actor
from orchestrator.model.finding import FindingDetail, FindingLine
from orchestrator.model.near_name import near_names
from orchestrator.model.person import Permission
from orchestrator.model.site import Site
from orchestrator.records.accounts import any_account, get_account
from orchestrator.records.handling import (
    FindingFilter,
    assign_finding,
    close_finding,
    finding_detail,
    get_finding,
    list_findings,
    note_finding,
)
from orchestrator.records.known_item import known_host, recorded_hosts, recorded_runbooks
from orchestrator.records.masking import Masker
from orchestrator.records.site_key import site_key


class Findings:
    """Findings of one site, whose database is open."""

    def __init__(self, site: Site, people: People, clock: Clock) -> None:
        self._site = site
        self._people = people
        self._clock = clock

    def list(
        self,
        *,
        everything: bool = False,
        mine: bool = False,
        overdue: bool = False,
        host: str | None = None,
        runbook: str | None = None,
        limit: int = 1000,
    ) -> tuple[FindingLine, ...]:
        """Findings that somebody has to deal with; `everything`: those that are gone as well.

        Raises:
            NotFound: no recorded round holds the host or the runbook: its silence would look like success.
        """
        owner = self._people.starter().name if mine else None
        found = list_findings(FindingFilter(everything, owner, overdue, host, runbook), self._clock(), limit)
        if not found and host is not None:
            _require_recorded(Text("主机", "host"), host, recorded_hosts())
        if not found and runbook is not None:
            _require_recorded(Text("运行手册", "runbook"), runbook, recorded_runbooks())
        return found

    def show(self, number: int) -> FindingDetail:
        """Raises NotFound when there is no such finding."""
        return finding_detail(number, self._clock())

    def assign(self, number: int, owner: str, due: str | None, text: str) -> FindingLine:
        """Give a finding to somebody, until `due` as people write it.

        Raises:
            NotFound, InputError, Unauthenticated, Forbidden: nothing was changed. A site with accounts knows
                its people: an owner is one of them, and not blocked.
        """
        now = self._clock()
        due_at = None if due is None else read_deadline(due, now, self._site.timezone)
        if not owner.strip() or not owner.isprintable() or len(owner) > 255:
            raise InputError(Text("负责人不能为空", "name an owner"))
        actor = self._decider(number, now)
        return assign_finding(number, actor, now, _owner(owner.strip(), now), due_at, self._masked(text))

    def note(self, number: int, text: str) -> FindingLine:
        """Raises as `assign`."""
        now = self._clock()
        return note_finding(number, self._decider(number, now), now, self._said(text))

    def close(self, number: int, text: str) -> FindingLine:
        """Say that a finding is done with. Only a check can see it gone: without one this is refused.

        Raises as `assign`.
        """
        now = self._clock()
        return close_finding(number, self._decider(number, now), now, self._said(text))

    def _decider(self, number: int, now: datetime) -> Actor:
        finding = get_finding(number, now)
        known = known_host(finding.runbook, finding.host)
        components = read_catalogue(self._site).on(finding.host, known.groups if known else ())
        return self._people.decider(Permission.HANDLE_FINDING, [one.slug for one in components])

    def _said(self, text: str) -> str:
        if not text.strip():
            raise InputError(Text("说明不能为空", "the text is empty"))
        return self._masked(text)

    def _masked(self, text: str) -> str:
        return Masker((), site_key(self._site.state)).mask(text.strip())


def _require_recorded(what: Text, name: str, known: Collection[str]) -> None:
    if name in known:
        return
    near = ", ".join(near_names(name, known))
    raise NotFound(
        Text(f"巡检记录中没有{what.zh} {name}", f"no recorded round holds the {what.en} {name}"),
        Text(f"是否指 {near}？", f"did you mean {near}?") if near else None,
    )


def _owner(name: str, now: datetime) -> str:
    if not any_account():
        return name
    account = get_account(name, now)
    if account.standing is Standing.BLOCKED:
        raise InputError(
            Text(f"账号 {account.name} 已停用，不能负责", f"{account.name} is blocked and can own nothing"),
            Text("用 wardround user list 查看，换一个负责人", "see wardround user list for somebody else"),
        )
    return account.name
