"""The event that tells of a restore. It bridges what the log had before and what the backup brings back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orchestrator.model.actor import Actor
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_head import START, Head, held, read_head, write_head
from orchestrator.records.chain_tail import hold_tail
from orchestrator.records.events import insert_events
from orchestrator.records.fault import store_error
from orchestrator.records.models.event import EventKind


def record_restore(at: datetime, actor: Actor, subject: str, data: Mapping[str, object]) -> None:
    """Add the event to the restored log, numbered after all that the log ever had, and announce it.

    Runs within the transaction that loads the backup. The head goes on to allow the log as it was, so that
    a restore that is cut off leaves a sound one. Whoever restores settles the head afterwards.

    Raises:
        ChainBroken, StoreError: it can't be recorded, and so the restore must not happen.
    """
    folder = audit_folder()
    try:
        with held(folder):
            head = read_head(folder) or Head(START)
    except OSError as error:
        raise store_error(error, folder) from error
    restored = hold_tail()
    number = max(one.sequence for one in (head.confirmed, restored, *head.pending))
    told = {
        **data,
        "head": [head.confirmed.sequence, head.confirmed.hash],
        "tail": [restored.sequence, restored.hash],
        "lost": [restored.sequence + 1, number] if number > restored.sequence else None,
    }
    after = insert_events(at, actor, [(EventKind.DATABASE_RESTORED, subject, told)], number, restored)
    _announce(Head(head.confirmed, (*head.pending, after)))


def _announce(head: Head) -> None:
    folder = audit_folder()
    try:
        with held(folder):
            write_head(folder, head)
    except OSError as error:
        raise store_error(error, folder) from error
