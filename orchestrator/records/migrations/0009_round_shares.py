"""A round under way is divided among the workers that take part in it."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0008_runs")]
    operations = [
        migrations.CreateModel(
            name="RoundShare",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("start", models.PositiveIntegerField()),
                ("stop", models.PositiveIntegerField()),
                ("fence", models.PositiveBigIntegerField(null=True)),
                ("taken", models.BooleanField(default=False)),
                ("done", models.BooleanField(default=False)),
                (
                    "round",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shares",
                        to="records.round",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="roundshare",
            constraint=models.UniqueConstraint(fields=("round", "start"), name="records_share_once"),
        ),
    ]
