"""Numbers are rolled up by the day, and rounds outlive their details."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0005_findings_and_waivers")]
    operations = [
        migrations.AddField("round", "details_removed_at", models.DateTimeField(null=True)),
        migrations.CreateModel(
            "DailySample",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.BigIntegerField()),
                ("count", models.PositiveIntegerField()),
                ("low", models.FloatField()),
                ("high", models.FloatField()),
                ("mean", models.FloatField()),
                ("last", models.FloatField()),
                (
                    "series",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="daily_samples",
                        to="records.series",
                    ),
                ),
            ],
            {"constraints": [models.UniqueConstraint(fields=("series", "at"), name="records_day_once")]},
        ),
    ]
