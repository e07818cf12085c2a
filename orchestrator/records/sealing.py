"""Moving old events into a sealed file: written, read back, and only then let go of by the database."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from orchestrator.errors import ChainBroken
from orchestrator.language import Text
from orchestrator.model.actor import Actor
from orchestrator.records.audit_place import audit_folder
from orchestrator.records.chain_head import MEND
from orchestrator.records.chain_walk import verify_log
from orchestrator.records.database import database_faults
from orchestrator.records.event_hash import COLUMNS, EventLine
from orchestrator.records.events import append_events
from orchestrator.records.fault import store_error
from orchestrator.records.models.event import Event, EventKind
from orchestrator.records.models.segment import Segment
from orchestrator.records.segments import FOLDER, DamagedSegment, read_segment, write_segment


@database_faults()
def seal_events(before: datetime, at: datetime, actor: Actor) -> int:
    """Seal all events up to the first that is not older than `before`; returns how many.

    Raises:
        ChainBroken: what is broken is not sealed.
        StoreError: it can't be written.
    """
    found = verify_log()
    if found.broken is not None:
        raise ChainBroken(found.broken.text, MEND)
    # Holding the log while it moves: nobody seals the same events at the same time.
    with transaction.atomic():
        kept = Event.objects.filter(at__gte=before).order_by("sequence").first()
        stop = kept or Event.objects.last()
        old = Event.objects.filter(sequence__lt=stop.sequence).order_by("sequence") if stop else None
        if old is None or not old.exists():
            return 0
        events = [EventLine(*row) for row in old.values_list(*COLUMNS)]
        segment = _segment(events, at)
        try:
            segment.digest = write_segment(segment.file, iter(events))
            same = read_segment(segment) == events
        except OSError as error:
            raise store_error(error, audit_folder() / FOLDER / segment.file) from error
        except DamagedSegment:
            same = False
        if not same:
            raise ChainBroken(
                Text(
                    f"封档文件 {segment.file} 写入后校验不符", f"{segment.file} does not read back as written"
                )
            )
        said = {"first": segment.first, "last": segment.last, "file": segment.file, "digest": segment.digest}
        subject = f"events {segment.first}-{segment.last}"
        append_events(at, actor, [(EventKind.SEGMENT_SEALED, subject, said)])
        segment.save(force_insert=True)
        old.delete()
    return len(events)


def _segment(events: list[EventLine], at: datetime) -> Segment:
    before = Segment.objects.order_by("-last").first()
    first, last = events[0], events[-1]
    return Segment(
        first=first.sequence,
        last=last.sequence,
        previous=before.hash if before else "",
        hash=last.hash,
        file=f"{first.sequence:09d}-{last.sequence:09d}-{last.hash[-8:]}.jsonl.gz",
        sealed_at=at,
    )
