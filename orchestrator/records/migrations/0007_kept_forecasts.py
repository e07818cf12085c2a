"""Forecasts are kept with the round that made them."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("records", "0006_retention")]
    operations = [
        migrations.CreateModel(
            "KeptForecasts",
            [
                (
                    "round",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="records.round",
                    ),
                ),
                ("content", models.BinaryField()),
            ],
        ),
    ]
