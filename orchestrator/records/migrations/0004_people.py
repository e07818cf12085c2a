"""Accounts, their sessions and what they may do."""

from __future__ import annotations

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = (
    """CREATE TRIGGER records_account_delete BEFORE DELETE ON records_account
       BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END""",
    # INSERT OR REPLACE deletes a row without asking the delete trigger.
    """CREATE TRIGGER records_account_replace BEFORE INSERT ON records_account
       WHEN EXISTS (SELECT 1 FROM records_account WHERE id = NEW.id OR name = NEW.name)
       BEGIN SELECT RAISE(ABORT, 'accounts are never deleted'); END""",
)
POSTGRESQL = (
    """CREATE FUNCTION records_account_refuse() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
           RAISE EXCEPTION 'accounts are never deleted' USING ERRCODE = 'integrity_constraint_violation';
       END $$""",
    """CREATE TRIGGER records_account_delete BEFORE DELETE ON records_account
       FOR EACH ROW EXECUTE FUNCTION records_account_refuse()""",
    """CREATE TRIGGER records_account_truncate BEFORE TRUNCATE ON records_account
       FOR EACH STATEMENT EXECUTE FUNCTION records_account_refuse()""",
)
_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


def install(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("records", "0003_audit_chain")]
    operations = [
        migrations.CreateModel(
            "Account",
            [
                ("id", _ID),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("name", models.CharField(max_length=32, unique=True)),
                ("full_name", models.CharField(max_length=64)),
                ("is_active", models.BooleanField(default=True)),
                ("must_change_password", models.BooleanField(default=True)),
                ("password_changed_at", models.DateTimeField()),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                ("locked_until", models.DateTimeField(null=True)),
                ("second_factor", models.BinaryField(null=True)),
                ("second_factor_step", models.BigIntegerField(default=0)),
                ("made_at", models.DateTimeField()),
            ],
            {"abstract": False},
        ),
        migrations.CreateModel(
            "AccountRole",
            [
                ("id", _ID),
                ("role", models.CharField(max_length=32)),
                ("account", models.ForeignKey("records.account", models.PROTECT, related_name="roles")),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(fields=("account", "role"), name="records_role_once"),
                    models.UniqueConstraint(
                        fields=("account",),
                        condition=models.Q(role__in=["audit_admin", "security_admin", "system_admin"]),
                        name="records_one_administrator_role",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            "Authorisation",
            [
                ("id", _ID),
                ("system", models.CharField(max_length=60)),
                ("permission", models.CharField(max_length=32)),
                ("granted_by", models.CharField(max_length=255)),
                ("granted_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_by", models.CharField(blank=True, max_length=255)),
                (
                    "account",
                    models.ForeignKey("records.account", models.PROTECT, related_name="authorisations"),
                ),
            ],
            {
                "constraints": [
                    models.UniqueConstraint(
                        fields=("account", "system", "permission"),
                        condition=models.Q(ended_at=None),
                        name="records_authorisation_once",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            "FormerPassword",
            [
                ("id", _ID),
                ("password", models.CharField(max_length=128)),
                (
                    "account",
                    models.ForeignKey("records.account", models.CASCADE, related_name="former_passwords"),
                ),
            ],
        ),
        migrations.CreateModel(
            "Session",
            [
                ("id", _ID),
                ("token", models.CharField(max_length=64, unique=True)),
                ("opened_at", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("account", models.OneToOneField("records.account", models.CASCADE, related_name="session")),
            ],
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
