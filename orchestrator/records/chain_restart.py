"""Going on after a break: an event that says what was found, never a clean slate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from orchestrator.errors import ChainBroken, Refused
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.model.audit import Anchor, Verification
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_head import START, Head, held, read_head, write_head
from orchestrator.records.chain_tail import hold_tail, settle
from orchestrator.records.chain_walk import log_events, verify_log, walk
from orchestrator.records.database import database_faults
from orchestrator.records.event_hash import EventLine
from orchestrator.records.event_lines import FILE as LINES
from orchestrator.records.event_lines import append_lines, read_lines
from orchestrator.records.events import insert_events
from orchestrator.records.fault import store_error
from orchestrator.records.models.event import EventKind
from orchestrator.records.models.session import Session
from orchestrator.records.signing_key import LOST_KEY, key_is_lost


@database_faults()
def restart_chain(at: datetime, actor: Actor, reason: str) -> Verification:
    """Take note of a break, so that the log goes on; returns what was found. Everybody logs in anew.

    Raises:
        Refused: nothing is broken.
        StoreError: it can't be written.
    """
    with transaction.atomic():
        end = hold_tail()
        found = verify_log()
        lost = key_is_lost(audit_folder())
        if found.broken is None and not lost:
            raise Refused(
                Text("审计日志完好，无需重启", "the audit log is intact: there is nothing to restart"),
            )
        text = found.broken.text if found.broken else LOST_KEY
        data = {
            "reason": reason,
            "found": [text.zh, text.en],
            "past": walk({}).past.hexdigest(),
            **_position(end),
        }
        # A login while the log was broken is in no event.
        Session.objects.all().delete()
        _go_on(at, actor, EventKind.CHAIN_RESTARTED, "chain", data, end)
    return found


def _position(end: Anchor) -> dict[str, object]:
    """Head and tail as they were, and the numbers that are lost between."""
    last = _furthest(end)
    head = _head()
    return {
        "head": [head.confirmed.sequence, head.confirmed.hash] if head else None,
        "tail": [end.sequence, end.hash],
        "lost": [end.sequence + 1, last] if last > end.sequence else None,
    }


def _go_on(
    at: datetime, actor: Actor, kind: EventKind, subject: str, data: Mapping[str, object], end: Anchor
) -> None:
    folder = audit_folder()
    after = insert_events(at, actor, [(kind, subject, data)], _furthest(end), end)
    try:
        with held(folder):
            head = _head()
            _mend_lines(end, after)
            # Until this is committed the old head stands, so that a crash leaves the break a break.
            write_head(folder, Head(head.confirmed if head else START, (after,)))
    except OSError as error:
        raise store_error(error, folder) from error
    transaction.on_commit(settle)


def _mend_lines(end: Anchor, after: Anchor) -> None:
    """Keep lines that can be read; write them anew from the database where they can't, the old file aside."""
    folder = audit_folder()
    lines = read_lines(folder)
    stored = {
        event.sequence: event.hash
        for event in log_events()
        if isinstance(event, EventLine) and event.sequence <= end.sequence
    }
    if lines is not None and not lines.garbled and stored.keys() <= lines.hashes.keys():
        return
    if lines is not None:
        (folder / LINES).replace(folder / f"{LINES}.before-{after.sequence}")
    append_lines(folder, (Anchor(*row) for row in stored.items()))


def _furthest(end: Anchor) -> int:
    """No number is used twice: one that is on paper must not come to mean another event."""
    head, lines = _head(), read_lines(audit_folder())
    announced = [one.sequence for one in (head.confirmed, *head.pending)] if head else []
    return max(end.sequence, lines.last if lines else 0, *announced, 0)


def _head() -> Head | None:
    try:
        return read_head(audit_folder())
    except ChainBroken:
        return None
