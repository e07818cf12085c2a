"""Findings are handled by people, and accepted for a time."""

from __future__ import annotations

from django.db import migrations, models

_ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    dependencies = [("records", "0004_people")]
    operations = [
        migrations.AddField("finding", "owner", models.CharField(blank=True, default="", max_length=255)),
        migrations.AddField("finding", "due_at", models.DateTimeField(null=True)),
        migrations.AddField("finding", "closed_at", models.DateTimeField(null=True)),
        migrations.AddField("finding", "closed_by", models.CharField(blank=True, default="", max_length=255)),
        migrations.AddField(
            "finding", "closed_proof", models.CharField(blank=True, default="", max_length=16)
        ),
        migrations.AddIndex("finding", models.Index(fields=["first_seen"], name="records_finding_opened")),
        migrations.AddIndex("finding", models.Index(fields=["fingerprint"], name="records_finding_same")),
        migrations.CreateModel(
            "FindingNote",
            [
                ("id", _ID),
                ("at", models.DateTimeField()),
                ("author", models.CharField(max_length=255)),
                ("proof", models.CharField(max_length=16)),
                ("act", models.CharField(max_length=16)),
                ("text", models.TextField(blank=True)),
                ("owner", models.CharField(blank=True, max_length=255)),
                ("due_at", models.DateTimeField(null=True)),
                ("finding", models.ForeignKey("records.finding", models.CASCADE, related_name="notes")),
            ],
            {"ordering": ("pk",)},
        ),
        migrations.CreateModel(
            "Waiver",
            [
                ("id", _ID),
                ("runbook", models.CharField(max_length=255)),
                ("host", models.CharField(max_length=255)),
                ("task", models.CharField(max_length=255)),
                ("metric", models.CharField(max_length=255)),
                ("subject", models.TextField()),
                ("covers", models.CharField(max_length=16)),
                ("reason", models.TextField()),
                ("approver", models.CharField(max_length=255)),
                ("proof", models.CharField(max_length=16)),
                ("approved_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "told_in",
                    models.ForeignKey(
                        "records.round", models.SET_NULL, related_name="+", null=True, db_index=False
                    ),
                ),
            ],
            {"indexes": [models.Index(fields=("runbook", "host"), name="records_waiver_host")]},
        ),
    ]
