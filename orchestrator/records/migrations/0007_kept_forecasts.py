"""Forecasts are kept with the round that made them."""

from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("records", "0006_retention")]
    operations = []
