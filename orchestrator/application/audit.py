"""The log of events: verified, listed, anchored on paper, and taken up again after a break."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from orchestrator.application.clock import Clock
from orchestrator.application.people import People
from orchestrator.errors import InputError
from orchestrator.language import Text
from orchestrator.model.actor import Actor, Proof
from orchestrator.model.audit import Anchor, LoggedEvent, Verification
from orchestrator.model.near_name import near_names
from orchestrator.model.person import Permission
from orchestrator.model.site import Site
from orchestrator.records.chain_restart import restart_chain
from orchestrator.records.chain_tail import sound_anchor
from orchestrator.records.chain_walk import read_log
from orchestrator.records.database import database_faults
from orchestrator.records.models.event import Event, EventKind
from orchestrator.records.sealing import seal_events
from orchestrator.records.vouching import forged_rows

_KINDS = tuple(str(kind) for kind in EventKind)
_ANCHOR = re.compile(r"([1-9][0-9]{0,17})@((?:sm3|sha256):[0-9a-f]{64})")


class Audit:
    """The log of one site, whose database is open."""

    def __init__(self, site: Site, people: People, clock: Clock) -> None:
        self._site = site
        self._people = people
        self._clock = clock

    def verify(self, anchors: Sequence[str] = ()) -> Verification:
        """Read the whole log.

        Raises:
            InputError: an anchor is not `SEQUENCE@HASH`.
            StoreError: database or head folder can't be read.
        """
        verified, found = read_log([_anchor(text) for text in anchors], self._site.timezone)
        return replace(verified, forged=forged_rows(found))

    def anchor(self) -> Anchor | None:
        """What may be put on paper and signed; None before the first event.

        Raises:
            ChainBroken: the log does not end as the signed head says.
        """
        return sound_anchor()

    def restart(self, reason: str) -> Verification:
        """Take note of a break. Raises Refused where there is none, and as `People.decider`."""
        actor = self._people.decider(Permission.MANAGE_AUDIT, ())
        return restart_chain(self._clock(), actor, reason)

    def seal(self) -> int:
        """Move events older than the site keeps into a sealed file; returns how many. Raises as `restart`."""
        actor = self._people.decider(Permission.MANAGE_AUDIT, ())
        now = self._clock()
        return seal_events(now - timedelta(days=self._site.retention.events), now, actor)

    @database_faults()
    def events(
        self,
        kind: str | None = None,
        actor: str | None = None,
        subject: str | None = None,
        since: datetime | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> tuple[LoggedEvent, ...]:
        """The latest events that fit, newest first; `before` a sequence number is the next page.

        Raises InputError when there is no such kind.
        """
        rows = Event.objects.order_by("-sequence")
        if kind:
            _require_kind(kind)
            rows = rows.filter(kind=kind)
        if actor:
            rows = rows.filter(actor=actor)
        if subject:
            rows = rows.filter(subject__contains=subject)
        if since:
            rows = rows.filter(at__gte=since if since.tzinfo else since.replace(tzinfo=self._site.timezone))
        if before is not None:
            rows = rows.filter(sequence__lt=before)
        return tuple(
            LoggedEvent(
                row.sequence,
                row.at.astimezone(self._site.timezone),
                row.kind,
                EventKind(row.kind).label if row.kind in _KINDS else Text(row.kind, row.kind),
                Actor(row.actor, Proof(row.proof)),
                row.subject,
                row.data,
                row.hash,
            )
            for row in rows[:limit]
        )


def _require_kind(kind: str) -> None:
    if kind not in _KINDS:
        near, known = ", ".join(near_names(kind, _KINDS)), ", ".join(_KINDS)
        raise InputError(
            Text(f"没有事件种类 {kind}", f"there is no kind of event {kind}"),
            Text(f"是否指 {near}？", f"did you mean: {near}")
            if near
            else Text(f"可用：{known}", f"there are: {known}"),
        )


def _anchor(text: str) -> Anchor:
    found = _ANCHOR.fullmatch(text.strip())
    if found is None:
        raise InputError(
            Text(f"{text} 不是锚点", f"{text} is no anchor"),
            Text(
                "写成 序号@哈希，如报告末页所印：123@sm3:64 位十六进制",
                "write SEQUENCE@HASH as the report prints it: 123@sm3:64 hexadecimal digits",
            ),
        )
    return Anchor(int(found[1]), found[2])
