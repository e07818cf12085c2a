"""The events of a run: added by the worker that has it, read by whoever follows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F

from orchestrator.errors import Fenced
from orchestrator.language import Text
from orchestrator.model.run import RunEvent, RunEventKind
from orchestrator.records.database import database_faults
from orchestrator.records.models.run import Run
from orchestrator.records.models.run_event import RunEvent as Row

Told = tuple[RunEventKind, str, str, Mapping[str, object]]
"""Kind, host, task and data."""

READ_AT_ONCE = 1000


def tell(number: int, at: datetime, told: Sequence[Told], epoch: int | None = None) -> None:
    """Add events to a run. Runs within the transaction of what they tell of, and locks the run's row first.

    Args:
        epoch: of the worker that tells; None for whoever needs none: a person, a request.

    Raises:
        Fenced: another worker has taken the run up since.
    """
    runs = Run.objects.filter(pk=number)
    if epoch is not None:
        runs = runs.filter(epoch=epoch)
    if not runs.update(last_event=F("last_event") + len(told)):
        raise Fenced(
            Text(f"第 {number} 次执行已由其他进程接管", f"another worker has taken run {number} over")
        )
    if not told:
        return
    last: int = Run.objects.values_list("last_event", flat=True).get(pk=number)
    Row.objects.bulk_create(
        [
            Row(
                run_id=number,
                sequence=sequence,
                at=at,
                kind=kind,
                host=host,
                task=task,
                data=json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            )
            for sequence, (kind, host, task, data) in enumerate(told, last - len(told) + 1)
        ]
    )


@database_faults()
def run_events(number: int, after: int = 0) -> list[RunEvent]:
    """What happened in a run after the event numbered `after`, at most 1,000 at once."""
    rows = Row.objects.filter(run=number, sequence__gt=after).order_by("sequence")[:READ_AT_ONCE]
    return [
        RunEvent(
            run=number,
            sequence=row.sequence,
            at=row.at,
            kind=RunEventKind(row.kind),
            host=row.host,
            task=row.task,
            data=json.loads(row.data),
        )
        for row in rows
    ]


@database_faults()
def last_event(number: int) -> int:
    """The number of a run's newest event, 0 where there is no such run. For whoever looks twenty times a
    second: a query that the object mapper composes costs ten times the database's answer, and following a
    round of 200 hosts by such queries cost a tenth of the whole round."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_event FROM records_run WHERE id = %s", [number])
        row: tuple[int] | None = cursor.fetchone()
    return row[0] if row else 0


@database_faults()
def told_output(number: int, host: str, task: str, attempt: int) -> dict[str, int]:
    """How many characters of each stream of an attempt are in the log: stream -> characters."""
    told = {"stdout": 0, "stderr": 0}
    rows = Row.objects.filter(run=number, kind=RunEventKind.OUTPUT, host=host, task=task)
    for row in rows.order_by("sequence"):
        data = json.loads(row.data)
        if data["number"] == attempt:
            told[data["stream"]] += len(data["text"])
    return told
