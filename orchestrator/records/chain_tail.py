"""Where the log ends, and one writer at a time who makes it longer."""

from __future__ import annotations

from pathlib import Path

from django.db import connection, transaction

from orchestrator.errors import ChainBroken
from orchestrator.language import Text
from orchestrator.model.audit import Anchor
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_head import FILE as HEAD
from orchestrator.records.chain_head import MEND, START, Head, held, read_head, write_head
from orchestrator.records.database import database_faults
from orchestrator.records.event_lines import FILE as LINES
from orchestrator.records.event_lines import append_lines, cut_back, last_line
from orchestrator.records.fault import store_error
from orchestrator.records.models.event import Event, EventKind
from orchestrator.records.signing_key import LOST_KEY, key_is_lost

_LOCK = 0x77617264
"""`ward`, as the number of an advisory lock."""
_SETTLED_AT_ONCE = 5000


def hold_tail() -> Anchor:
    """Keep others from adding events until this transaction ends; returns the tail.

    On SQLite the transaction itself is the lock: each begins IMMEDIATE.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    return tail()


def tail() -> Anchor:
    """The last event in the database."""
    last = Event.objects.order_by("-sequence").values_list("sequence", "hash").first()
    return Anchor(*last) if last else START


@database_faults()
def sound_anchor() -> Anchor | None:
    """What a report that is printed and signed carries; None before the first event.

    Raises:
        ChainBroken: the log does not end as the signed head says, so nobody should put his name under it.
    """
    folder = audit_folder()
    try:
        # The head first: events that are added meanwhile are announced before they can be seen.
        head = read_head(folder)
    except OSError as error:
        raise store_error(error, folder / HEAD) from error
    found = tail()
    head = head or _found(found)
    if not head.allows(found):
        head = read_head(folder) or head
        if not head.allows(found):
            raise _broken(head, found)
    return found if found.sequence else None


def announce(before: Anchor, after: Anchor) -> None:
    """Write down which tail this transaction is about to leave, and settle it once it is committed.

    Raises:
        ChainBroken: the log does not end where the head says.
        StoreError: the head can't be written. Either way the transaction must not be committed.
    """
    folder = audit_folder()
    try:
        with held(folder):
            head = read_head(folder) or _found(before)
            if key_is_lost(folder):
                raise ChainBroken(LOST_KEY, MEND)
            require_intact(head, before, _mended_line(folder, head, before))
            # Announced tails that we don't stand on were rolled back.
            kept = head.pending if before in head.pending else ()
            write_head(folder, Head(head.confirmed, (*kept, after)))
    except OSError as error:
        raise store_error(error, folder / HEAD) from error
    transaction.on_commit(settle)


def settle() -> None:
    """Confirm the head where the committed log stands. Whatever fails here is made up for by the next event:
    what was announced is safe on the disk already."""
    folder = audit_folder()
    try:
        with held(folder):
            head, end = read_head(folder), tail()
            if head is None or end not in head.pending:
                return
            # A restart writes lines anew, and they need not hold the confirmed one.
            last = _mended_line(folder, head, end) or last_line(folder)
            if last is None:
                return
            rows = Event.objects.filter(sequence__gt=last.sequence, sequence__lte=end.sequence)
            stored = rows.order_by("sequence").values_list("sequence", "hash")
            append_lines(folder, (Anchor(*row) for row in stored.iterator(_SETTLED_AT_ONCE)))
            write_head(folder, Head(end, tuple(one for one in head.pending if one.sequence > end.sequence)))
    except (OSError, ChainBroken):
        return


def require_intact(head: Head, end: Anchor, last: Anchor | None) -> None:
    """Raises ChainBroken where head, lines and the database's tail contradict one another."""
    if not head.allows(end):
        raise _broken(head, end)
    if last is None or not head.allows(last) or last.sequence > end.sequence:
        folder = audit_folder()
        raise ChainBroken(
            Text(
                f"审计日志与 {folder / LINES} 不一致：该文件或数据库末尾被改动",
                f"the audit log and {folder / LINES} disagree: that file or the database's tail was changed",
            ),
            MEND,
        )


def _mended_line(folder: Path, head: Head, end: Anchor) -> Anchor | None:
    """The last line, without what a crash or a full disk left when `end` was being confirmed."""
    last = last_line(folder)
    torn = last is None or (head.confirmed.sequence < last.sequence and last not in head.pending)
    return cut_back(folder, head.confirmed) if torn and end in head.pending else last


def _found(end: Anchor) -> Head:
    """The first head: only for a log that is empty, or just chained by the upgrade."""
    folder = audit_folder()
    fresh = not end.sequence or Event.objects.get(pk=end.sequence).kind == EventKind.CHAIN_STARTED
    if fresh and not (folder / LINES).exists():
        return Head(START, (end,) if end.sequence else ())
    raise ChainBroken(
        Text(
            f"审计链头丢失：{folder} 中没有 head.json，而数据库中已有 {end.sequence} 个事件",
            f"the head of the audit log is missing: {folder} has no head.json, "
            f"and the database has {end.sequence} events",
        ),
        Text(
            f"若 {folder} 是未挂载的目录，先挂载；丢失则从备份恢复。{MEND.zh}",
            f"if {folder} is not mounted, mount it; if it is lost, restore it from a backup. {MEND.en}",
        ),
    )


def _broken(head: Head, end: Anchor) -> ChainBroken:
    confirmed = head.confirmed.sequence
    if end.sequence < confirmed:
        text = Text(
            f"审计日志末尾缺失：应有 {confirmed} 个事件，数据库中只到 {end.sequence}",
            f"the end of the audit log is missing: it had {confirmed} events, "
            f"the database ends at {end.sequence}",
        )
    else:
        text = Text(
            f"审计日志在第 {confirmed} 个事件之后被改动：数据库末尾 {end.sequence} 与签名的链头不符",
            f"the audit log was changed after event {confirmed}: the database's tail {end.sequence} "
            "is not what the signed head says",
        )
    return ChainBroken(text, MEND)
