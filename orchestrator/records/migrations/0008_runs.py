"""Runs, their journal, the queue, leases and schedules."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0007_kept_forecasts")]
    operations = [
        migrations.CreateModel(
            name="SchedulePause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("schedule", models.CharField(max_length=255, unique=True)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("by", models.CharField(max_length=255)),
                ("proof", models.CharField(max_length=16)),
                ("reason", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="ScheduleWatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("schedule", models.CharField(max_length=255, unique=True)),
                ("settled", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=64, unique=True)),
                ("runbook", models.CharField(max_length=255)),
                ("title", models.TextField(blank=True)),
                ("kind", models.CharField(max_length=16)),
                ("state", models.CharField(max_length=16)),
                ("wait", models.CharField(blank=True, default="", max_length=16)),
                ("reason", models.JSONField(null=True)),
                ("until", models.DateTimeField(null=True)),
                ("priority", models.PositiveSmallIntegerField()),
                ("actor", models.CharField(max_length=255)),
                ("proof", models.CharField(max_length=16)),
                ("requested_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("host_limit", models.TextField(blank=True, default="")),
                ("inventory", models.JSONField(default=list)),
                ("tasks", models.JSONField(default=list)),
                ("hosts", models.PositiveIntegerField(default=0)),
                ("effect", models.CharField(blank=True, default="", max_length=16)),
                ("plan_digest", models.CharField(blank=True, default="", max_length=64)),
                ("frozen", models.CharField(blank=True, default="", max_length=64)),
                ("permit", models.CharField(blank=True, default="", max_length=64)),
                ("executor", models.CharField(blank=True, default="", max_length=255)),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("cancel_requested_at", models.DateTimeField(null=True)),
                ("cancel_requested_by", models.CharField(blank=True, default="", max_length=255)),
                ("schedule", models.CharField(blank=True, default="", max_length=255)),
                ("due_at", models.DateTimeField(null=True)),
                ("last_event", models.PositiveIntegerField(default=0)),
                (
                    "retry_of",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.run",
                    ),
                ),
                (
                    "round",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="run",
                        to="records.round",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="HostClaim",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=255, unique=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="claims", to="records.run"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("host", models.CharField(max_length=255)),
                ("task", models.CharField(max_length=255)),
                ("number", models.PositiveSmallIntegerField()),
                ("effect", models.CharField(max_length=16)),
                ("token", models.CharField(max_length=64, unique=True)),
                ("spool", models.CharField(blank=True, default="", max_length=64)),
                ("state", models.CharField(max_length=16)),
                ("rc", models.IntegerField(null=True)),
                ("reason", models.JSONField(null=True)),
                ("stdout", models.TextField(blank=True, default="")),
                ("stderr", models.TextField(blank=True, default="")),
                ("output", models.CharField(blank=True, default="", max_length=255)),
                ("intended_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("seconds", models.FloatField(default=0.0)),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attempts",
                        to="records.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RunEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sequence", models.PositiveIntegerField()),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=24)),
                ("host", models.CharField(blank=True, default="", max_length=255)),
                ("task", models.CharField(blank=True, default="", max_length=255)),
                ("data", models.TextField()),
                (
                    "run",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="records.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ScheduleOccurrence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("schedule", models.CharField(max_length=255)),
                ("due_at", models.DateTimeField()),
                ("state", models.CharField(max_length=16)),
                ("reason", models.JSONField(null=True)),
                ("decided_at", models.DateTimeField()),
                ("decided_by", models.CharField(blank=True, default="", max_length=255)),
                (
                    "run",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Ruling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("decision", models.CharField(max_length=16)),
                ("by", models.CharField(max_length=255)),
                ("proof", models.CharField(max_length=16)),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "attempt",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rulings",
                        to="records.attempt",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("attempt", "by"), name="records_ruling_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Lease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("identity", models.CharField(max_length=255)),
                ("host", models.CharField(max_length=255)),
                ("pid", models.PositiveIntegerField()),
                ("process", models.CharField(max_length=255)),
                ("beat", models.PositiveBigIntegerField(default=0)),
                ("acquired_at", models.DateTimeField()),
                ("beaten_at", models.DateTimeField()),
                ("dead", models.BooleanField(default=False)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("dead", False)),
                        fields=("identity",),
                        name="records_lease_alive",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Posting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=100, unique=True)),
                ("rank", models.PositiveSmallIntegerField()),
                ("not_before", models.DateTimeField(null=True)),
                ("posted_at", models.DateTimeField()),
                ("handed", models.BooleanField(default=False)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="postings",
                        to="records.run",
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="posting",
            index=models.Index(
                fields=["rank", "id"], condition=models.Q(("handed", False)), name="records_posting_new"
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["state", "priority", "id"], name="records_run_waiting"),
        ),
        migrations.AddConstraint(
            model_name="attempt",
            constraint=models.UniqueConstraint(
                fields=("run", "host", "task", "number"), name="records_attempt_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="runevent",
            constraint=models.UniqueConstraint(fields=("run", "sequence"), name="records_run_event_once"),
        ),
        migrations.AddConstraint(
            model_name="scheduleoccurrence",
            constraint=models.UniqueConstraint(fields=("schedule", "due_at"), name="records_occurrence_once"),
        ),
        migrations.AddIndex(
            model_name="scheduleoccurrence",
            index=models.Index(fields=["state", "schedule"], name="records_occurrence_state"),
        ),
    ]
