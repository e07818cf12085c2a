"""Let nothing change or delete an event, not even our own code."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

# INSERT OR REPLACE deletes a row without asking the delete trigger.
SQLITE = (
    """CREATE TRIGGER records_event_update BEFORE UPDATE ON records_event
       BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER records_event_delete BEFORE DELETE ON records_event
       BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
    """CREATE TRIGGER records_event_replace BEFORE INSERT ON records_event
       WHEN EXISTS (SELECT 1 FROM records_event WHERE sequence = NEW.sequence)
       BEGIN SELECT RAISE(ABORT, 'events are append-only'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION records_event_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
           RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    """CREATE TRIGGER records_event_change BEFORE UPDATE OR DELETE ON records_event
       FOR EACH ROW EXECUTE FUNCTION records_event_refuse()""",
    """CREATE TRIGGER records_event_truncate BEFORE TRUNCATE ON records_event
       FOR EACH STATEMENT EXECUTE FUNCTION records_event_refuse()""",
)


def install(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
