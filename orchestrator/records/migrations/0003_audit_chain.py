"""Every event says who, is chained to the one before, and leaves the database only into a sealed segment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from orchestrator.model.site import HashAlgorithm
from orchestrator.records.event_hash import GENESIS, EventLine, chained, data_text, storable

_BATCH = 500
_DROP = {
    # Rebuilding a table drops its triggers on SQLite, and nowhere else.
    "sqlite": tuple(
        f"DROP TRIGGER IF EXISTS records_event_{name}" for name in ("update", "delete", "replace")
    ),
    "postgresql": (
        "DROP TRIGGER records_event_change ON records_event",
        "DROP TRIGGER records_event_truncate ON records_event",
    ),
}
_COVERED = "SELECT 1 FROM records_segment WHERE OLD.sequence BETWEEN first AND last"
_SQLITE = (
    """CREATE TRIGGER records_event_update BEFORE UPDATE ON records_event
       BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    f"""CREATE TRIGGER records_event_delete BEFORE DELETE ON records_event WHEN NOT EXISTS ({_COVERED})
       BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    # INSERT OR REPLACE deletes a row without asking the delete trigger.
    """CREATE TRIGGER records_event_replace BEFORE INSERT ON records_event
       WHEN EXISTS (SELECT 1 FROM records_event WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER records_segment_update BEFORE UPDATE ON records_segment
       BEGIN SELECT RAISE(ABORT, 'segments are append-only'); END""",
    """CREATE TRIGGER records_segment_delete BEFORE DELETE ON records_segment
       BEGIN SELECT RAISE(ABORT, 'segments are append-only'); END""",
    """CREATE TRIGGER records_segment_replace BEFORE INSERT ON records_segment
       WHEN EXISTS (SELECT 1 FROM records_segment
                    WHERE id = NEW.id OR (first <= NEW.last AND last >= NEW.first))
       BEGIN SELECT RAISE(ABORT, 'segments are append-only'); END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION records_event_seal() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
           IF EXISTS ({_COVERED}) THEN RETURN OLD; END IF;
           RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    """CREATE TRIGGER records_event_change BEFORE UPDATE ON records_event
       FOR EACH ROW EXECUTE FUNCTION records_event_refuse()""",
    """CREATE TRIGGER records_event_delete BEFORE DELETE ON records_event
       FOR EACH ROW EXECUTE FUNCTION records_event_seal()""",
    """CREATE TRIGGER records_event_truncate BEFORE TRUNCATE ON records_event
       FOR EACH STATEMENT EXECUTE FUNCTION records_event_refuse()""",
    """CREATE TRIGGER records_segment_change BEFORE UPDATE OR DELETE ON records_segment
       FOR EACH ROW EXECUTE FUNCTION records_event_refuse()""",
    """CREATE TRIGGER records_segment_truncate BEFORE TRUNCATE ON records_segment
       FOR EACH STATEMENT EXECUTE FUNCTION records_event_refuse()""",
)


def lift(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in _DROP[editor.connection.vendor]:
        editor.execute(statement)


def install(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}[editor.connection.vendor]:
        editor.execute(statement)


def chain(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Chain what was recorded before there was a chain, and say so in an event of its own."""
    event = apps.get_model("records", "Event")
    tail, written = GENESIS, 0
    rows: list[models.Model] = []
    for row in event.objects.order_by("sequence").iterator(_BATCH):
        # The old numbers may have gaps, where a transaction was rolled back.
        written += 1
        data = data_text({**json.loads(row.data), **({} if row.pk == written else {"number": row.pk})})
        line = EventLine(
            written, row.at, row.kind, storable(row.actor), row.proof, storable(row.subject), data, ""
        )
        tail = chained(tail, line.content(), HashAlgorithm.SM3)
        rows.append(_row(event, line, tail))
    if not rows:
        return
    said = data_text({"events": written, "reason": "they were recorded before there was a chain"})
    at = datetime.now(UTC)
    line = EventLine(
        written + 1, at, "chain_started", "wardround", "program", f"events 1-{written}", said, ""
    )
    rows.append(_row(event, line, chained(tail, line.content(), HashAlgorithm.SM3)))
    event.objects.all().delete()
    for part in _parts(rows):
        event.objects.bulk_create(part)


def _row(event: type[models.Model], line: EventLine, stored: str) -> models.Model:
    return event(
        sequence=line.sequence,
        at=line.at,
        kind=line.kind,
        actor=line.actor,
        proof=line.proof,
        subject=line.subject,
        data=line.data,
        hash=stored,
    )


def _parts(rows: list[models.Model]) -> Iterator[list[models.Model]]:
    for start in range(0, len(rows), _BATCH):
        yield rows[start : start + _BATCH]


class Migration(migrations.Migration):
    dependencies = [("records", "0002_append_only")]
    operations = [
        migrations.RunPython(lift, migrations.RunPython.noop),
        migrations.AddField(
            "event", "actor", models.CharField(max_length=255, default="wardround"), preserve_default=False
        ),
        migrations.AddField(
            "event", "proof", models.CharField(max_length=16, default="program"), preserve_default=False
        ),
        migrations.AddField(
            "event", "hash", models.CharField(max_length=80, default=""), preserve_default=False
        ),
        migrations.AlterField("event", "data", models.TextField()),
        migrations.CreateModel(
            "Segment",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("first", models.BigIntegerField(unique=True)),
                ("last", models.BigIntegerField(unique=True)),
                ("previous", models.CharField(blank=True, max_length=80)),
                ("hash", models.CharField(max_length=80)),
                ("file", models.CharField(max_length=255)),
                ("digest", models.CharField(max_length=64)),
                ("sealed_at", models.DateTimeField()),
            ],
            {"ordering": ("first",)},
        ),
        migrations.RunPython(chain, migrations.RunPython.noop),
        migrations.RunPython(install, migrations.RunPython.noop),
        migrations.AddField(
            "round", "proof", models.CharField(max_length=16, default="os_user"), preserve_default=False
        ),
        migrations.AddField("round", "partial", models.BooleanField(default=False)),
    ]
