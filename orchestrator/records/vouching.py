"""Rows that carry decisions, held against the chain of events: one that was changed past us grants nothing.

What the events say is kept beside the signed head, outside the database, with the event that it goes up to. A
decision reads on from there, so it costs what happened since, and not the whole log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from django.db import connection, transaction

from orchestrator.errors import ChainBroken, Forbidden
from orchestrator.language import Text
from orchestrator.model.audit import Anchor, ForgedRow
from orchestrator.records.chain_head import MEND, START
from orchestrator.records.chain_tail import hold_tail, sound_anchor
from orchestrator.records.chain_walk import Walk, read_on, walk
from orchestrator.records.database import database_faults
from orchestrator.records.facts import Facts
from orchestrator.records.kept_facts import KeptFacts, keep_facts, read_facts
from orchestrator.records.models.event import Event
from orchestrator.records.models.session import Session
from orchestrator.records.row_words import Row, difference, differences, other_ends

SomeRow = TypeVar("SomeRow", bound=Row)
Read = Callable[[], Iterable[Row]]


def vouched(rows: Sequence[SomeRow]) -> list[SomeRow]:
    """The rows that say what was decided. Raises ChainBroken where the log can't tell."""
    if not rows:
        return []
    facts = known_facts()
    return [row for row in rows if difference(row, facts) is None]


@database_faults()
def require_vouched(read: Read, *, on_a_broken_log: bool = False) -> None:
    """Let nothing be decided by rows that say something else than what was decided.

    Args:
        read: gets them from the database; again, where somebody may have changed them while we looked.
        on_a_broken_log: go by those events that still are in their chain, and ask none for the session, which
            could not be logged. For whoever mends it.

    Raises:
        Forbidden: a row was changed outside of this program; says which.
        ChainBroken: the log can't tell.
    """
    try:
        wrong = _first_wrong(read(), known_facts())
        if wrong is not None:
            with transaction.atomic():
                hold_tail()
                wrong = _first_wrong(read(), known_facts())
    except ChainBroken:
        if not on_a_broken_log:
            raise
        lasting = [row for row in read() if not isinstance(row, Session)]
        wrong = _first_wrong(lasting, walk({}).facts)
    if wrong is not None:
        raise _changed(wrong)


@database_faults()
def forged_rows(found: Walk | None = None) -> tuple[ForgedRow, ...]:
    """All rows that are not what was decided, and runs that did not end as their rows say.

    Args:
        found: by `read_log`, just now; None: the whole log is read for it, whether or not it is sound.
    """
    found = found or walk({})
    if found.unseen:  # what a file told that is not there is held against nobody
        with suppress(ChainBroken):
            return differences(known_facts())
        return ()
    if not _all_wrong(found):
        return ()
    with transaction.atomic():  # what was decided while we read is no forgery
        hold_tail()
        return _all_wrong(walk({}))


def known_facts() -> Facts:
    """What the events say up to now.

    Raises:
        ChainBroken: what is new in the log, or all of it where nothing is known yet, is not in its chain.
    """
    end = sound_anchor() or START
    kept = read_facts()
    if kept is None or not _leads_to(kept.upto, end):
        kept = KeptFacts(START, {})
    if kept.upto == end:
        return kept.facts
    found = read_on(kept.upto, kept.facts, end)
    if found is None:
        found = read_on(START, {}, end)
    if found is None:
        raise ChainBroken(
            Text(
                "审计日志断链，无从证实谁有权决定",
                "the audit log is broken: nothing proves who may decide",
            ),
            MEND,
        )
    if not connection.in_atomic_block:  # what may be rolled back is not known yet
        keep_facts(KeptFacts(end, found))
    return found


def _all_wrong(found: Walk) -> tuple[ForgedRow, ...]:
    return (*differences(found.facts), *other_ends(found.ends))


def _leads_to(before: Anchor, end: Anchor) -> bool:
    """Whether the log still has the event that facts go up to."""
    if before == START:
        return True
    row = Event.objects.filter(pk=before.sequence).values_list("hash", flat=True).first()
    return before.sequence <= end.sequence and row == before.hash


def _first_wrong(rows: Iterable[Row], facts: Facts) -> ForgedRow | None:
    return next((found for row in rows if (found := difference(row, facts)) is not None), None)


def _changed(row: ForgedRow) -> Forbidden:
    return Forbidden(
        Text(
            f"{row.text.zh}：该记录在 Wardround 之外被改动，不生效",
            f"{row.text.en}: this record was changed outside Wardround and grants nothing",
        ),
        Text(
            "用 wardround audit verify 查看详情；由管理员重新作出该决定，或从备份恢复"
            "（见 docs/how-to/verify-the-log.md）",
            "see wardround audit verify; an administrator decides it anew, or a backup is restored "
            "(docs/how-to/verify-the-log.md)",
        ),
    )
